// returns: [true,true,true]
// event: order.created {"id":7}
// event: order.paid null
// event: order.sent "x"
async function main() {
  return [
    await events.publish("order.created", { id: 7 }),
    await events.emit("order.paid"),
    await ctx.events.publish("order.sent", "x"),
  ];
}
