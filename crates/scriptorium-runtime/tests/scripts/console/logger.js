// log: info started {"a":1}
// log: warn careful
// log: error failed {"order":7,"reason":"x"}
// log: debug {"n":1} {"order":7,"data":[1,2]}
// log: info same {"b":2}
// progress: 1 of 2 -
function main(input, ctx) {
  ctx.logger.info("started", { a: 1 });
  ctx.log.warn("careful");
  const log = sdk.log.with({ order: 7 });
  log.error("failed", { reason: "x" });
  log.debug(JSON.stringify({ n: 1 }), [1, 2]);
  sdk.log.info("same", { b: 2 });
  ctx.logger.progress(1, 2);
}
