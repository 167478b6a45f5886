// expect: ok true
export default () => {
  const source = [1, 2, 3, 4];
  Object.defineProperty(source, 1, { get() { source.length = 0; for (let i = 0; i < 1000; i++) source.push(i); return 9 } });
  const t = new Uint8Array(source);
  return t[1] === 9;
}
