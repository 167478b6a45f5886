// success: "0.6"
// arguments: ["VALIDATION_ERROR values","VALIDATION_ERROR values","VALIDATION_ERROR values"]
const call = () => utils.decimal.sum(["0.1", 0.2, "0.3"]);
const wrong = [() => utils.decimal.sum(), () => utils.decimal.sum(["x"]), () => utils.decimal.sum("1")];
