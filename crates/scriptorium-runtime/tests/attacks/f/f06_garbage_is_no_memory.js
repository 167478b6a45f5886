// id: F06
// returns: "ended"
// limit: memory_bytes=4194304
// each: for (let i = 0; i < 100000; i++) ({ i });
// each: for (let i = 0; i < 50000; i++) { const a = {}, b = { a }; a.b = b; }
// each: for (let i = 0; i < 500; i++) new Uint8Array(100000);
// each: for (let i = 0; i < 300; i++) "x".repeat(100000).at(0);
// each: for (let i = 0; i < 20000; i++) (() => i)();
// each: for (let i = 0; i < 3000; i++) { function* g() { yield g; } g().next(); }
// each: for (let i = 0; i < 3000; i++) new Promise(() => {}).then(() => i);
// each: for (let i = 0; i < 5000; i++) new WeakRef({ i });
// each: for (let i = 0; i < 300; i++) new RegExp(`a${i}`).test("a");
export default () => { $EACH return "ended"; };
