// id: A08
// returns: ["nothing","string","string"]
let seen = "nothing";
Error.prepareStackTrace = (_, sites) => {
  seen = typeof sites[0].getFunction;
  return sites;
};
async function main() {
  const stacks = [];
  try { utils.date.parse("never"); } catch (error) { stacks.push(typeof error.stack); }
  try { await services.demo.refuse(); } catch (error) { stacks.push(typeof error.stack); }
  return [seen, ...stacks];
}
