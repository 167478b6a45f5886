// id: C01a
// fails: limit.cpu
// limit: cpu_ms=50
export default () => ({ get x() { for (;;); } });
