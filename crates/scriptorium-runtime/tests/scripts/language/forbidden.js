// fails: script.forbidden
// message: eval
function main() {
  return eval("1");
}
