// expect: limit.cpu
// limits: cpu=150ms memory=64MiB
export default () => { try { throw 1 } finally { while (true) {} } }
