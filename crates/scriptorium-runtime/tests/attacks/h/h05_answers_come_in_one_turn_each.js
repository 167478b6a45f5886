// id: H05
// returns: ["a","a2","b","b2"]
export default async () => {
  const order = [];
  const one = (name) => services.demo.echo().then(() => { order.push(name); return null; }).then(() => order.push(`${name}2`));
  await one("a");
  await one("b");
  return order;
};
