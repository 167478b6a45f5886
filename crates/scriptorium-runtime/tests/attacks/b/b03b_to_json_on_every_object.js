// id: B03b
// fails: script.threw
// message: the arguments are not JSON
// leaves: {"a":1}
// Who changes how every list is written gets nothing across, and only in this run.
async function main(input) {
  if (input === "look") return { a: 1 };
  Object.prototype.toJSON = () => "mine";
  await events.publish("order.created", { a: 1 });
  return { a: 1 };
}
