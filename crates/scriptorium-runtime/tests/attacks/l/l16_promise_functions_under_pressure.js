// id: L16
// fails: limit.memory
// limit: memory_bytes=2097152
// 776d724, c846cb1, e1c1e41: what allocates on the way to failing.
// each: const all = []; const f = () => { all.push(new Promise((a, b) => all.push(a, b))); return Promise.resolve().then(f); }; await f();
// each: const all = []; for (;;) { try { null.x; } catch (error) { all.push(error, error.stack); } }
// each: const all = []; const deep = (n) => (n ? deep(n - 1) : new Error("x")); for (;;) all.push(deep(100));
export default async () => { $EACH };
