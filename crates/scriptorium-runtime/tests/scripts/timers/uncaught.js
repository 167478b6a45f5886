// returns: "went on"
// log: error not caught in a timer: Error: in a timer\n    at <anonymous> (script:9:34)
// log: error not caught in a microtask: text
// log: warn rejected, and nothing handled it: TypeError: later
async function main() {
  await new Promise((done) => {
    setTimeout(done, 3);
    setTimeout(async () => { throw new TypeError("later"); }, 2);
    setTimeout(() => { throw new Error("in a timer"); }, 1);
  });
  await new Promise((done) => { queueMicrotask(() => { done(); throw "text"; }); });
  return "went on";
}
