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
const flat = (parts) => parts.flatMap(({ type, value }) => [type, value]);

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
