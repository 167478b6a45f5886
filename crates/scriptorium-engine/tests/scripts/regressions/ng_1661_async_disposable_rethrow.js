// expect: ok true
// line: warn rejected, and nothing handled it: {"first":1}
let saved, calls = 0;
export default () => {
  const then = Promise.prototype.then;
  Promise.prototype.then = function (ok, failed) {
    calls++;
    if (calls === 1) return failed({ previous: 1 });
    if (calls === 2) saved = failed;
    return Promise.resolve();
  };
  const stack = new AsyncDisposableStack();
  stack.defer(() => undefined);
  stack.defer(() => { throw { first: 1 } });
  stack.disposeAsync();
  try { saved() } catch {}
  Promise.prototype.then = then;
  return typeof saved === 'function';
}
