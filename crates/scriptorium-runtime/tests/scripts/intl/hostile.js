// returns: ["1,234.5","$1.00","1/2/1970","5,5","a",-1,"one",["en"],"integer","latn"]
function main() {
  const steal = () => "stolen";
  const collator = new Intl.Collator("en");
  const changed = [Array.prototype, String.prototype, Object.prototype, Number.prototype];
  changed.forEach((prototype) => (prototype.toJSON = steal));
  Array.prototype[Symbol.iterator] = () => { throw new Error("stolen"); };
  String.prototype.trim = String.prototype.includes = String.prototype.toWellFormed = String.prototype.toString = steal;
  Number.prototype.valueOf = Number.prototype.toString = Date.prototype.getTime = steal;
  Map.prototype.get = Map.prototype.set = WeakMap.prototype.get = WeakMap.prototype.set = Set.prototype.has = Set.prototype.add = steal;
  JSON.stringify = JSON.parse = steal;
  Object.defineProperty(Array.prototype, "0", { set() { throw new Error("stolen"); }, configurable: true });
  Object.defineProperty(Object.prototype, "refused", { value: "stolen", configurable: true });
  Object.defineProperty(Object.prototype, "style", { get: () => undefined, configurable: true });
  const shown = [
    (1234.5).toLocaleString("en"),
    new Intl.NumberFormat(["en"], { style: "currency", currency: "USD" }).format(1),
    new Date(864e5).toLocaleDateString("en"),
    [5, 5].toLocaleString("en"),
    ["b", "a"].sort(collator.compare)[0],
    "a".localeCompare("b"),
    new Intl.PluralRules("en").select(1),
    Intl.getCanonicalLocales("EN"),
    new Intl.NumberFormat("en").formatToParts(1)[0].type,
    new Intl.NumberFormat("en").resolvedOptions().numberingSystem,
  ];
  delete Array.prototype[0];
  changed.forEach((prototype) => delete prototype.toJSON);
  return shown;
}
