// success: "0.3"
// arguments: ["VALIDATION_ERROR a","VALIDATION_ERROR b","VALIDATION_ERROR b"]
const call = () => utils.decimal.add("0.1", 0.2);
const wrong = [() => utils.decimal.add("x", 1), () => utils.decimal.add(1), () => utils.decimal.add(1, "1e999")];
