// success: 11
// arguments: ["VALIDATION_ERROR a","VALIDATION_ERROR b","VALIDATION_ERROR unit","VALIDATION_ERROR timezone"]
const call = () => utils.date.difference("2026-12-31", "2026-01-31", "months");
const wrong = [
  () => utils.date.difference("x", 0, "days"),
  () => utils.date.difference(0, "x", "days"),
  () => utils.date.difference(0, 0, "day"),
  () => utils.date.difference(0, 0, "days", "Mars/Base"),
];
