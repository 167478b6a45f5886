// id: L12
// returns: ["a1","a1","a1"]
// CVE-2025-62494
export default () => {
  let a = "a";
  const one = a + { valueOf() { a = {}; return 1; } };
  let b = "a"; b += { toString() { b = [1, 2, 3]; return "1"; } };
  let c = "a"; c += { [Symbol.toPrimitive]() { c = Symbol(); return 1; } };
  return [one, b, c];
};
