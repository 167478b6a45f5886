// expect: ok true
export default () => {
  const keys = new Proxy([], { get: (t, k) => k === 'length' ? 2 ** 32 + 1 : undefined });
  try { Reflect.ownKeys(new Proxy({}, { ownKeys: () => keys })); return 'no' } catch (e) { return e instanceof Error }
}
