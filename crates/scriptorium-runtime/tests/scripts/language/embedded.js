// kind: embedded
// input: {"items":[]}
// returns: {"valid":true}
async function validateOrder(order) {
  return { valid: order.items.length === 0 };
}
