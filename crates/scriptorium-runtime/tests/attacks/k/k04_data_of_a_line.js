// id: K04
// returns: "ended"
// log: info x {"omitted_bytes":20010}
// log: info x {"a":1}
export default (input, ctx) => { ctx.logger.info("x", { a: "y".repeat(20002) }); ctx.logger.info("x", { a: 1 }); return "ended"; };
