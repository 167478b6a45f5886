// success: "2026-01-01T00:00:00.000Z"
// arguments: ["VALIDATION_ERROR date","VALIDATION_ERROR unit","VALIDATION_ERROR timezone"]
const call = () => utils.date.startOf("2026-03-01T04:05:06.007Z", "year", "UTC");
const wrong = [() => utils.date.startOf("x", "day"), () => utils.date.startOf(0, "days"), () => utils.date.startOf(0, "day", "Mars/Base")];
