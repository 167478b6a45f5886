// success: "12.35"
// arguments: ["VALIDATION_ERROR amount","VALIDATION_ERROR currency","VALIDATION_ERROR rounding"]
const call = () => utils.money.round("12.345", "USD", "halfUp");
const wrong = [() => utils.money.round("x", "USD"), () => utils.money.round(1, "us"), () => utils.money.round(1, "USD", "x")];
