// success: "2026-03-31T23:59:59.999Z"
// arguments: ["VALIDATION_ERROR date","VALIDATION_ERROR unit","VALIDATION_ERROR timezone"]
const call = () => utils.date.endOf("2026-03-01T04:05:06.007Z", "month", "UTC");
const wrong = [() => utils.date.endOf({}, "day"), () => utils.date.endOf(0), () => utils.date.endOf(0, "day", "x".repeat(200))];
