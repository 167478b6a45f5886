// expect: ok true
export default () => {
  let p = [];
  for (let i = 0; i < 100; i++) p = new Proxy(p, {});
  return Array.isArray(p);
}
