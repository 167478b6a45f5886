// id: H16
// fails: script.never_settled
// within: 3000
// The engine forgets what is asked behind a `return` that ends a generator; the run ends at once all the same.
// each: generator.return(3), generator.next()
// each: generator.next(), generator.next(), generator.return(3), generator.throw(4), generator.next()
export default async () => {
  async function* one() { yield 1; yield 2; }
  const generator = one();
  await Promise.allSettled([$EACH]);
  return "settled";
};
