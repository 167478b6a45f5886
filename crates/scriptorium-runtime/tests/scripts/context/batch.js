// kind: batch
// input: [{"order":7},{"order":8}]
// returns: {"first":["order.created",7,true],"all":[7,8],"ids":["00000000-0000-0000-0000-000000000007","00000000-0000-0000-0000-000000000008"],"single":true,"context":[true,2,7],"frozen":true,"written":["attempt","id","source","timestamp","type","data","payload","batch"]}
export default function handleEvent(event, ctx) {
  const current = events.current();
  return {
    first: [event.type, event.payload.order, event.payload === event.data],
    all: event.batch.map((one) => one.payload.order),
    ids: event.batch.map((one) => one.id),
    single: event.batch.every((one) => one.batch === undefined && one.attempt === 1),
    context: [current === ctx.event, current.batch.length, ctx.trigger.eventPayload.order],
    frozen: Object.isFrozen(current.batch[1].payload),
    written: Object.keys(JSON.parse(JSON.stringify(event))),
  };
}
