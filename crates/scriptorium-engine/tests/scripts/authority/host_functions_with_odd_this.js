// expect: ok true
// line: info x
// line: info x
// line: info x
// line: info x
// line: info x
// line: info x
// line: info x
export default () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  for (const self of [null, 1, 'x', Symbol(), proxy, new Date(), Object.create(null)]) Reflect.apply(log, self, ['info', 'x', null]);
  return true;
}
