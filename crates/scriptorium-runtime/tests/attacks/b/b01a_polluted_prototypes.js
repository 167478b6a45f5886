// id: B01a
// returns: "done"
// leaves: []
function main(input) {
  const objects = { Object, Array, Promise, String, Number, Map, Error, RegExp };
  if (input !== "look") {
    for (const name in objects) objects[name].prototype.polluted = "by the last run";
    Object.prototype.admin = true;
    Promise.prototype.then = JSON.parse = String.prototype.replace = Array.prototype.push = function stolen() { return "stolen"; };
    return "done";
  }
  const found = Object.keys(objects).filter((name) => "polluted" in objects[name].prototype || "admin" in {});
  for (const made of [Promise.prototype.then, JSON.parse, String.prototype.replace, Array.prototype.push]) if (made.name === "stolen") found.push("stolen");
  return found;
}
