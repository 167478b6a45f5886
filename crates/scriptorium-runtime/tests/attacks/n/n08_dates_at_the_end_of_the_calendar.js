// id: N08
// returns: "ended"
// each: utils.date.format(8.64e15)
// each: utils.date.format(-8.64e15)
// each: utils.date.format(new Date(NaN))
// each: utils.date.addDays(0, 4000000)
// each: utils.date.addDays("9999-12-31", 1)
// each: utils.date.parse("+275760-09-13T00:00:00Z")
// each: utils.date.parse("-271821-04-20")
// each: utils.date.parse("2026-02-30")
// each: utils.date.format(0, "Y".repeat(10000))
// each: utils.date.format(0, "[".repeat(200))
// each: utils.date.parse("1".repeat(100), "YYYY".repeat(20))
// each: new Date(8.64e15).toISOString() + new Date(2 ** 53, 2 ** 53)
export default () => { try { $EACH; } catch (error) { if (error.code !== "VALIDATION_ERROR" && !(error instanceof RangeError)) throw error; } return "ended"; };
