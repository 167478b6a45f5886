// An array of a million numbers, filled and summed by index.
export default function () {
  const numbers = [];
  for (let i = 0; i < 1_000_000; i++) numbers.push((i * 7) & 1023);
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += numbers[i] ^ (i & 255);
  return sum;
}
