// id: G02d
// returns: "RangeError"
// limit: memory_bytes=67108864
// each: proxy.x
// each: Object.prototype.toString.call(proxy)
// each: JSON.stringify(proxy)
export default () => {
  let proxy = new Proxy([], {});
  for (let i = 0; i < 100000; i++) proxy = new Proxy(proxy, {});
  try { return $EACH; } catch (error) { return error.name; }
};
