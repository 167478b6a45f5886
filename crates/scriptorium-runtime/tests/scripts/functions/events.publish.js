// event: order.created {"id":1}
// success: true
// tenant: ["VALIDATION_ERROR key","VALIDATION_ERROR type","true"]
// arguments: ["VALIDATION_ERROR type","VALIDATION_ERROR type","UNAUTHORIZED_OPERATION type","VALIDATION_ERROR data","VALIDATION_ERROR key"]
const call = () => events.publish("order.created", { id: 1 }, "o1");
const wrong = [
  () => events.publish(),
  () => events.publish("Order"),
  () => events.publish("jsruntime.script.created"),
  () => events.publish("order.created", "x".repeat(300_000)),
  () => events.publish("order.created", 1, 7),
];
const named = [(name) => events.publish(name, "ours"), (name) => events.publish("order.created", "ours", name)];
