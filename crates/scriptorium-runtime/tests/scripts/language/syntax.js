// fails: script.syntax
// at: 4:13
function main() {
  return 1 +;
}
