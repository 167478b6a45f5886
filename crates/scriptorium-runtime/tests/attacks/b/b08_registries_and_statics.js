// id: B08
// returns: "done"
// leaves: [0,null,null,"undefined",null]
const tag = (strings) => strings;
const site = () => tag`one`;
function main(input) {
  if (input !== "look") {
    shared.lastIndex = 3;
    shared.test("aaaa");
    Symbol.for("b08").description;
    Symbol.iterator.constructor.b08 = Symbol.for("b08");
    try { site().b08 = 1; } catch {}
    RegExp.b08 = 1;
    return "done";
  }
  return [shared.lastIndex, Symbol.b08 ?? null, RegExp.b08 ?? null, typeof RegExp.$1, site().b08 ?? null];
}
const shared = /a/g;
