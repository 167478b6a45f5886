// expect: ok true
export default () => {
  const a = [1, 2, 3];
  a.length = 10; a.push(4);
  const b = []; b.length = 1000; b.length = 0; b.push(...Array.from({ length: 100 }, (_, i) => i));
  return a.length === 11 && b.length === 100 && b[99] === 99;
}
