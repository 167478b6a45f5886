// expect: limit.memory
// limits: cpu=5s memory=64MiB
export default () => { let s = 'x'; for (;;) { s += s; s.charCodeAt(0); } }
