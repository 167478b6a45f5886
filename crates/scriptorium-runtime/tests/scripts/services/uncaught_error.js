// fails: script.threw
// message: there is none left
async function main() {
  await services.demo.refuse();
}
