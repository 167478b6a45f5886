// returns: "at once"
// log: info before
function main() {
  console.log("before");
  setTimeout(() => console.log("never"), 1);
  return "at once";
}
