// id: L10
// returns: "whole"
// d0c2272, 05b2db9
export default async () => {
  const stack = new DisposableStack();
  stack.defer(() => { try { stack.defer(() => 1); } catch {} try { stack.dispose(); } catch {} try { stack.move(); } catch {} });
  for (let i = 0; i < 100; i++) stack.use({ [Symbol.dispose]() { stack.extra = i; } });
  stack.dispose();
  const later = new AsyncDisposableStack();
  later.defer(async () => { throw 1; });
  later.defer(() => Promise.reject());
  later.use({ [Symbol.asyncDispose]: () => ({ then(resolve, reject) { reject(); reject(1); resolve(); } }) });
  try { await later.disposeAsync(); } catch {}
  return "whole";
};
