// expect: limit.memory
// limits: cpu=150ms memory=64MiB
export default () => { let s = 'x'; for (;;) { s += s; s.charCodeAt(0); } }
