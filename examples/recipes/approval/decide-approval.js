/**
 * Approval workflow, second half: decides.
 *
 * Trigger: GET and POST /api/scripts/approvals/{token}, public; the token decides.
 * GET shows two buttons and changes nothing: programs that look through mail open every link in it. POST with
 * `decision=approve` or `decision=refuse` decides, once: who comes second is told what was decided.
 */

export default async function handleRequest(req) {
  const key = await secrets.get("approval_key");
  let order;
  try {
    ({ order } = utils.jwt.verify(req.params.token, key, { audience: "approval" }));
  } catch {
    return page(403, "This link is no longer good.");
  }
  const mark = `approval:${order}`;
  const found = await storage.get(mark);
  if (!found) return page(410, "There is nothing to decide any more.");
  if (found.state !== "open") return page(200, `It was decided before: ${found.state}.`);
  if (req.method === "GET") {
    return page(200, "", `<form method="post"><button name="decision" value="approve">Approve</button>
      <button name="decision" value="refuse">Refuse</button></form>`);
  }

  const decision = { approve: "approved", refuse: "refused" }[req.body?.decision];
  if (!decision) return page(400, "Approve or refuse.");
  // Two who press at once: one of them decides.
  if (!(await storage.compareAndSet(mark, found, { state: decision }))) {
    return page(409, "Somebody else is deciding right now.");
  }
  if (decision === "approved") await services.orders.process(order);
  else await services.orders.cancel(order);
  await events.publish("order.decided", { order, decision });
  return page(200, `The order is ${decision}.`);
}

function page(status, text, form = "") {
  const body = `<!doctype html><title>Approval</title><p>${text}</p>${form}`;
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body };
}
