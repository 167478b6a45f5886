// id: A01c
// kind: event
// input: {"order":{"lines":[1]}}
// returns: [5,0]
const name = ["con", "structor"].join("");
function handleEvent(event, ctx) {
  let compiled = 0, tried = 0;
  for (const value of [event, event.data, event.payload.order.lines, ctx.event, events.current()]) {
    try { tried++; value[name][name]("return this")(); compiled++; } catch {}
  }
  return [tried, compiled];
}
