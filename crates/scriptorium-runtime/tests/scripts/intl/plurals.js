// returns: {"en":["one","other","other"],"ru":["one","few","many","many","one","other"],"uz":["one","other"],"ordinal":["one","two","few","other","other"],"categories":["few","many","one","other"],"words":["1 рубль","2 рубля","5 рублей"]}
function main() {
  const of = (locale, numbers, options) => numbers.map((n) => new Intl.PluralRules(locale, options).select(n));
  const rules = new Intl.PluralRules("ru");
  const forms = { one: "рубль", few: "рубля", many: "рублей" };
  return {
    en: of("en", [1, 2, 1.5]),
    ru: of("ru", [1, 2, 5, 11, 21, 1.5]),
    uz: of("uz", [1, 5]),
    ordinal: of("en", [1, 2, 3, 4, 11], { type: "ordinal" }),
    categories: rules.resolvedOptions().pluralCategories.sort(),
    words: [1, 2, 5].map((n) => `${n} ${forms[rules.select(n)]}`),
  };
}
