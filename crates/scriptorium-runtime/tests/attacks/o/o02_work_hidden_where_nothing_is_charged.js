// id: O02
// fails: limit.cpu
// limit: cpu_ms=60
// each: for (;;) console.log("x".repeat(1000), { a: [1, 2, 3] });
// each: for (;;) utils.crypto.hash("x".repeat(100000));
// each: for (;;) new URL("http://example.com/" + "a/".repeat(1000)).href;
// each: for (;;) utils.date.format(0, "dddd MMMM YYYY");
// each: for (;;) structuredClone({ a: [1, 2, { b: 3 }] });
// each: for (;;) context.budget();
// each: for (;;) clearTimeout(setTimeout(() => 1, 1000));
// each: for (;;) new AbortController().abort();
// each: for (;;) ctx.logger.with({ a: 1 }).info("x", { b: 2 });
export default (input, ctx) => { $EACH };
