// expect: script.threw Error: later
// at: 6:13
// details: {"name":"Error"}
export default async () => {
  await call('later');
  throw new Error('later');
}
