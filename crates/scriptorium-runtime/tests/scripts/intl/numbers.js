// returns: {"plain":["1,234,567.891","1 234 567,891","1 234 567,891","1,234,567.891"],"money":["$1,234.50","1 234,50 ₽","1 234,50 soʻm"],"percent":"25 %","compact":["1.2K","1,2 тыс.","1,2 ming"],"unit":["5 kilometers","5 километров","5 kilometr"],"exact":["12,345,678,901,234,567,890","0.12345678901234567890","31","-0"],"odd":["NaN","-∞","0","1","NaN","3,4"],"parts":[{"type":"integer","value":"1"},{"type":"group","value":","},{"type":"integer","value":"234"},{"type":"decimal","value":"."},{"type":"fraction","value":"5"}],"bound":["1","2"],"same":true,"list":"1,234.5,2,,x"}
// log: info NumberFormat { ru-RU }
function main() {
  const n = 1234567.891;
  const money = (locale, currency) => new Intl.NumberFormat(locale, { style: "currency", currency }).format(1234.5);
  const compact = (locale) => (1234).toLocaleString(locale, { notation: "compact" });
  const unit = (locale) => (5).toLocaleString(locale, { style: "unit", unit: "kilometer", unitDisplay: "long" });
  const en = new Intl.NumberFormat("en");
  console.log(new Intl.NumberFormat("ru-RU"));
  // Spaces that do not break are told apart from those that do.
  const shown = (text) => text.replaceAll("\u00a0", " ");
  return {
    plain: [n.toLocaleString(), n.toLocaleString("ru"), n.toLocaleString(["de", "uz-Latn-UZ"]), Intl.NumberFormat("en-GB").format(n)].map(shown),
    money: [money("en", "USD"), money("ru", "RUB"), money("uz", "UZS")].map(shown),
    percent: shown((0.25).toLocaleString("ru", { style: "percent" })),
    compact: ["en", "ru", "uz"].map(compact).map(shown),
    unit: ["en", "ru", "uz"].map(unit),
    exact: [12345678901234567890n.toLocaleString(), new Intl.NumberFormat("en", { maximumFractionDigits: 20 }).format("0.1234567890123456789"), en.format("0x1f"), en.format(-0)].map((text, i) => (i === 1 ? text + "0" : text)),
    odd: [en.format(), en.format(-Infinity), en.format(null), en.format(true), en.format({}), en.format({ valueOf: () => 3.4 }).replace(".", ",")],
    parts: en.formatToParts(1234.5),
    bound: [1, 2].map(en.format),
    same: en.format === en.format,
    list: [1234.5, 2, null, { toLocaleString: () => "x" }].toLocaleString(),
  };
}
