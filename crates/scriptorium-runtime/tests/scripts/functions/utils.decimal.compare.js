// success: -1
// arguments: ["VALIDATION_ERROR a","VALIDATION_ERROR b"]
const call = () => utils.decimal.compare("1.0", "1.01");
const wrong = [() => utils.decimal.compare(null, 1), () => utils.decimal.compare(1, "x")];
