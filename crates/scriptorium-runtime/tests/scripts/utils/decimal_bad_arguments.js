// returns: ["VALIDATION_ERROR a","VALIDATION_ERROR a","VALIDATION_ERROR b","VALIDATION_ERROR a","VALIDATION_ERROR a","VALIDATION_ERROR b","VALIDATION_ERROR undefined","VALIDATION_ERROR digits","VALIDATION_ERROR rounding","VALIDATION_ERROR values","VALIDATION_ERROR currency","VALIDATION_ERROR amount","VALIDATION_ERROR ratios","VALIDATION_ERROR ratios","VALIDATION_ERROR a"]
function main() {
  const { decimal: d, money: m } = utils;
  const attempts = [
    () => d.add("x", 1), () => d.add("1_000", 1), () => d.add(1), () => d.add({}, 1), () => d.add("1".repeat(40), 1), () => d.divide(1, 0),
    () => d.multiply("99999999999999999999", "99999999999999999999"), () => d.round(1, 99), () => d.round(1, 0, "sideways"), () => d.sum("1"),
    () => m.round(1, "usd"), () => m.toMinor("1.234", "USD"), () => m.allocate(1, [], "USD"), () => m.allocate(1, [1, -1], "USD"), () => d.add("", 1),
  ];
  return attempts.map((attempt) => {
    try {
      return `allowed ${attempt()}`;
    } catch (error) {
      return `${error.code} ${error.field}`;
    }
  });
}
