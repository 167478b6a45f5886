/**
 * Approval workflow, first half: asks.
 *
 * Trigger: the event `order.accepted` with the order's `id` and `total`.
 * Needs the secret `approval_key`, and in storage `approval`: { "from": 1000000, "to": "boss@example.com",
 * "url": "https://erp.example.com/t/acme/api/scripts" }.
 * Smaller orders are processed at once. For the others somebody gets a link that is good for three days; what it
 * says is signed, so that nobody can make one up. The second half is `decide-approval`.
 */

const THREE_DAYS = 3 * 24 * 60 * 60;

export default async function handleEvent(event) {
  const { id, total } = event.data;
  const rules = await storage.get("approval");
  if (!rules) throw new Error("storage has no approval with { from, to, url }");
  const order = await services.orders.get(id);
  if (order?.status !== "new") return { result: "nothing to decide" };
  if (total < rules.from) {
    await services.orders.process(id);
    return { result: "processed" };
  }

  await storage.set(`approval:${id}`, { state: "open" }, THREE_DAYS);
  const key = await secrets.get("approval_key");
  const token = utils.jwt.sign({ order: id }, key, { expiresIn: THREE_DAYS, audience: "approval" });
  await services.notifications.sendEmail({
    to: rules.to,
    subject: `Order ${order.number} needs your approval`,
    body: `Order ${order.number} comes to ${total}.\n\nDecide here:\n${rules.url}/approvals/${token}\n`,
    metadata: { order: id },
  });
  return { result: "asked" };
}
