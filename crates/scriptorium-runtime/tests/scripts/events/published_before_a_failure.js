// fails: script.threw
// message: Error: after
// at: 7:13
// event: order.created 1
async function main() {
  await events.publish("order.created", 1);
  throw new Error("after");
}
