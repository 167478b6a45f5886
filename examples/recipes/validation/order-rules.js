/**
 * Validation before save.
 *
 * Trigger: the host's hook `order.accept`, in its transaction: what this script objects to is not stored.
 * The tenant's rules are in storage under `order_rules`: { "most": 5000000, "note_from": 1000000 }.
 * Gives nothing to let the order pass, `{ value }` to change it, `{ valid: false, errors }` to refuse it. Every reason
 * is told at once, each with the field it is about, so that a form can show them where they belong.
 */

export default async function beforeSave(order) {
  const rules = (await storage.get("order_rules")) ?? {};
  const errors = [];
  if (rules.most !== undefined && order.total > rules.most) {
    errors.push({ field: "total", message: `The most is ${rules.most}` });
  }
  if (rules.note_from !== undefined && order.total >= rules.note_from && !order.note?.trim()) {
    errors.push({ field: "note", message: "Large orders need a note" });
  }
  const client = await services.clients.get(order.customer_id);
  if (client?.status === "blocked") {
    errors.push({ field: "customer_id", message: `${client.name} is blocked` });
  }
  if (errors.length > 0) return { valid: false, errors };
  // Who does not say when gets it in three days.
  if (!order.delivery_date) {
    const day = utils.date.format(utils.date.addDays(utils.date.now(), 3), "YYYY-MM-DD");
    return { value: { ...order, delivery_date: day } };
  }
}
