// fails: script.threw
// message: bad key ***
async function main() {
  throw new Error(`bad key ${await secrets.get("stripe")}`);
}
