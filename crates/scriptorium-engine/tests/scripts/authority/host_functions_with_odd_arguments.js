// expect: ok 9
export default async () => {
  let thrown = 0;
  for (const odd of [Symbol(), { toString() { throw 1 } }, Object.create(null)]) {
    for (const f of [() => log(odd, 'x', null), () => log('info', odd, null), () => hostCall(odd)]) {
      try { f() } catch { thrown++ }
    }
  }
  return thrown;
}
const hostCall = (odd) => log('info', `${odd}`, null);
