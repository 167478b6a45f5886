// id: G02c
// fails: limit.stack
// limit: memory_bytes=67108864
// The native recursion does not pass the engine's own check; the trap behind it holds.
// each: proxy instanceof Array
// each: Object.getPrototypeOf(proxy)
// each: "x" in proxy
// each: Object.keys(proxy)
export default () => {
  let proxy = new Proxy([], {});
  for (let i = 0; i < 100000; i++) proxy = new Proxy(proxy, {});
  return String($EACH);
};
