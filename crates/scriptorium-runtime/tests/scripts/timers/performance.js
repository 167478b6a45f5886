// returns: [true,true,true,true,"TypeError"]
"use strict";
function main() {
  const before = performance.now();
  const after = performance.now();
  let refused;
  try {
    performance.now = () => 1;
  } catch (error) {
    refused = error.name;
  }
  // The clock of the tests stands still.
  return [Number.isInteger(before), before >= 0, after >= before, Date.now() - performance.timeOrigin === performance.now(), refused];
}
export default main;
