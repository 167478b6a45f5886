// success: "0.33"
// arguments: ["VALIDATION_ERROR a","VALIDATION_ERROR b","VALIDATION_ERROR digits","VALIDATION_ERROR rounding"]
const call = () => utils.decimal.divide(1, 3, 2, "halfEven");
const wrong = [
  () => utils.decimal.divide("x", 1),
  () => utils.decimal.divide(1, 0),
  () => utils.decimal.divide(1, 3, -1),
  () => utils.decimal.divide(1, 3, 2, "half"),
];
