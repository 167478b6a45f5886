// id: G02a
// returns: [true,"object"]
// limit: memory_bytes=67108864
// CVE-2023-31922: a chain that a native function follows.
export default () => {
  let proxy = new Proxy([], {});
  for (let i = 0; i < 100000; i++) proxy = new Proxy(proxy, {});
  return [Array.isArray(proxy), typeof proxy];
};
