// returns: ["2026-02-28T10:00:00.000Z","2026-03-29T09:30:00.000Z","2026-03-02T04:05:06.007Z",1,-1,11,23,24,"2026-02-28T19:00:00.000Z","2026-02-22T19:00:00.000Z","2025-12-31T19:00:00.000Z","2026-03-31T18:59:59.999Z","2026-01-01T00:00:00.000Z","2026-03-01T04:05:06.999Z"]
function main() {
  const { add, difference, startOf, endOf, now } = utils.date;
  const [a, b] = ["2026-03-28T09:00:00Z", "2026-03-29T08:00:00Z"];
  return [
    add("2026-01-31T10:00:00Z", 1, "months", "UTC"), add("2026-03-28T10:30:00Z", 1, "days", "Europe/Berlin"), add(now(), 1, "days"),
    difference("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", "days"), difference("2026-03-01T00:00:00Z", "2026-03-02T12:00:00Z", "days"),
    difference("2026-12-31", "2026-01-31", "months"), difference(b, a, "hours", "Europe/Berlin"), difference("2026-03-30T00:00:00Z", "2026-03-29T00:00:00Z", "hours", "Europe/Berlin"),
    startOf(now(), "day"), startOf(now(), "week"), startOf(now(), "quarter"), endOf(now(), "month"), startOf(now(), "year", "UTC"), endOf(now(), "second"),
  ].map((value) => (value instanceof Date ? value.toISOString() : value));
}
