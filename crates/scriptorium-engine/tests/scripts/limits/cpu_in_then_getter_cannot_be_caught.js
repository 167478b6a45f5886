// expect: limit.cpu
// limits: cpu=100ms
// marks: 0
export default async () => {
  const p = Promise.resolve().then(() => ({ get then() { for (;;); } }));
  p.catch(() => callSync('mark')).finally(() => callSync('mark'));
  await p;
}
