// id: O13
// fails: limit.cpu
// limit: cpu_ms=40
// never-logs: still here
// What of a limit cannot be caught anywhere is in tests/it/limits.rs; here are places it does not name.
// each: await Promise.any([1].map(async () => { for (;;); })).catch(() => console.log("still here"));
// each: for await (const x of { [Symbol.asyncIterator]: () => ({ next: async () => { for (;;); }, return: async () => console.log("still here") }) }) ;
// each: try { new Proxy({}, { getOwnPropertyDescriptor() { for (;;); } }).hasOwnProperty("x"); } finally { console.log("still here"); }
// each: try { Reflect.ownKeys(new Proxy({}, { ownKeys() { for (;;); } })); } catch { console.log("still here"); }
// each: try { ({ [{ toString() { for (;;); } }]: 1 }); } finally { console.log("still here"); }
// each: try { class A { static #a = (() => { for (;;); })(); } } catch { console.log("still here"); }
// each: try { [] = { [Symbol.iterator]() { for (;;); } }; } finally { console.log("still here"); }
// each: try { await using a = { [Symbol.asyncDispose]: async () => { for (;;); } }; } finally { console.log("still here"); }
// each: label: try { for (;;); } finally { console.log("still here"); break label; }
// each: const c = new AbortController(); c.signal.addEventListener("abort", () => { for (;;); }); c.abort(); console.log("still here");
export default async () => { $EACH };
