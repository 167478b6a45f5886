// expect: ok ["b","a"]
export default async () => {
  const order = [];
  const a = call('later', 'a').then((v) => order.push(v));
  const b = call('echo', 'b').then((v) => order.push(v));
  await Promise.all([a, b]);
  return order;
}
