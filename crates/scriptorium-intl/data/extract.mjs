// Writes the tables of this folder from CLDR's JSON: what ICU4X has no stable interface for (currencies,
// units, compact numbers) and the patterns of dates, which ECMA-402 lets a script combine freely.
//
//   npm install cldr-core@48.0.0 cldr-dates-full@48.0.0 cldr-numbers-full@48.0.0 cldr-units-full@48.0.0
//   node extract.mjs <the folder with node_modules>
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const LOCALES = ["en", "en-GB", "ru", "uz"];
// The units that ECMA-402 sanctions.
const UNITS = `acre bit byte celsius centimeter day degree fahrenheit fluid-ounce foot gallon gigabit gigabyte gram
  hectare hour inch kilobit kilobyte kilogram kilometer liter megabit megabyte meter microsecond mile
  mile-scandinavian milliliter millimeter millisecond minute month nanosecond ounce percent petabyte pound second
  stone terabit terabyte week yard year kilometer-per-hour mile-per-hour meter-per-second liter-per-kilometer
  mile-per-gallon`.split(/\s+/);
const COUNTS = ["one", "few", "many", "other"];

const root = process.argv[2] ?? ".";
const read = (path) => JSON.parse(readFileSync(join(root, "node_modules", path), "utf8"));
const main = (bundle, locale, file) => read(`${bundle}/main/${locale}/${file}.json`).main[locale];
const pick = (object, names) => Object.fromEntries(names.filter((name) => name in object).map((name) => [name, object[name]]));
const without = (object, test) => Object.fromEntries(Object.entries(object).filter(([key]) => !test(key)));

// { one: "…", other: "…" } of `prefix-count-one` and its like.
const counts = (object, prefix) => {
  const found = {};
  for (const count of COUNTS) if (`${prefix}-count-${count}` in object) found[count] = object[`${prefix}-count-${count}`];
  return found;
};

// By power of ten: the pattern of each plural category.
const compact = (formats, end = "") => {
  const table = [];
  for (let power = 3; power <= 14; power++) {
    const found = {};
    for (const count of COUNTS) {
      const pattern = formats[`1${"0".repeat(power)}-count-${count}${end}`] ?? formats[`1${"0".repeat(power)}-count-${count}`];
      if (pattern !== undefined) found[count] = pattern;
    }
    table.push(found);
  }
  return table;
};

const numbers = (locale) => {
  const all = main("cldr-numbers-full", locale, "numbers").numbers;
  const symbols = all["symbols-numberSystem-latn"];
  const decimal = all["decimalFormats-numberSystem-latn"];
  const currency = all["currencyFormats-numberSystem-latn"];
  return {
    symbols: pick(symbols, ["plusSign", "minusSign", "percentSign", "exponential", "infinity", "nan"]),
    percent: all["percentFormats-numberSystem-latn"].standard,
    currency: currency.standard,
    accounting: currency.accounting,
    currencySpacing: currency.currencySpacing.beforeCurrency.insertBetween,
    currencyNames: counts(currency, "unitPattern"),
    compactLong: compact(decimal.long.decimalFormat),
    compactShort: compact(decimal.short.decimalFormat),
    compactCurrency: compact(currency.short.standard),
    compactCurrencyLetters: compact(currency.short.standard, "-alt-alphaNextToNumber"),
  };
};

const currencies = (locale) => {
  const all = main("cldr-numbers-full", locale, "currencies").numbers.currencies;
  const table = {};
  for (const [code, item] of Object.entries(all)) {
    const names = counts(item, "displayName");
    const row = { name: item.displayName ?? code };
    if (Object.keys(names).length > 0) row.names = names;
    if (item.symbol !== undefined && item.symbol !== code) row.symbol = item.symbol;
    if (item["symbol-alt-narrow"] !== undefined) row.narrow = item["symbol-alt-narrow"];
    table[code] = row;
  }
  return table;
};

const units = (locale) => {
  const all = main("cldr-units-full", locale, "units").units;
  const table = {};
  for (const width of ["long", "short", "narrow"]) {
    for (const [key, item] of Object.entries(all[width])) {
      const unit = UNITS.find((unit) => key.endsWith(`-${unit}`) && !key.startsWith("10") && key.split("-").length === unit.split("-").length + 1);
      if (unit === undefined) continue;
      const row = counts(item, "unitPattern");
      if (item.perUnitPattern !== undefined) row.per = item.perUnitPattern;
      (table[unit] ??= {})[width] = row;
    }
  }
  table.per = Object.fromEntries(["long", "short", "narrow"].map((width) => [width, { other: all[width].per.compoundUnitPattern }]));
  return table;
};

const dates = (locale) => {
  const all = main("cldr-dates-full", locale, "ca-gregorian").dates.calendars.gregorian;
  const alternative = (key) => key.includes("-alt-") || key.includes("-count-");
  return {
    date: without(all.dateFormats, alternative),
    time: without(all.timeFormats, alternative),
    glue: all["dateTimeFormats-atTime"].standard,
    available: without(all.dateTimeFormats.availableFormats, alternative),
    append: pick(all.dateTimeFormats.appendItems, ["Era", "Year", "Month", "Day-Of-Week", "Day", "Hour", "Minute", "Second", "Timezone"]),
    fields: Object.fromEntries(
      Object.entries(main("cldr-dates-full", locale, "dateFields").dates.fields)
        .filter(([name]) => ["era", "year", "month", "weekday", "day", "hour", "minute", "second", "zone"].includes(name))
        .map(([name, field]) => [name, field.displayName]),
    ),
    dayPeriods: Object.fromEntries(
      ["abbreviated", "wide", "narrow"].map((width) => [width, without(all.dayPeriods.format[width], alternative)]),
    ),
  };
};

const write = (name, value) => writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(value, null, 1)}\n`);
for (const locale of LOCALES) {
  write(locale, { numbers: numbers(locale), currencies: currencies(locale), units: units(locale), dates: dates(locale) });
}
const fractions = read("cldr-core/supplemental/currencyData.json").supplemental.currencyData.fractions;
const rules = read("cldr-core/supplemental/dayPeriods.json").supplemental.dayPeriodRuleSet;
const unlike = Object.entries(fractions).filter(([code, { _digits }]) => code !== "DEFAULT" && _digits !== "2");
write("shared", {
  currencyDigits: Object.fromEntries(unlike.map(([code, { _digits }]) => [code, Number(_digits)])),
  dayPeriods: pick(rules, ["en", "ru", "uz"]),
});
