// id: G02b
// returns: ["function","RangeError"]
// limit: memory_bytes=67108864
export default () => {
  let proxy = new Proxy(() => 1, {});
  for (let i = 0; i < 100000; i++) proxy = new Proxy(proxy, {});
  try { return [typeof proxy, proxy()]; } catch (error) { return [typeof proxy, error.name]; }
};
