// fails: script.threw
// message: just text
function main() {
  throw "just text";
}
