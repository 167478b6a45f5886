// fails: script.never_settled
// log: info rang
async function main() {
  setTimeout(() => console.log("rang"), 1);
  await new Promise(() => {});
}
