// For real there is nothing to list.
// returns: true
async function main() {
  return events.publish("order.paid", { id: 1 });
}
