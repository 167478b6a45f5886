// expect: ok true
let saved;
export default () => {
  const then = Promise.prototype.then;
  Promise.prototype.then = function (f, r) { if (typeof r === 'function') saved = r; return Promise.resolve(); };
  const stack = new AsyncDisposableStack();
  stack.use(undefined);
  stack.defer(() => {});
  stack.disposeAsync();
  try { saved() } catch {}
  Promise.prototype.then = then;
  for (let i = 0; i < 1000; i++) new Array(100).fill({});
  return typeof saved === 'function';
}
