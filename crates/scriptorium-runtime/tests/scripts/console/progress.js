// progress: 9.5 of 10 almost there
// log: info the only line
// returns: "undefined"
function main() {
  console.progress(3, 10);
  console.progress(4);
  console.log("the only line");
  console.progress(9.5, 10, "  almost\nthere ");
  return typeof console.progress(9.5, 10, "almost there");
}
