// returns: ["0.3","0.1","3.00","0.33333333333333333333","0.33","2.5","-1","1","0","12.35","12.34","2","3","-2","6.6","5","0.1"]
function main() {
  const d = utils.decimal;
  return [
    d.add("0.1", "0.2"), d.subtract("0.3", 0.2), d.multiply("1.5", "2.00").slice(0, 4), d.divide(1, 3), d.divide("1", "3", 2), d.divide(5, 2),
    String(d.compare("1", "2")), String(d.compare("2.10", "2.1") + 1), String(d.compare(1, "1.0")),
    d.round("12.345", 2), d.round("12.345", 2, "halfEven"), d.round("2.5", 0, "down"), d.round("2.1", 0, "ceiling"), d.round("-1.5"),
    d.sum(["1.1", 2.2, "3.3"]), d.abs("-5"), d.add("1e-1", 0),
  ];
}
