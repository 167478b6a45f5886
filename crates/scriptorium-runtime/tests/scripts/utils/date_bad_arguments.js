// returns: ["VALIDATION_ERROR date","VALIDATION_ERROR date","VALIDATION_ERROR date","VALIDATION_ERROR text","VALIDATION_ERROR text","VALIDATION_ERROR days","VALIDATION_ERROR days","VALIDATION_ERROR format"]
function main() {
  const { format, parse, addDays } = utils.date;
  const attempts = [
    () => format(),
    () => format("tomorrow"),
    () => format(new Date(NaN)),
    () => parse("01/03/2026", "DD.MM.YYYY"),
    () => parse("soon"),
    () => addDays(new Date(), 1.5),
    () => addDays(new Date(), 3_900_000),
    () => format(new Date(), "Y".repeat(101)),
  ];
  return attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      return `${error.code} ${error.field}`;
    }
  });
}
