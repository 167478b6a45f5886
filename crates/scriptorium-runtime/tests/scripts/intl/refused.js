// returns: ["RangeError","RangeError","TypeError","TypeError","RangeError","RangeError","TypeError","TypeError","RangeError","TypeError","RangeError","TypeError","TypeError","TypeError","TypeError","RangeError","RangeError","RangeError","RangeError","TypeError","TypeError","TypeError","RangeError","RangeError","TypeError","TypeError","TypeError","TypeError","RangeError","TypeError","RangeError","TypeError","TypeError","TypeError","Error","RangeError"]
function main() {
  const attempts = [
    () => new Intl.NumberFormat("not a tag"),
    () => new Intl.NumberFormat("en", { style: "money" }),
    () => new Intl.NumberFormat("en", { style: "currency" }),
    () => new Intl.NumberFormat("en", null),
    () => new Intl.NumberFormat("en", { minimumFractionDigits: 101 }),
    () => new Intl.NumberFormat("en", { minimumFractionDigits: NaN }),
    () => new Intl.NumberFormat(null),
    () => new Intl.NumberFormat([1]),
    () => new Intl.NumberFormat("en", { currency: "dollars" }),
    () => new Intl.NumberFormat("en", { style: Symbol() }),
    () => (1).toLocaleString("en_US"),
    () => Number.prototype.toLocaleString.call("1"),
    () => BigInt.prototype.toLocaleString.call(1),
    () => Date.prototype.toLocaleString.call({}),
    () => new Intl.DateTimeFormat("en", { dateStyle: "short", year: "numeric" }),
    () => new Intl.DateTimeFormat("en", { timeZone: "Mars/Olympus" }),
    () => new Intl.DateTimeFormat("en").format(NaN),
    () => new Intl.DateTimeFormat("en").format(9e15),
    () => new Intl.DateTimeFormat("en", { month: "tiny" }),
    () => new Date().toLocaleDateString("en", { timeStyle: "short" }),
    () => new Date().toLocaleTimeString("en", { dateStyle: "short" }),
    () => Intl.PluralRules("en"),
    () => new Intl.PluralRules("en", { type: "x" }),
    () => new Intl.Collator("en", { sensitivity: "x" }),
    () => new Intl.Collator("en").compare(Symbol(), "a"),
    () => String.prototype.localeCompare.call(null, "a"),
    () => Intl.NumberFormat.prototype.resolvedOptions.call({}),
    () => Intl.NumberFormat.prototype.formatToParts.call(new Intl.DateTimeFormat(), 1),
    () => Intl.getCanonicalLocales("x_y"),
    () => Intl.getCanonicalLocales([{}, 5]),
    () => Intl.NumberFormat.supportedLocalesOf("en", { localeMatcher: "x" }),
    () => new Intl.NumberFormat("en").format(Symbol()),
    () => new Intl.PluralRules("en").select(1n),
    () => Object.getOwnPropertyDescriptor(Intl.Collator.prototype, "compare").get.call({}),
    () => new Intl.NumberFormat("en", { style: "x".repeat(1e5) }),
    () => new Intl.NumberFormat("en").format("9".repeat(3e4)),
  ];
  return attempts.map((attempt) => {
    try {
      return attempt();
    } catch (error) {
      return error.name;
    }
  });
}
