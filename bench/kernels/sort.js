// 200,000 numbers in no order, sorted by a comparison.
export default function () {
  let seed = 42;
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0);
  const numbers = Array.from({ length: 200_000 }, random);
  numbers.sort((one, other) => one - other);
  let sum = 0;
  for (let i = 0; i < numbers.length; i += 100) sum = (Math.imul(sum, 31) + numbers[i]) | 0;
  return sum;
}
