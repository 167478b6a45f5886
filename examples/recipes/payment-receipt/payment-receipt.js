/**
 * Payment receipt by e-mail.
 *
 * Trigger: the event `invoice.paid` with { invoice: "INV-1001" }.
 * Needs the templates `receipt` and `receipt.html`, and a mail server of the operator's.
 * When the script fails it is tried again, and sends once all the same: messages leave with the attempt that
 * counts. The same event published twice would be two receipts; the mark in storage says that there was one.
 */

export default async function handleEvent(event) {
  const [invoice] = await services.invoices.list({
    filters: [{ field: "number", operator: "eq", value: event.data.invoice }],
    limit: 1,
  });
  if (!invoice) throw new Error(`there is no invoice ${event.data.invoice}`);
  const client = await services.clients.get(invoice.customer_id);
  if (!client?.email) return { result: "no address" };

  const mark = `receipt:${invoice.id}`;
  const isFirst = await storage.compareAndSet(mark, null, { event: event.id });
  const earlier = isFirst ? null : await storage.get(mark);
  // Another attempt at the same event has left the mark, but no message.
  if (earlier && earlier.event !== event.id) return { result: "sent before" };

  await services.notifications.sendEmail({
    to: client.email,
    subject: `Receipt for invoice ${invoice.number}`,
    template: "receipt",
    htmlTemplate: "receipt.html",
    data: {
      name: client.name,
      number: invoice.number,
      amount: invoice.amount.toLocaleString("en"),
      company: context.tenant.name,
    },
    metadata: { invoice: invoice.id },
  });
  return { result: "sent" };
}
