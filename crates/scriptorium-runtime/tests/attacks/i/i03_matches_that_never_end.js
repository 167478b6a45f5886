// id: I03
// fails: limit.cpu
// limit: cpu_ms=40
// each: for (const match of "a".matchAll({ [Symbol.matchAll]: () => ({ [Symbol.iterator]: () => ({ next: () => ({ done: false }) }) }) })) ;
// each: const r = /a/g; while (r.exec("aaa")) r.lastIndex = 0;
// each: const r = /(?:)/g; while (r.exec("a")) ;
// each: const r = /a/g; r.exec = () => ({ index: 0, length: 1, 0: "" }); "a".replace(r, "");
// each: const r = /a/y; r.exec = () => { for (;;); }; r.test("a");
// each: const r = /a/g; Object.defineProperty(r, "flags", { get() { for (;;); } }); "a".replaceAll(r, "");
// each: const r = /a/g; r.exec = () => ({ index: 0, get length() { for (;;); } }); "a".replace(r, "");
export default () => { $EACH };
