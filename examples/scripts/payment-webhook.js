/**
 * Payment webhook: a payment provider tells us that an invoice was paid.
 *
 * Trigger: POST /api/scripts/webhooks/payments, public. Nobody signs in here; the signature decides.
 * The header `X-Payment-Signature` holds the HMAC-SHA256 of the raw body in hexadecimal, keyed with
 * the secret that we share with the provider: storage key `payment_webhook_secret`.
 *
 * Body: { "id": "evt_1", "created": "<instant>", "type": "payment.succeeded",
 *         "data": { "invoice": "INV-1001", "amount": 150000 } }
 * Each delivery takes effect once, and only within five minutes of its making: a recorded request
 * that is sent again changes nothing.
 */

const TOLERANCE_MS = 5 * 60 * 1000;
const REMEMBER_SECONDS = 24 * 60 * 60;

async function handleRequest(req) {
  const secret = await storage.get("payment_webhook_secret");
  if (!secret) return answer(503, { error: "no secret is configured" });

  const expected = utils.crypto.hmac(req.rawBody, secret, "sha256");
  const given = req.headers["x-payment-signature"] ?? "";
  if (!utils.crypto.timingSafeEqual(given, expected)) {
    console.warn("refused: the signature does not match");
    return answer(401, { error: "the signature does not match" });
  }

  const delivery = req.body;
  if (!isDelivery(delivery)) return answer(400, { error: "not a delivery" });
  const age = Math.abs(utils.date.now().getTime() - new Date(delivery.created).getTime());
  if (!(age <= TOLERANCE_MS)) return answer(401, { error: "the delivery is too old" });

  const seen = `payment_delivery:${delivery.id}`;
  if (await storage.get(seen)) {
    console.info(`delivery ${delivery.id} was here before`);
    return answer(200, { result: "duplicate" });
  }
  const result = delivery.type === "payment.succeeded" ? await settle(delivery) : "ignored";
  await storage.set(seen, { result }, REMEMBER_SECONDS);
  return answer(200, { result });
}

/** Marks the invoice as paid; what does not fit is recorded for a person to look at. */
async function settle({ id, data }) {
  const [invoice] = await services.invoices.list({
    filters: [{ field: "number", operator: "eq", value: data.invoice }],
    limit: 1,
  });
  if (!invoice || invoice.status !== "open" || invoice.amount !== data.amount) {
    console.warn(`payment ${id} fits no open invoice`, data);
    await events.publish("payment.unmatched", { delivery: id, ...data });
    return "unmatched";
  }
  await services.invoices.markPaid(invoice.id, { reference: id });
  await events.publish("invoice.paid", { invoice: invoice.number, amount: invoice.amount });
  console.info(`invoice ${invoice.number} is paid`);
  return "paid";
}

function isDelivery(value) {
  return (
    typeof value?.id === "string" &&
    /^[\w-]{1,64}$/.test(value.id) &&
    typeof value.created === "string" &&
    typeof value.type === "string" &&
    typeof value.data?.invoice === "string" &&
    typeof value.data?.amount === "number"
  );
}

function answer(status, body) {
  return { status, body };
}
