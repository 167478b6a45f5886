// fails: script.threw
// message: not a function
async function main() {
  return services.demo.missing();
}
