// returns: [2,false,1]
async function main() {
  const both = await secrets.all("rotated");
  return [both.length, both[0] === both[1], (await secrets.all("stripe")).length];
}
