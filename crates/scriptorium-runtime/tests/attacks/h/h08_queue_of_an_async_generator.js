// id: H08
// returns: "settled"
// each: generator.next(), generator.return(3)
// each: generator.next(), generator.throw(4)
// each: generator.next(), generator.next(), generator.next()
// each: generator.throw(4), generator.next()
// each: generator.next(), generator.return(3), generator.next()
// each: generator.next(), generator.return(3), generator.return(4)
export default async () => {
  async function* one() { yield 1; yield 2; }
  const generator = one();
  await Promise.allSettled([$EACH]);
  return "settled";
};
