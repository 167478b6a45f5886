// id: C01b
// fails: limit.memory
// limit: memory_bytes=8388608
export default () => ({ get x() { const kept = []; for (;;) kept.push(new Uint8Array(10000)); } });
