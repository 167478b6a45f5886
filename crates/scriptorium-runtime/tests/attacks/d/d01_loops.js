// id: D01
// fails: limit.cpu
// limit: cpu_ms=40
// each: for (;;);
// each: while (1) {}
// each: do { continue; } while (true);
// each: outer: for (;;) { for (;;) { continue outer; } }
// each: for (let i = 0; ; i++, i--) {}
// each: for (const x of (function* () { for (;;) yield 1; })()) {}
// each: const f = () => 1; while (f()) ;
// each: for (let n = 0n; ; n++) {}
// each: const o = { x: 1 }; for (;;) for (const k in o) ;
// each: for (;;) try { throw 1; } catch { continue; }
// each: let n = 0; const [] = { [Symbol.iterator]: () => ({ next() { for (;;); }, return: () => ({}) }) }; const [a] = { [Symbol.iterator]: () => ({ next() { for (;;); } }) };
// each: label: { for (;;) { switch (1) { case 1: continue; default: break label; } } }
export default () => { $EACH };
