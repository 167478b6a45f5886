// id: C04a
// fails: limit.memory
// limit: memory_bytes=8388608
export default () => new Proxy({}, { ownKeys: () => Array.from({ length: 1 << 20 }, (_, i) => `k${i}`) });
