// returns: ["query VALIDATION_ERROR sql","query VALIDATION_ERROR sql","query VALIDATION_ERROR params","query VALIDATION_ERROR params","query VALIDATION_ERROR params","query VALIDATION_ERROR sql","query UNAUTHORIZED_OPERATION sql","query VALIDATION_ERROR sql","query UNAUTHORIZED_OPERATION sql","queryOne VALIDATION_ERROR sql","execute VALIDATION_ERROR sql","findOne VALIDATION_ERROR table","findOne NOT_FOUND table","findOne NOT_FOUND table","findMany VALIDATION_ERROR nothing","findMany VALIDATION_ERROR options.limit","findMany VALIDATION_ERROR options.limit","findMany VALIDATION_ERROR options","findMany VALIDATION_ERROR options","findMany VALIDATION_ERROR options.orderBy","findMany VALIDATION_ERROR options.select","count VALIDATION_ERROR conditions","insert VALIDATION_ERROR data","insert VALIDATION_ERROR data","insert VALIDATION_ERROR name","insert VALIDATION_ERROR total","update VALIDATION_ERROR conditions","update VALIDATION_ERROR data","update VALIDATION_ERROR data","upsert VALIDATION_ERROR options.on","upsert VALIDATION_ERROR id","delete VALIDATION_ERROR conditions","transaction VALIDATION_ERROR work","insert CONFLICT undefined"]
async function main() {
  await db.insert("orders", { name: "taken", number: "taken" });
  const attempts = [
    ["query"], ["query", 7], ["query", "select 1", "x"], ["query", "select $1", []], ["query", "select 1", [1]],
    ["query", "select"], ["query", "drop table orders"], ["query", "update orders set total = 1"],
    ["query", "select * from salaries"], ["queryOne", "select nothing from orders"], ["execute", "select 1"],
    ["findOne"], ["findOne", "nothing"], ["findOne", "salaries"], ["findMany", "orders", { nothing: 1 }],
    ["findMany", "orders", {}, { limit: 0 }], ["findMany", "orders", {}, { limit: 5000 }], ["findMany", "orders", {}, 7],
    ["findMany", "orders", {}, { sort: "x" }], ["findMany", "orders", {}, { orderBy: { name: "down" } }],
    ["findMany", "orders", {}, { select: ["nothing"] }], ["count", "orders", "x"], ["insert", "orders"],
    ["insert", "orders", []], ["insert", "orders", {}], ["insert", "orders", { name: "x", total: "many" }],
    ["update", "orders", {}, { total: 1 }], ["update", "orders", { name: "x" }], ["update", "orders", { name: "x" }, {}],
    ["upsert", "orders", { name: "x" }, { on: ["name"] }], ["upsert", "orders", { name: "x" }], ["delete", "orders", {}],
    ["transaction", 7], ["insert", "orders", { name: "again", number: "taken" }],
  ];
  const codes = [];
  for (const [name, ...values] of attempts) {
    await db[name](...values).then((v) => codes.push(`${name} allowed`), (e) => codes.push(`${name} ${e.code} ${e.field}`));
  }
  await db.delete("orders", { number: "taken" });
  return codes;
}
