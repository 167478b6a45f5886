/**
 * Data migration with progress.
 *
 * Trigger: by hand. Run it dry first (`scriptorium script run normalise-phones --dry-run`): the list of effects is
 * what it would change.
 * Goes through the clients in the order of their ids, and notes in storage how far it is. When it is stopped, or
 * meets its time limit, the next run goes on there. At the end the mark goes, so that another run begins anew.
 */

const MARK = "migration.normalise_phones";
const PAGE = 100;

export default async function main() {
  const total = await db.count("clients");
  const started = (await storage.get(MARK)) ?? { after: null, done: 0, changed: 0, odd: [] };
  const state = structuredClone(started);
  for (;;) {
    const page = await services.clients.list({
      filters: state.after ? [{ field: "id", operator: "gt", value: state.after }] : [],
      orderBy: "id",
      limit: PAGE,
    });
    for (const client of page) {
      const phone = normalised(client.phone);
      if (phone === null) state.odd.push(client.id);
      else if (phone !== client.phone) {
        await services.clients.update(client.id, { phone });
        state.changed += 1;
      }
      state.after = client.id;
      state.done += 1;
      console.progress(state.done, total, client.name);
    }
    if (page.length < PAGE) break;
    await storage.set(MARK, state);
  }
  await storage.delete(MARK);
  return { clients: state.done, changed: state.changed, odd: state.odd };
}

/** `+` and digits; `null` for what a person has to look at. */
function normalised(phone) {
  const digits = phone.replace(/\D/g, "");
  return digits.length >= 7 && digits.length <= 15 ? `+${digits}` : null;
}
