// expect: ok "RangeError"
// limits: cpu=150ms memory=64MiB
export default () => {
  const proxy = new Proxy({}, { get: (t, k, r) => r[k] });
  try { return proxy.x } catch (e) { return e.name }
}
