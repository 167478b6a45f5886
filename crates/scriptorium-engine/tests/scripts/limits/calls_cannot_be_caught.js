// expect: limit.api_calls
// limits: io=1
// marks: 0
export default async () => {
  await call('io.echo');
  try { await call('io.echo') } catch { callSync('mark') } finally { callSync('mark') }
}
