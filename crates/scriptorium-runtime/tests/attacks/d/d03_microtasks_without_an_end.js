// id: D03
// fails: limit.cpu
// limit: cpu_ms=40
// each: const again = () => { Promise.resolve().then(again); }; again();
// each: for (;;) await null;
// each: async function* feed() { for (;;) yield 1; } for await (const x of feed()) ;
// each: const again = () => queueMicrotask(again); again(); await new Promise(() => {});
// each: const t = { then(ok) { ok(t2); } }, t2 = { then(ok) { ok(t); } }; await t;
// each: const again = async () => { await again2(); }, again2 = async () => { await null; return again(); }; await again();
// each: const p = () => Promise.race([p2()]), p2 = async () => { await null; return p(); }; await p();
// each: const next = () => { throw 1; }; let p = Promise.reject(0); for (;;) { try { await p; } catch { p = Promise.reject(1); } }
export default async () => { $EACH };
