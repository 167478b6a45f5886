// event: order.created {"id":1}
// success: true
// tenant: ["VALIDATION_ERROR key","VALIDATION_ERROR type","true"]
// arguments: ["VALIDATION_ERROR type","UNAUTHORIZED_OPERATION type","VALIDATION_ERROR data","VALIDATION_ERROR key"]
const call = () => events.emit("order.created", { id: 1 });
const wrong = [
  () => events.emit(7),
  () => events.emit("scriptorium.x"),
  () => events.emit("order.created", "x".repeat(300_000)),
  () => events.emit("order.created", 1, "x".repeat(300)),
];
const named = [(name) => events.emit(name, "ours"), (name) => events.emit("order.created", "ours", name)];
