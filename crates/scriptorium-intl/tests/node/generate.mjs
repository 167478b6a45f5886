// Writes the tables of this folder: what Node.js prints for the same call. Made with Node.js 20.20.2
// (ICU 78.2, CLDR 48.0). Where we differ on purpose is said in `differences.json`, not here.
//
//   node generate.mjs
import { writeFileSync } from "node:fs";

const LOCALES = ["en", "en-GB", "ru", "uz"];
const file = (name, rows) =>
  writeFileSync(new URL(`${name}.json`, import.meta.url), `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`);
// A value, or the kind of error that it is.
const attempt = (work) => {
  try {
    return work();
  } catch (error) {
    return { error: error.name };
  }
};
// Node.js writes the narrow space of CLDR as a space in texts, but not in their parts; ours is the same in both.
const flat = (parts) => parts.flatMap(({ type, value }) => [type, value.replaceAll("\u202f", " ")]);

// Numbers travel as texts, since JSON has no NaN and no -0.
const SOME = ["-0", "1", "5", "-1234.567", "12345", "1234567.891", "0.005", "NaN", "-Infinity"];
const MANY = [...SOME, "21", "999.5", "1000", "1234", "99999.5", "999999", "1500000", "2.5e9", "1e15", "1.005", "1e21", "1e-7", "12345678901234567890"];
const money = (currency, more) => ({ style: "currency", currency, ...more });
const NUMBERS = [
  [{}, MANY],
  [{ useGrouping: false }, SOME],
  [{ useGrouping: "always" }, SOME],
  [{ useGrouping: "min2" }, SOME],
  [{ useGrouping: "true" }, ["12345"]],
  [{ minimumFractionDigits: 2 }, SOME],
  [{ maximumFractionDigits: 0 }, MANY],
  [{ maximumFractionDigits: 2 }, MANY],
  [{ minimumFractionDigits: 2, maximumFractionDigits: 2 }, MANY],
  [{ maximumFractionDigits: 20 }, ["0.1", "1e-7", "123.456", "0.30000000000000004"]],
  [{ minimumIntegerDigits: 3 }, SOME],
  [{ maximumSignificantDigits: 3 }, MANY],
  [{ minimumSignificantDigits: 3 }, MANY],
  [{ minimumSignificantDigits: 2, maximumSignificantDigits: 4 }, MANY],
  [{ maximumSignificantDigits: 2, maximumFractionDigits: 1, roundingPriority: "morePrecision" }, MANY],
  [{ maximumSignificantDigits: 2, maximumFractionDigits: 1, roundingPriority: "lessPrecision" }, MANY],
  [{ trailingZeroDisplay: "stripIfInteger", minimumFractionDigits: 2 }, SOME],
  [{ maximumFractionDigits: 2, minimumFractionDigits: 2, roundingIncrement: 5 }, ["1.02", "1.03", "1.075", "-2.225"]],
  [{ maximumFractionDigits: 0, roundingIncrement: 50 }, ["24", "25", "75", "1234", "-26"]],
  ...["ceil", "floor", "expand", "trunc", "halfCeil", "halfFloor", "halfExpand", "halfTrunc", "halfEven"].map((roundingMode) => [
    { maximumFractionDigits: 0, roundingMode },
    ["1.5", "2.5", "-1.5", "-2.5", "1.2", "-1.7"],
  ]),
  ...["never", "always", "exceptZero", "negative"].map((signDisplay) => [{ signDisplay, maximumFractionDigits: 1 }, [...SOME, "-0.01", "0.01"]]),
  [{ style: "percent" }, SOME],
  [{ style: "percent", maximumFractionDigits: 1 }, SOME],
  [{ style: "percent", signDisplay: "always" }, SOME],
  [{ notation: "scientific" }, MANY],
  [{ notation: "engineering" }, MANY],
  [{ notation: "scientific", maximumSignificantDigits: 2 }, MANY],
  [{ notation: "compact" }, MANY],
  [{ notation: "compact", compactDisplay: "long" }, MANY],
  [{ notation: "compact", maximumFractionDigits: 2 }, MANY],
  [{ notation: "compact", compactDisplay: "long", minimumFractionDigits: 1 }, MANY],
  ...["USD", "EUR", "RUB", "UZS", "GBP", "JPY", "KZT", "BHD", "CHF", "XYZ", "CNY"].map((currency) => [money(currency), SOME]),
  ...["USD", "RUB", "UZS", "JPY", "XYZ"].flatMap((currency) => [
    [money(currency, { currencyDisplay: "code" }), SOME],
    [money(currency, { currencyDisplay: "name" }), MANY],
    [money(currency, { currencyDisplay: "narrowSymbol" }), SOME],
    [money(currency, { currencySign: "accounting" }), SOME],
    [money(currency, { currencySign: "accounting", signDisplay: "always" }), SOME],
    [money(currency, { minimumFractionDigits: 0 }), SOME],
    [money(currency, { maximumFractionDigits: 0 }), SOME],
    [money(currency, { notation: "compact" }), MANY],
    [money(currency, { notation: "compact", currencyDisplay: "name" }), SOME],
    [money(currency, { notation: "compact", currencyDisplay: "code" }), SOME],
  ]),
  [money("USD", { signDisplay: "exceptZero" }), SOME],
  [money("USD", { trailingZeroDisplay: "stripIfInteger" }), SOME],
  ...["kilometer", "kilogram", "liter", "hour", "day", "celsius", "megabyte", "percent", "kilometer-per-hour", "liter-per-kilometer", "meter-per-second", "kilometer-per-liter", "byte-per-second", "degree", "month", "year", "gram-per-milliliter", "mile-per-gallon"].flatMap((unit) =>
    ["short", "long", "narrow"].map((unitDisplay) => [{ style: "unit", unit, unitDisplay }, ["0", "1", "2", "5", "21", "1.5", "-3", "12345", "NaN"]]),
  ),
  [{ style: "unit", unit: "kilometer", unitDisplay: "long", notation: "compact" }, ["1000", "1500000", "2e6"]],
  // Refused.
  [{ style: "money" }, ["1"]],
  [{ style: "currency" }, ["1"]],
  [{ style: "unit" }, ["1"]],
  [money("US"), ["1"]],
  [money("US1"), ["1"]],
  [{ style: "unit", unit: "parsec" }, ["1"]],
  [{ minimumFractionDigits: 5, maximumFractionDigits: 2 }, ["1"]],
  [{ minimumIntegerDigits: 0 }, ["1"]],
  [{ minimumIntegerDigits: 22 }, ["1"]],
  [{ maximumSignificantDigits: 0 }, ["1"]],
  [{ minimumSignificantDigits: 4, maximumSignificantDigits: 2 }, ["1"]],
  [{ roundingIncrement: 3, maximumFractionDigits: 0 }, ["1"]],
  [{ notation: "short" }, ["1"]],
  [{ useGrouping: "sometimes" }, ["1"]],
  [{ numberingSystem: "!" }, ["1"]],
];
const numbers = [];
const numberParts = [];
const numberOptions = [];
for (const [options, values] of NUMBERS) {
  for (const locale of LOCALES) {
    if (locale === "ru") numberOptions.push([locale, options, attempt(() => new Intl.NumberFormat(locale, options).resolvedOptions())]);
    for (const value of values) {
      const given = /^-?(NaN|Infinity)$|^-0$/.test(value) ? Number(value) : value;
      numbers.push([locale, options, value, attempt(() => new Intl.NumberFormat(locale, options).format(given))]);
    }
    const parts = (value) => attempt(() => flat(new Intl.NumberFormat(locale, options).formatToParts(value)));
    for (const value of [-1234567.891, 1]) numberParts.push([locale, options, `${value}`, parts(value)]);
  }
}
file("numbers", numbers);
file("number_parts", numberParts);
file("number_options", numberOptions);

const plurals = [];
for (const options of [{}, { type: "ordinal" }, { minimumFractionDigits: 1 }, { maximumFractionDigits: 0 }, { type: "other" }]) {
  for (const locale of LOCALES) {
    for (const value of ["0", "-0", "1", "2", "3", "4", "5", "11", "12", "13", "21", "22", "23", "25", "100", "101", "1.5", "1.2", "0.4", "-1", "1000000", "NaN", "Infinity"]) {
      plurals.push([locale, options, value, attempt(() => new Intl.PluralRules(locale, options).select(Number(value)))]);
    }
  }
}
file("plurals", plurals);

// Dates: purpose is the function that is called.
const INSTANTS = ["2026-03-01T04:05:06.007Z", "1999-12-31T23:59:59.999Z", "2024-07-15T12:00:00Z", "2026-10-09T00:30:00Z"];
const call = {
  format: (locale, options, date) => new Intl.DateTimeFormat(locale, options).format(date),
  both: (locale, options, date) => date.toLocaleString(locale, options),
  date: (locale, options, date) => date.toLocaleDateString(locale, options),
  time: (locale, options, date) => date.toLocaleTimeString(locale, options),
};
const STYLES = ["full", "long", "medium", "short"];
const combine = (...lists) => lists.reduce((all, list) => all.flatMap((one) => list.map((more) => ({ ...one, ...more }))), [{}]);
const DATES = [
  ...STYLES.map((dateStyle) => ({ dateStyle })),
  ...STYLES.map((timeStyle) => ({ timeStyle })),
  ...combine(STYLES.map((dateStyle) => ({ dateStyle })), STYLES.map((timeStyle) => ({ timeStyle }))),
  ...STYLES.flatMap((timeStyle) => ["h11", "h12", "h23", "h24"].map((hourCycle) => ({ timeStyle, hourCycle }))),
  { dateStyle: "short", timeStyle: "short", hour12: true }, { hour: "numeric", minute: "2-digit", hour12: true }, { hour: "numeric", minute: "2-digit", hour12: false },
  {},
  { year: "numeric" }, { year: "2-digit" }, { month: "numeric" }, { month: "2-digit" }, { month: "long" }, { month: "short" }, { month: "narrow" },
  { day: "numeric" }, { day: "2-digit" }, { weekday: "long" }, { weekday: "short" }, { weekday: "narrow" },
  { era: "long" }, { era: "short" }, { era: "narrow" }, { year: "numeric", era: "short" }, { year: "numeric", month: "long", era: "long" },
  ...combine([{ year: "numeric" }, { year: "2-digit" }], [{ month: "numeric" }, { month: "2-digit" }, { month: "long" }, { month: "short" }, { month: "narrow" }], [{}, { day: "numeric" }, { day: "2-digit" }], [{}, { weekday: "long" }, { weekday: "short" }]),
  ...combine([{ month: "numeric" }, { month: "2-digit" }, { month: "long" }, { month: "short" }], [{ day: "numeric" }, { day: "2-digit" }], [{}, { weekday: "long" }, { weekday: "short" }]),
  { year: "numeric", weekday: "long" }, { day: "numeric", weekday: "long" }, { year: "numeric", day: "numeric" },
  ...combine([{ hour: "numeric" }, { hour: "2-digit" }], [{}, { minute: "numeric" }, { minute: "2-digit" }], [{}, { hourCycle: "h23" }, { hourCycle: "h12" }, { hourCycle: "h11" }, { hourCycle: "h24" }]),
  ...combine([{ hour: "numeric" }, { hour: "2-digit" }], [{ minute: "2-digit", second: "2-digit" }, { minute: "numeric", second: "numeric" }], [{}, { hourCycle: "h12" }, { hourCycle: "h23" }]),
  { minute: "2-digit" }, { second: "2-digit" }, { minute: "2-digit", second: "2-digit" }, { minute: "numeric", second: "numeric" },
  { hour: "numeric", minute: "numeric", second: "numeric", fractionalSecondDigits: 3 }, { second: "numeric", fractionalSecondDigits: 2 }, { fractionalSecondDigits: 1 }, { minute: "numeric", second: "numeric", fractionalSecondDigits: 1 },
  ...combine([{ month: "long", day: "numeric" }, { year: "numeric", month: "long", day: "numeric" }, { year: "numeric", month: "short", day: "numeric" }, { year: "numeric", month: "2-digit", day: "2-digit" }, { weekday: "long", year: "numeric", month: "long", day: "numeric" }, { weekday: "short" }, { weekday: "long" }, { month: "long" }, { day: "numeric" }], [{ hour: "numeric" }, { hour: "2-digit", minute: "2-digit" }, { hour: "numeric", minute: "numeric", second: "numeric" }, { hour: "numeric", minute: "2-digit", hourCycle: "h12" }, { hour: "numeric", minute: "2-digit", hourCycle: "h23" }, { hour: "numeric", minute: "2-digit", timeZoneName: "short" }]),
  ...combine(["short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric"].map((timeZoneName) => ({ timeZoneName })), ["Asia/Tashkent", "Europe/Moscow", "America/New_York", "Europe/London", "UTC", "Asia/Calcutta", "Asia/Samarkand", "Australia/Lord_Howe", "America/Argentina/Buenos_Aires", "Etc/GMT-5"].map((timeZone) => ({ timeZone })), [{ hour: "numeric" }]),
  { year: "numeric", timeZoneName: "short" }, { timeZoneName: "long" },
  ...combine(["long", "short", "narrow"].map((dayPeriod) => ({ dayPeriod })), [{}, { hour: "numeric" }, { hour: "numeric", hourCycle: "h12" }, { hour: "numeric", minute: "2-digit", hourCycle: "h12" }]),
  ...["Asia/Tashkent", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu"].flatMap((timeZone) => [{ timeZone }, { timeZone, dateStyle: "full", timeStyle: "full" }, { timeZone, dateStyle: "long", timeStyle: "long" }]),
  // Refused.
  { dateStyle: "tiny" }, { dateStyle: "short", year: "numeric" }, { timeStyle: "short", hour: "numeric" }, { year: "long" }, { month: "tiny" }, { timeZone: "Mars/Olympus" }, { timeZone: "" }, { hourCycle: "h13" }, { fractionalSecondDigits: 4 }, { fractionalSecondDigits: 0 }, { timeZoneName: "tiny" }, { calendar: "!" }, { formatMatcher: "x" }, { localeMatcher: "x" }, { weekday: "numeric" },
];
const dates = [];
const dateParts = [];
const dateOptions = [];
for (const given of DATES) {
  // The zone of the run is UTC in the tests.
  for (const locale of LOCALES) {
    const wanted = { timeZone: "UTC", ...given };
    const resolved = attempt(() => new Intl.DateTimeFormat(locale, wanted).resolvedOptions());
    if (locale === "ru" || locale === "en") dateOptions.push([locale, given, resolved]);
    dateParts.push([locale, given, INSTANTS[0], attempt(() => flat(new Intl.DateTimeFormat(locale, wanted).formatToParts(new Date(INSTANTS[0]))))]);
    for (const instant of INSTANTS.slice(1)) dates.push(["format", locale, given, instant, attempt(() => call.format(locale, wanted, new Date(instant)))]);
  }
}
for (const purpose of ["both", "date", "time"]) {
  for (const given of [{}, { year: "numeric" }, { month: "long" }, { hour: "numeric" }, { minute: "2-digit" }, { weekday: "long" }, { weekday: "short", hour: "2-digit" }, { dateStyle: "short" }, { timeStyle: "short" }, { era: "short" }, { timeZoneName: "short" }, { dayPeriod: "short" }, { hourCycle: "h12" }, { fractionalSecondDigits: 3 }]) {
    for (const locale of LOCALES) {
      for (const instant of INSTANTS.slice(0, 1)) dates.push([purpose, locale, given, instant, attempt(() => call[purpose](locale, { timeZone: "UTC", ...given }, new Date(instant)))]);
    }
  }
}
for (const instant of ["0001-01-01T00:00:00Z", "-000001-06-01T00:00:00Z", "0999-05-05T00:00:00Z", "-004000-01-01T00:00:00Z", "1700-01-01T00:00:00Z", "1900-01-01T00:00:00Z"]) {
  for (const locale of LOCALES) {
    for (const given of [{}, { year: "numeric", era: "short", month: "long", day: "numeric" }, { dateStyle: "full" }, { year: "2-digit" }, { timeZone: "Europe/Moscow", timeStyle: "long" }]) {
      dates.push(["format", locale, given, instant, attempt(() => call.format(locale, { timeZone: "UTC", ...given }, new Date(instant)))]);
    }
  }
}
file("dates", dates);
file("date_parts", dateParts);
file("date_options", dateOptions);

// Order: every list is sorted by the collator.
const LISTS = [
  ["zebra", "Apple", "apple", "äpple", "Zoo", "éclair", "eclair", "10", "9", "100", " a", "a b", "a-b", "ab", "A", "a"],
  ["яблоко", "Яблоко", "ёж", "еж", "Ёлка", "ель", "арбуз", "Цех", "щука", "шуба", "ъ", "э", "ы", "zebra", "1", "й", "и", "ї"],
  ["oʻrmon", "o'rmon", "olma", "shahar", "sahar", "chumchuq", "cumul", "gʻoz", "g'oz", "goz", "yoʻl", "yil", "zamon", "ona", "O‘zbekiston", "Ozod", "nga", "nz", "xalq", "hamma"],
  ["file10", "file9", "file1", "file02", "file2", "File3", "file", "1.10", "1.9", "٣"],
  ["co-op", "coop", "CO-OP", "co op", "cöop", "", "-", "!"],
];
const collations = [];
const collatorOptions = [];
for (const options of [{}, { numeric: true }, { sensitivity: "base" }, { sensitivity: "accent" }, { sensitivity: "case" }, { caseFirst: "upper" }, { caseFirst: "lower" }, { ignorePunctuation: true }, { usage: "search" }, { numeric: true, sensitivity: "base" }, { sensitivity: "tiny" }, { usage: "x" }, { caseFirst: "x" }, { collation: "!" }]) {
  for (const locale of [...LOCALES, "ru-u-kn", "en-u-kf-upper", "uz-Latn-UZ"]) {
    if (/^en$|-u-/.test(locale)) collatorOptions.push([locale, options, attempt(() => new Intl.Collator(locale, options).resolvedOptions())]);
    // The sign of each with the next, in the order of code units: it says more than a sorted list.
    for (const list of LISTS) collations.push([locale, options, list, attempt(() => { const { compare } = new Intl.Collator(locale, options); return list.map((a) => list.map((b) => "<=>"[compare(a, b) + 1]).join("")); })]);
  }
}
file("collations", collations);
file("collator_options", collatorOptions);
