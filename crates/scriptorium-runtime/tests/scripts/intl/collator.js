// returns: {"ru":["арбуз","еж","ёж","ель","щука","яблоко"],"uz":["goz","ona","sahar","oʻrmon","gʻoz","shahar","chumchuq"],"numeric":["file2","file10"],"plain":["file10","file2"],"signs":[0,-1,1,0,-1],"base":0,"same":true,"long":[-1,0],"cut":0,"longest":[-1,1,0,-1]}
function main() {
  const long = "я".repeat(5000);
  const longest = "я".repeat(90000);
  const { compare } = new Intl.Collator("en", { sensitivity: "base" });
  const collator = new Intl.Collator("ru");
  return {
    ru: ["яблоко", "ель", "щука", "ёж", "арбуз", "еж"].sort(new Intl.Collator("ru").compare),
    uz: ["shahar", "sahar", "oʻrmon", "ona", "gʻoz", "goz", "chumchuq"].sort((a, b) => a.localeCompare(b, "uz")),
    numeric: ["file10", "file2"].sort(new Intl.Collator("en", { numeric: true }).compare),
    plain: ["file2", "file10"].sort(Intl.Collator("en").compare),
    signs: ["a".localeCompare("a"), "a".localeCompare("b"), "b".localeCompare("A"), "é".localeCompare("e\u0301"), "a".localeCompare("B", "ru")],
    base: compare("Résumé", "resume"),
    same: collator.compare === collator.compare,
    long: [collator.compare(long, long + "а"), collator.compare(long + "x", `${long}x`)],
    // Half a character is compared as the sign for what is none.
    cut: compare("\ud800", "\ufffd"),
    longest: [
      collator.compare(longest, `${longest}а`),
      collator.compare(`${longest}б`, `${longest}а`),
      collator.compare(`${longest}а`, `${longest}а`),
      collator.compare(`а${longest}`, longest),
    ],
  };
}
