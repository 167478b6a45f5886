// id: C06b
// log: info x���y
// log: info x {"a":"\ufffd"}
// returns: null
function main(input, ctx) {
  console.log("x\udfffy");
  ctx.logger.info("x", { a: "\ud800" });
}
