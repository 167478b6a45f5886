// success: ["33.34","33.33","33.33"]
// arguments: ["VALIDATION_ERROR amount","VALIDATION_ERROR ratios","VALIDATION_ERROR ratios","VALIDATION_ERROR currency"]
const call = () => utils.money.allocate("100", [1, 1, 1], "USD");
const wrong = [
  () => utils.money.allocate("x", [1], "USD"),
  () => utils.money.allocate(1, [], "USD"),
  () => utils.money.allocate(1, [-1], "USD"),
  () => utils.money.allocate(1, [1], "dollars"),
];
