// id: D08c
// fails: limit.cpu
// limit: cpu_ms=40
for (;;) await null;
export default () => 1;
