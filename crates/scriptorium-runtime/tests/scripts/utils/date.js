// returns: {"now":"2026-03-01T04:05:06.007Z","format":["2026-03-01","Mar 01","09:05","2026-02-28"],"parse":["2026-02-28T19:00:00.000Z","2026-03-01T04:05:00.000Z"],"addDays":["2026-01-30T04:05:06.007Z","2026-03-08T04:05:06.007Z"],"inputs":["2026-03-01","2026-03-01","1970-01-01"],"isDate":[true,true,true]}
async function main() {
  const { now, format, parse, addDays } = utils.date;
  const date = now();
  return {
    now: date,
    format: [format(date), format(date, "MMM DD"), format(date, "HH:mm"), format("2026-02-27T20:00:00Z", "YYYY-MM-DD")],
    parse: [parse("2026-03-01"), parse("01.03.2026 09:05", "DD.MM.YYYY HH:mm")],
    addDays: [addDays(date, -30), addDays(date.getTime(), 7)],
    inputs: [format("2026-03-01"), format("2026-03-01T00:00:00"), format(0)],
    isDate: [date instanceof Date, parse("2026-03-01") instanceof Date, (await addDays(date, 1)) instanceof Date],
  };
}
