// id: G04b
// fails: limit.memory
// limit: memory_bytes=8388608
export default () => /(?:a|b|c|aa)*d/.test("abc".repeat(300000));
