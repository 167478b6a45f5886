// id: G08a
// returns: ["RangeError","RangeError","RangeError"]
// limit: memory_bytes=67108864
export default () => {
  const many = new Array(1 << 20).fill(0), names = [];
  for (const run of [() => Math.max.apply(null, many), () => Math.max(...many), () => Reflect.construct(Array, many)]) {
    try { names.push(typeof run()); } catch (error) { names.push(error.name); }
  }
  return names;
};
