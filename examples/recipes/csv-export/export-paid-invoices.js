/**
 * Nightly CSV export to an HTTP API.
 *
 * Trigger: schedule `30 2 * * *`.
 * Needs the secrets `warehouse_url` and `warehouse_token`, and the address on the operator's list.
 * Sends what was paid since the last export, a part at a time, and moves its mark in storage after each part
 * that arrived: whatever fails is sent again the next night, and nothing is left out. The mark is time and id,
 * because two invoices may be paid at the same instant. A part has a key, by which the warehouse can tell that
 * it has had it already.
 */

const MARK = "csv_export.paid_invoices";
const PART = 500;
const FIRST = { at: "1970-01-01T00:00:00.000Z", id: "00000000-0000-0000-0000-000000000000" };

async function main() {
  const url = await secrets.get("warehouse_url");
  const token = await secrets.get("warehouse_token");
  let mark = (await storage.get(MARK)) ?? FIRST;
  let exported = 0;
  for (;;) {
    const rows = await paidAfter(mark);
    if (rows.length > 0) {
      const csv = utils.csv.write(rows, { columns: ["number", "amount", "paid_at", "payment_reference"] });
      await send(url, token, csv);
      mark = { at: rows.at(-1).paid_at, id: rows.at(-1).id };
      await storage.set(MARK, mark);
      exported += rows.length;
      console.info(`exported ${exported} invoices`);
    }
    if (rows.length < PART) return { exported };
  }
}

async function paidAfter(mark) {
  return db.findMany(
    "invoices",
    { status: "paid", $or: [{ paid_at: { gt: mark.at } }, { paid_at: mark.at, id: { gt: mark.id } }] },
    { orderBy: ["paid_at", "id"], limit: PART },
  );
}

async function send(url, token, csv) {
  const response = await http.post(url, csv, {
    headers: {
      "content-type": "text/csv; charset=utf-8",
      authorization: `Bearer ${token}`,
      "idempotency-key": utils.crypto.hash(csv),
    },
  });
  if (!response.ok) throw new Error(`the warehouse answered ${response.status}`);
}
