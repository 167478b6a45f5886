// success: "2.4"
// arguments: ["VALIDATION_ERROR value","VALIDATION_ERROR digits","VALIDATION_ERROR rounding"]
const call = () => utils.decimal.round("2.35", 1, "halfUp");
const wrong = [() => utils.decimal.round("x"), () => utils.decimal.round(1, 99), () => utils.decimal.round(1, 1, "nearest")];
