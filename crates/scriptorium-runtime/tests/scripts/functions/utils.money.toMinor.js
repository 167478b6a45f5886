// success: 1234
// arguments: ["VALIDATION_ERROR amount","VALIDATION_ERROR amount","VALIDATION_ERROR currency"]
const call = () => utils.money.toMinor("12.34", "UZS");
const wrong = [() => utils.money.toMinor("x", "USD"), () => utils.money.toMinor("12.345", "USD"), () => utils.money.toMinor(1, 7)];
