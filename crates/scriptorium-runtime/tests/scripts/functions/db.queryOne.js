// success: {"name":"a"}
// tenant: ["null"]
// arguments: ["VALIDATION_ERROR sql","VALIDATION_ERROR sql","VALIDATION_ERROR params"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.queryOne("select name from orders where number = $1", ["1"]);
const wrong = [() => db.queryOne(7), () => db.queryOne("select nothing from orders"), () => db.queryOne("select name from orders", [1])];
const named = [
  (name) => db.queryOne("select name from orders where id = $1 or number = $1", [name]),
  () => db.queryOne("select name from orders"),
];
