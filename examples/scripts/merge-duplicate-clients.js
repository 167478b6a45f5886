/**
 * Merge duplicate clients: a data migration.
 *
 * Trigger: by hand (type `oneoff`).
 * Clients with the same phone number, however it is written, are one client. The oldest record
 * stays; orders and invoices of the others move to it. Look first, then change:
 *   input { "dryRun": true }   lists what would be merged (also without input)
 *   input { "dryRun": false }  merges
 */

const PAGE = 200;

async function main(input) {
  const dryRun = input?.dryRun ?? true;
  const groups = duplicates(await allClients());
  console.info(`${groups.length} phone numbers belong to several records`, { dryRun });

  const merged = [];
  for (const [index, group] of groups.entries()) {
    const [keep, ...others] = group;
    for (const other of others) {
      if (!dryRun) await services.clients.merge(keep.id, other.id);
      merged.push({ keep: keep.id, remove: other.id, name: keep.name, phone: keep.phone });
    }
    console.progress(index + 1, groups.length, keep.name);
  }
  return { dryRun, groups: groups.length, removed: dryRun ? 0 : merged.length, merged };
}

async function allClients() {
  const clients = [];
  for (;;) {
    const last = clients.at(-1);
    const page = await services.clients.list({
      filters: last ? [{ field: "id", operator: "gt", value: last.id }] : [],
      orderBy: "id",
      limit: PAGE,
    });
    clients.push(...page);
    if (page.length < PAGE) return clients;
  }
}

/** Groups of at least two clients with the same number, the oldest record first. */
function duplicates(clients) {
  const byPhone = Map.groupBy(clients, (client) => client.phone.replace(/\D/g, ""));
  return [...byPhone.values()]
    .filter((group) => group.length > 1)
    .map((group) => group.sort((a, b) => compare(a.created_at, b.created_at) || compare(a.id, b.id)));
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
