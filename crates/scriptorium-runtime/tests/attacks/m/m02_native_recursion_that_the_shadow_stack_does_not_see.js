// id: M02
// fails: limit.stack
// leaves: 7
// limit: memory_bytes=134217728
// each: JSON.parse("[".repeat(200000))
// each: let deep = []; for (let i = 0; i < 100000; i++) deep = [deep]; JSON.stringify(deep)
// each: let proxy = []; for (let i = 0; i < 100000; i++) proxy = new Proxy(proxy, {}); proxy instanceof Array
export default (input) => {
  if (input === "look") { const deep = (n) => (n ? deep(n - 1) : 7); return deep(500); }
  $EACH;
};
