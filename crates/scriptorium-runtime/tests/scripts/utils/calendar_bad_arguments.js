// returns: ["VALIDATION_ERROR unit","VALIDATION_ERROR amount","VALIDATION_ERROR amount","VALIDATION_ERROR timezone","VALIDATION_ERROR unit","VALIDATION_ERROR date"]
function main() {
  const { add, difference, startOf } = utils.date;
  const attempts = [
    () => add(0, 1, "fortnights"), () => add(0, 1.5, "days"), () => add(0, 99_999_999_999, "years"), () => add(0, 1, "days", "Mars/Base"),
    () => difference(0, 1, "quarter"), () => startOf("soon", "day"),
  ];
  return attempts.map((attempt) => {
    try {
      return `allowed ${attempt()}`;
    } catch (error) {
      return `${error.code} ${error.field}`;
    }
  });
}
