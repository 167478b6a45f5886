// returns: {"names":["Collator","DateTimeFormat","NumberFormat","PluralRules","Symbol(Symbol.toStringTag)","getCanonicalLocales"],"tags":["[object Intl]","[object Intl.NumberFormat]"],"called":[true,true,true],"sub":[true,"1,5"],"supported":[["ru-KZ"],[]],"canonical":["uz-Latn-UZ","en-GB"],"writable":false,"enumerable":0,"resolved":["decimal",0,3,"auto"],"fresh":true,"circular":"1,,2","replaced":"mine"}
function main() {
  class Mine extends Intl.NumberFormat {
    format1(n) {
      return this.format(n);
    }
  }
  const mine = new Mine("ru");
  const { style, minimumFractionDigits, maximumFractionDigits, useGrouping } = mine.resolvedOptions();
  const circular = [1];
  circular.push(circular, 2);
  const shown = {
    names: Reflect.ownKeys(Intl).map(String).sort(),
    tags: [`${Intl}`, Object.prototype.toString.call(mine)],
    called: [Intl.NumberFormat() instanceof Intl.NumberFormat, Intl.DateTimeFormat() instanceof Intl.DateTimeFormat, Intl.Collator() instanceof Intl.Collator],
    sub: [mine instanceof Mine, mine.format1(1.5)],
    supported: [Intl.NumberFormat.supportedLocalesOf(["de", "ru-KZ"]), Intl.Collator.supportedLocalesOf("fr")],
    canonical: Intl.getCanonicalLocales(["uz-latn-uz", "EN-gb", "en-GB"]),
    writable: Object.getOwnPropertyDescriptor(Intl.NumberFormat, "prototype").writable,
    enumerable: Object.keys(Intl).length + Object.keys(Intl.NumberFormat.prototype).length + Object.keys(Number.prototype).length,
    resolved: [style, minimumFractionDigits, maximumFractionDigits, useGrouping],
    fresh: mine.resolvedOptions() !== mine.resolvedOptions(),
    circular: circular.toLocaleString(),
  };
  Number.prototype.toLocaleString = () => "mine";
  shown.replaced = (1).toLocaleString();
  return shown;
}
