/**
 * Rate-limited sync.
 *
 * Trigger: schedule, every fifteen minutes; a run that takes longer keeps the next one from beginning.
 * Needs the secret `crm_url`, and the address on the operator's list. In storage, `crm_sync` may say how many
 * milliseconds lie between two requests ({ "pause": 200 }) and how many clients a run takes ({ "most": 200 }).
 * Keeps the CRM's limit by pausing, and believes its 429: it waits as long as `Retry-After` says and tries again.
 * The mark moves after each client that arrived, so that a failing run loses nothing and repeats little.
 */

const MARK = "crm_sync.mark";
const FIRST = { at: "1970-01-01T00:00:00.000Z", id: "00000000-0000-0000-0000-000000000000" };
const ATTEMPTS = 5;

async function main() {
  const url = await secrets.get("crm_url");
  const { pause = 200, most = 200 } = (await storage.get("crm_sync")) ?? {};
  const mark = (await storage.get(MARK)) ?? FIRST;
  const clients = await db.findMany(
    "clients",
    { $or: [{ last_activity: { gt: mark.at } }, { last_activity: mark.at, id: { gt: mark.id } }] },
    { orderBy: ["last_activity", "id"], limit: most, select: ["id", "name", "email", "last_activity"] },
  );
  let waited = 0;
  for (const [index, client] of clients.entries()) {
    if (index > 0) await utils.sleep(pause);
    waited += await put(`${url}/contacts/${client.id}`, { name: client.name, email: client.email });
    await storage.set(MARK, { at: client.last_activity, id: client.id });
    console.progress(index + 1, clients.length, client.name);
  }
  return { sent: clients.length, waited };
}

/** Sends one; how often the other side asked to wait. */
async function put(url, contact) {
  for (let attempt = 1; ; attempt += 1) {
    const response = await http.put(url, contact);
    if (response.ok) return attempt - 1;
    if (response.status !== 429 || attempt === ATTEMPTS) {
      throw new Error(`the CRM answered ${response.status}`);
    }
    const seconds = Number(response.headers["retry-after"] ?? 1);
    console.warn(`the CRM asks to wait ${seconds} s`);
    await utils.sleep(Math.min(Number.isFinite(seconds) ? seconds : 1, 60) * 1000);
  }
}
