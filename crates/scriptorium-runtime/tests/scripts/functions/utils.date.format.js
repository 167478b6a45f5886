// success: "2026-03-01 09:05"
// arguments: ["VALIDATION_ERROR date","VALIDATION_ERROR date","VALIDATION_ERROR format","VALIDATION_ERROR format"]
const call = () => utils.date.format("2026-03-01T04:05:06.007Z", "YYYY-MM-DD HH:mm");
const wrong = [
  () => utils.date.format("soon"),
  () => utils.date.format(),
  () => utils.date.format(0, 7),
  () => utils.date.format(0, "Y".repeat(10_000)),
];
