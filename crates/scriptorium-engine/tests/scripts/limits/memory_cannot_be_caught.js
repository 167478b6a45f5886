// expect: limit.memory
// limits: memory=4MiB
// marks: 0
export default () => {
  const all = [];
  try { for (;;) all.push('x'.repeat(100_000) + all.length) } catch { all.length = 0; callSync('mark') } finally { callSync('mark') }
}
