// expect: ok true
export default () => {
  const stack = new DisposableStack();
  stack.adopt({}, () => { const all = []; for (let i = 0; i < 20_000; i++) { const a = {}; a.a = a; all.push(i) } });
  stack.use({ [Symbol.dispose]() {} });
  stack.dispose();
  return stack.disposed;
}
