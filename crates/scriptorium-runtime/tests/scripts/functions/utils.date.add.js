// success: "2026-02-28T10:00:00.000Z"
// arguments: ["VALIDATION_ERROR date","VALIDATION_ERROR amount","VALIDATION_ERROR unit","VALIDATION_ERROR timezone","VALIDATION_ERROR timezone"]
const call = () => utils.date.add("2026-01-31T10:00:00Z", 1, "months", "UTC");
const wrong = [
  () => utils.date.add("x", 1, "days"),
  () => utils.date.add(0, 0.5, "days"),
  () => utils.date.add(0, 1, "moons"),
  () => utils.date.add(0, 1, "days", "Mars/Base"),
  () => utils.date.add(0, 1, "days", 7),
];
