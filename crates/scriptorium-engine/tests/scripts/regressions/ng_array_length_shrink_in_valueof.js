// expect: ok true
export default () => {
  const a = Array.from({ length: 1000 }, (_, i) => i);
  const at = { valueOf() { a.length = 1; return 0 } };
  return a.indexOf(999, at) === -1 && a.includes(undefined, at) !== null && a.fill(1, at).length === 1;
}
