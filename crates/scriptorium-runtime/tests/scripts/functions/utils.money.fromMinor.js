// success: "12.34"
// arguments: ["VALIDATION_ERROR minor","VALIDATION_ERROR currency"]
const call = () => utils.money.fromMinor(1234, "EUR");
const wrong = [() => utils.money.fromMinor(0.5, "USD"), () => utils.money.fromMinor(1, "")];
