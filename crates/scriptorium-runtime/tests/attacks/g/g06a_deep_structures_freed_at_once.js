// id: G06a
// returns: "freed"
// limit: cpu_ms=5000
// each: let list = null; for (let i = 0; i < 300000; i++) list = { list }; list = null;
// each: let chain = Promise.resolve(); for (let i = 0; i < 50000; i++) chain = chain.then(() => 1); chain = null;
// each: let f = () => 1; for (let i = 0; i < 200000; i++) { const g = f; f = () => g; } f = null;
// each: let list = []; for (let i = 0; i < 300000; i++) list = [list]; list.length = 0; list = null;
// each: let map = new Map(); for (let i = 0; i < 50000; i++) map = new Map([[map, map]]); map = null;
// each: let f = () => 1; for (let i = 0; i < 100000; i++) f = Object.defineProperty(f.bind(f), "name", { value: "" }); f = null;
// each: let s = Symbol(); let set = new Set(); for (let i = 0; i < 50000; i++) set = new Set([set]); set = null;
// each: let p = {}; for (let i = 0; i < 100000; i++) p = new Proxy(p, {}); p = null;
// each: let e; for (let i = 0; i < 50000; i++) e = new Error("x", { cause: e }); e = null;
// each: let o = null; for (let i = 0; i < 100000; i++) o = Object.create(o); o = null;
export default () => { $EACH return "freed"; };
