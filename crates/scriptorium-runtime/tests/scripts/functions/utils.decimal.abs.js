// success: "1.5"
// arguments: ["VALIDATION_ERROR value","VALIDATION_ERROR value"]
const call = () => utils.decimal.abs("-1.5");
const wrong = [() => utils.decimal.abs(), () => utils.decimal.abs("--1")];
