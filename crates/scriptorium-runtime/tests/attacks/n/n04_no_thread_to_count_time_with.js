// id: N04
// returns: ["undefined","undefined",true]
export default () => [typeof Worker, typeof Atomics, typeof SharedArrayBuffer === "function" && new SharedArrayBuffer(8).byteLength === 8];
