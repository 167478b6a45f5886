// id: O06
// fails: limit.cpu
// limit: cpu_ms=40
// leaves: null
// never-logs: still here
// each: try { for (;;); } finally { storage.set("o06", "late"); console.log("still here"); }
// each: const write = () => { storage.set("o06", "late"); }; setTimeout(write, 0); Promise.resolve().then(write); for (;;);
// each: new FinalizationRegistry(() => storage.set("o06", "late")).register({}, 1); for (;;);
// each: await new Promise((resolve) => resolve({ get then() { for (;;); } })).catch(() => storage.set("o06", "late"));
// each: using late = { [Symbol.dispose]() { storage.set("o06", "late"); } }; for (;;);
export default async (input) => { if (input === "look") return storage.get("o06"); $EACH };
