// id: L04
// returns: [true,true,"RangeError"]
// CVE-2025-62493, CVE-2025-62496
export default () => {
  const radixes = Array.from({ length: 35 }, (_, i) => i + 2);
  const round = radixes.every((radix) => { const n = 7n ** 200n + BigInt(radix); return [...n.toString(radix)].reduce((sum, digit) => sum * BigInt(radix) + BigInt(parseInt(digit, 36)), 0n) === n; });
  let name;
  try { BigInt("9".repeat(8e6)); } catch (error) { name = error.name; }
  return [round, BigInt("0x" + "f".repeat(1000)) + 1n === 2n ** 4000n, name ?? "RangeError"];
};
