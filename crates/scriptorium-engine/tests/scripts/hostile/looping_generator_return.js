// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => { function* g() { try { yield 1 } finally { for (;;); } } for (const x of g()) return x; }
