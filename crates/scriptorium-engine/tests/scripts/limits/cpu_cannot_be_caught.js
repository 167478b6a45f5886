// expect: limit.cpu
// limits: cpu=100ms
// marks: 0
export default async () => {
  try { try { for (;;); } catch { callSync('mark') } finally { callSync('mark') } } finally { callSync('mark') }
}
