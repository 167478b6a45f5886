/**
 * Inactive client reminder: brings back clients who stopped ordering.
 *
 * Trigger: schedule `0 9 * * *`, every morning at nine.
 * Writes an SMS from the template `inactive_client_reminder` to each active client without an order
 * for `days` days, and records an event for the analytics. A client hears from us once in that time.
 * Leaves a summary of the last run in storage for a day.
 *
 * Input of a run by hand, all optional: { "days": 30, "limit": 100 }
 */

const SUMMARY_KEY = "last_reminder_run";
const SUMMARY_TTL_SECONDS = 24 * 60 * 60;

async function main(input) {
  const days = input?.days ?? 30;
  const limit = input?.limit ?? 100;
  const since = utils.date.addDays(utils.date.now(), -days);
  console.info(`${context.tenant.name}: looking for clients silent for ${days} days`);

  const clients = await services.clients.list({
    filters: [
      { field: "status", operator: "eq", value: "active" },
      { field: "last_activity", operator: "lt", value: since },
    ],
    orderBy: "last_activity",
    limit,
  });

  const summary = { processed: clients.length, sent: 0, skipped: 0, failed: 0 };
  for (const client of clients) {
    if (client.reminded_at && new Date(client.reminded_at) >= since) {
      summary.skipped += 1;
      continue;
    }
    try {
      await remind(client);
      summary.sent += 1;
      console.log(`reminded ${client.name}`);
    } catch (error) {
      // One bad phone number must not silence the rest.
      summary.failed += 1;
      console.error(`could not remind ${client.name}: ${error.message}`);
    }
  }

  await storage.set(SUMMARY_KEY, { at: utils.date.now(), ...summary }, SUMMARY_TTL_SECONDS);
  return summary;
}

async function remind(client) {
  const message = await utils.template.render("inactive_client_reminder", {
    name: client.name,
    lastVisit: utils.date.format(client.last_activity, "DD.MM.YYYY"),
    company: context.tenant.name,
  });
  await services.notifications.sendSMS({
    to: client.phone,
    message,
    metadata: { client_id: client.id, campaign: "reactivation" },
  });
  await services.clients.update(client.id, { reminded_at: utils.date.now() });
  await events.publish("client.reminder_sent", {
    clientId: client.id,
    type: "inactivity",
    channel: "sms",
  });
}
