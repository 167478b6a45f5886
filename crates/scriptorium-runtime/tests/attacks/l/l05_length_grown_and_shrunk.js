// id: L05
// returns: [1,true]
// 1b0b660, a653771, d98ff10
export default () => {
  const list = [1, 2, 3];
  list.length = 0; list.length = 1000; list.length = 1;
  list.push({ valueOf() { list.length = 0; return 1; } });
  for (let i = 0; i < 2000; i++) { list.length += 3; list.push(i); list.length -= 2; }
  const grown = [1];
  grown.length = 2 ** 31; grown.length = 1; grown.push(1);
  return [grown[1], list.length > 1000];
};
