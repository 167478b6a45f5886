// kind: event
// input: {"id":1}
// success: ["order.created",{"id":1}]
const call = () => {
  const { type, payload } = events.current();
  return [type, payload];
};
