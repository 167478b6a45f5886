// success: [{"name":"a"}]
// tenant: ["UNAUTHORIZED_OPERATION sql","VALIDATION_ERROR sql","[]"]
// arguments: ["VALIDATION_ERROR sql","UNAUTHORIZED_OPERATION sql","VALIDATION_ERROR params","VALIDATION_ERROR params"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.query("select name from orders where number = $1", ["1"]);
const wrong = [
  () => db.query(),
  () => db.query("drop table orders"),
  () => db.query("select name from orders", "1"),
  () => db.query("select name from orders where id = $1", []),
];
const named = [
  (name) => db.query("select name from orders where id = $1 or number = $1 or name = $1", [name]),
  (name) => db.query(`select name from "${name}"`).then(() => "rows"),
  () => db.query("select name from orders where 1 = 1 or name like '%'"),
];
