// fails: script.never_settled
async function main() {
  await new Promise(() => {});
}
