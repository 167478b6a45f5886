// id: C05e
// fails: limit.memory
// limit: memory_bytes=8388608
// limit: cpu_ms=2000
export default () => { const sparse = []; sparse.length = 2 ** 32 - 1; return sparse; };
