// expect: ok true
export default () => typeof Atomics === 'undefined' || (() => { try { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); return false } catch { return true } })()
