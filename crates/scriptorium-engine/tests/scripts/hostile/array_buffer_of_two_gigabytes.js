// expect: limit.memory
// limits: cpu=150ms memory=64MiB
export default () => { try { return new ArrayBuffer(2 ** 31 - 1).byteLength } catch (e) { return e.name } }
