// kind: event
// input: {"order":7}
// returns: {"event":["order.created",7,true,1],"context":["order.created",7,"order.created",7],"input":{"order":7},"current":true}
async function handleEvent(event, ctx) {
  return {
    event: [event.type, event.data.order, event.payload === event.data, event.attempt],
    context: [context.trigger.eventType, context.trigger.eventPayload.order, ctx.event.type, ctx.event.payload.order],
    input: context.input,
    current: events.current() === context.event,
  };
}
