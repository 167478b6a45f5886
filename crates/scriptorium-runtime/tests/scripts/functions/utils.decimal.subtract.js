// success: "0.1"
// arguments: ["VALIDATION_ERROR a","VALIDATION_ERROR b"]
const call = () => utils.decimal.subtract("0.3", "0.2");
const wrong = [() => utils.decimal.subtract([], 1), () => utils.decimal.subtract(1, {})];
