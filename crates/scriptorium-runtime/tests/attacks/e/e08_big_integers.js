// id: E08
// fails: limit.cpu
// limit: cpu_ms=40
// each: for (;;) 3n ** 100000n
// each: for (;;) (2n ** 500000n).toString()
// each: for (;;) BigInt("9".repeat(20000))
// each: for (;;) (2n ** 1000000n) / 3n
// each: for (let n = 1n; ; n *= 3n) if (n > 2n ** 200000n) n = 1n
// each: for (;;) BigInt.asUintN(1000000, -1n)
// each: for (;;) (2n ** 100000n).toString(7)
export default () => { $EACH; };
