// success: "0.02"
// arguments: ["VALIDATION_ERROR a","VALIDATION_ERROR b"]
const call = () => utils.decimal.multiply("0.1", "0.2");
const wrong = [() => utils.decimal.multiply("", 1), () => utils.decimal.multiply(1, "1,5")];
