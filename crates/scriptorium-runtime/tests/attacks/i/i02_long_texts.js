// id: I02
// fails: limit.cpu
// limit: cpu_ms=40
// each: /a*b/.test(long)
// each: /\s+$/.test(" ".repeat(200000) + "x")
// each: /.*.*.*=/.test(long)
// each: for (;;) long.match(/a/g).length
// each: for (;;) long.replace(/a/g, "b").at(0)
// each: for (;;) long.split(/a/).length
// each: for (;;) /[^b]*b/.test(long)
const long = "a".repeat(50000);
export default () => { $EACH; };
