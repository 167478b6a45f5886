// id: F01
// fails: limit.memory
// limit: memory_bytes=4194304
// never-logs: still here
// each: const all = []; for (;;) all.push({ all });
// each: let text = "x"; for (;;) { text += text; text.at(0); }
// each: const all = new Map(); for (let i = 0; ; i++) all.set(i, {});
// each: const all = new Set(); for (let i = 0; ; i++) all.add(`${i}`);
// each: const all = []; for (;;) all.push(new Uint8Array(1000));
// each: const all = {}; for (let i = 0; ; i++) all[`k${i}`] = i;
// each: const all = []; for (let i = 0; ; i++) all.push(() => i);
// each: const all = []; for (let i = 0; ; i++) all.push(Symbol(`${i}`));
// each: const all = []; for (;;) all.push(new Error("x"));
// each: const all = []; for (;;) all.push(new Promise(() => {}));
// each: const all = []; for (;;) all.push((function* () { yield all; })());
// each: const all = []; for (let i = 0; ; i++) all.push(new RegExp(`a${i}(b|c)*`));
// each: const all = []; for (;;) all.push(new WeakRef({}), new WeakMap([[{}, {}]]));
// each: const all = new WeakMap(), keys = []; for (;;) { const key = {}; keys.push(key); all.set(key, new Array(10)); }
// each: const all = []; for (;;) all.push(new Proxy({}, {}));
// each: const all = []; for (;;) all.push(class { #a = 1; static b = all; });
// each: const all = []; for (;;) all.push(new Date(), new DataView(new ArrayBuffer(8)));
// each: let deep = null; for (;;) deep = { deep };
// each: let f = () => 1; for (;;) f = f.bind(null, f);
// each: const registry = new FinalizationRegistry(() => 1); const all = []; for (;;) { const o = {}; all.push(o); registry.register(o, {}, o); }
// each: const stack = new DisposableStack(); for (;;) stack.defer(() => 1);
// each: const all = []; for (;;) all.push(new URLSearchParams("a=1&b=2"));
// each: const all = []; for (;;) all.push(new AbortController());
// each: let all = []; for (;;) all = [...all, ...all, 1];
// each: const all = Array(100).fill(0); for (;;) all.splice(50, 0, ...all);
export default () => { try { $EACH } catch { console.log("still here"); } finally { console.log("still here"); } };
