// log: info text 1 true
// log: info again
// log: warn careful
// log: error broken
// log: debug detail
function main() {
  console.log("text", 1, true);
  console.info("again");
  console.warn("careful");
  console.error("broken");
  console.debug("detail");
}
