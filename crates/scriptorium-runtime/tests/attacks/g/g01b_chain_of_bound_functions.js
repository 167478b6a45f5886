// id: G01b
// returns: "RangeError"
// limit: memory_bytes=67108864
export default () => {
  let f = () => 1;
  for (let i = 0; i < 100000; i++) f = Object.defineProperty(f.bind(null), "name", { value: "" });
  try { return f(); } catch (error) { return error.name; }
};
