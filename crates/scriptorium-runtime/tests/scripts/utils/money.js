// returns: ["12.35","12","12.346",1234,500,"12.34","500",["33.34","33.33","33.33"],["0.05","0.00","0.05"],["-33.34","-33.33","-33.33"]]
function main() {
  const m = utils.money;
  return [
    m.round("12.345", "USD"), m.round("12.345", "JPY"), m.round("12.3456", "KWD"), m.toMinor("12.34", "UZS"), m.toMinor(500, "JPY"),
    m.fromMinor(1234, "EUR"), m.fromMinor(500, "JPY"), m.allocate("100", [1, 1, 1], "USD"), m.allocate("0.10", [1, 0, 1], "USD"),
    m.allocate("-100", [1, 1, 1], "USD"),
  ];
}
