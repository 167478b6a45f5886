// expect: limit.stack
// limits: cpu=150ms memory=64MiB
export default () => { try { return JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)).length } catch (e) { return e.name } }
