// returns: {"columns":[{"name":"id","nullable":false,"type":"uuid","unique":false},{"name":"name","nullable":false,"type":"text","unique":false},{"name":"total","nullable":true,"type":"integer","unique":false},{"name":"paid","nullable":true,"type":"boolean","unique":false},{"name":"due","nullable":true,"type":"timestamp","unique":false},{"name":"extra","nullable":true,"type":"json","unique":false}],"key":["id"],"name":"products","writable":false}
function main() {
  return db.tables().find((table) => table.name === "products");
}
