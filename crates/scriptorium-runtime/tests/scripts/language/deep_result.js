// fails: script.bad_result
// message: deeper
function main() {
  return JSON.parse("[".repeat(200) + "]".repeat(200));
}
