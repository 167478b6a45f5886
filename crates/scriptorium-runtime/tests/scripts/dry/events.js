// dry: true
// returns: [true,true,"VALIDATION_ERROR","UNAUTHORIZED_OPERATION"]
// effect: event order.paid {"id":1}
// effect: event order.sent null
async function main() {
  const tried = (type) => events.publish(type).catch((error) => error.code);
  return [
    await events.publish("order.paid", { id: 1 }),
    await events.emit("order.sent"),
    await tried("Not A Type"),
    await tried("jsruntime.script.created"),
  ];
}
