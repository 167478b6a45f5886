// success: "2026-03-03T00:00:00.000Z"
// arguments: ["VALIDATION_ERROR date","VALIDATION_ERROR days","VALIDATION_ERROR days","VALIDATION_ERROR days"]
const call = () => utils.date.addDays("2026-03-01T00:00:00Z", 2);
const wrong = [
  () => utils.date.addDays("x", 1),
  () => utils.date.addDays(0, 1.5),
  () => utils.date.addDays(0, "1"),
  () => utils.date.addDays(0, 3_999_999),
];
