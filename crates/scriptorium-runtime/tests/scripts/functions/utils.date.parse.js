// success: "2026-02-28T19:00:00.000Z"
// arguments: ["VALIDATION_ERROR text","VALIDATION_ERROR text","VALIDATION_ERROR format"]
const call = () => utils.date.parse("01.03.2026", "DD.MM.YYYY");
const wrong = [() => utils.date.parse(7), () => utils.date.parse("soon"), () => utils.date.parse("1", 7)];
