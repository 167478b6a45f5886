// success: 1
// tenant: ["0"]
// arguments: ["VALIDATION_ERROR sql","VALIDATION_ERROR sql","VALIDATION_ERROR params"]
const before = () => db.upsert("orders", { name: "a", number: "1" }, { on: ["number"] });
const call = () => db.execute("update orders set total = 2 where number = $1", ["1"]);
const wrong = [() => db.execute("select 1"), () => db.execute(""), () => db.execute("delete from orders", {})];
const named = [
  (name) => db.execute("update orders set name = 'ours' where id = $1 or number = $1", [name]),
  (name) => db.execute("delete from orders where name = $1", [name]),
  () => db.execute("delete from orders where 1 = 1"),
];
