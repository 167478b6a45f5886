// id: C07b
// returns: ["NaN VVV","Infinity VVV","-Infinity VVV","-1 VVD","9007199254740994 VVV","1e+308 VVV","0.5 VVV","Invalid Date GVV"]
// Times to live, lengths, days: V is refused, D a date, G given. A date that is none is an argument that was not given.
async function main() {
  const told = [];
  for (const value of [NaN, Infinity, -Infinity, -1, 2 ** 53 + 2, 1e308, 0.5, new Date(NaN)]) {
    let letters = "";
    for (const call of [() => storage.set("k", 1, value), () => utils.crypto.randomBytes(value), () => utils.date.addDays(0, value)]) {
      try { letters += (await call()) instanceof Date ? "D" : "G"; } catch (error) { letters += error.code === "VALIDATION_ERROR" ? "V" : error.name; }
    }
    told.push(`${value} ${letters}`);
  }
  return told;
}
