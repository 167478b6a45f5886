/**
 * Stripe-style webhook to a client record.
 *
 * Trigger: POST /api/scripts/webhooks/stripe, signed. The platform checks `Stripe-Signature`, its five minutes,
 * and that a request does not come twice, before this script begins.
 * `customer.created` and `customer.updated` make a client record or change it; the customer's id is remembered in
 * storage. Events may come out of order: one that is older than what was last taken over changes nothing.
 */

export default async function handleRequest(req) {
  const event = req.body;
  const customer = event?.data?.object;
  if (typeof event?.type !== "string" || typeof customer?.id !== "string") {
    return { status: 400, body: { error: "not an event" } };
  }
  if (!["customer.created", "customer.updated"].includes(event.type)) {
    return { status: 200, body: { result: "ignored" } };
  }
  const key = `stripe_customer:${customer.id}`;
  const known = await storage.get(key);
  if (known && known.created > event.created) {
    console.info(`${event.id} is older than what is here`);
    return { status: 200, body: { result: "outdated" } };
  }
  const data = {
    name: customer.name ?? customer.email ?? customer.id,
    phone: customer.phone ?? "+10000000000",
    email: customer.email ?? null,
  };
  const client = known
    ? await services.clients.update(known.client, data)
    : await services.clients.create(data);
  await storage.set(key, { client: client.id, created: event.created });
  console.info(`${customer.id} is client ${client.id}`);
  return { status: 200, body: { result: known ? "updated" : "created", client: client.id } };
}
