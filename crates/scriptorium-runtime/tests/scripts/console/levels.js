// log: info text 1 true
// log: info again
// log: warn careful
// log: error broken
// log: debug detail
// log: progress 3 of 10 {"done":3,"total":10}
// log: progress almost {"done":9,"total":10}
// log: progress 5 {"done":5}
function main() {
  console.log("text", 1, true);
  console.info("again");
  console.warn("careful");
  console.error("broken");
  console.debug("detail");
  console.progress(3, 10);
  console.progress(9, 10, "almost");
  console.progress(5);
}
