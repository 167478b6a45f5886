// id: F08
// fails: limit.cpu
// limit: cpu_ms=100
// each: for (let i = 0; ; i++) Symbol.for(`${i}`);
// each: const target = new EventTarget(); for (let i = 0; ; i++) target.addEventListener("x", () => i);
// each: let text = ""; for (;;) text = `a${text}`.slice(0, 100000);
export default () => { $EACH };
