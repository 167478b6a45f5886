// id: N05
// returns: [true,true,true]
export default () => {
  const numbers = Array.from({ length: 1000 }, Math.random);
  Math.random = () => 0.5;
  return [new Set(numbers).size === 1000, numbers.every((n) => n >= 0 && n < 1), new Set([utils.uuid(), utils.uuid(), crypto.randomUUID(), crypto.randomUUID()]).size === 4];
};
