// expect: ok true
// limits: cpu=5s memory=64MiB
export default () => {
  let p = new Proxy([], {});
  for (let i = 0; i < 200_000; i++) p = new Proxy(p, {});
  try { return Array.isArray(p) } catch (e) { return e.name }
}
