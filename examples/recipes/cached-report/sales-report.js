/**
 * Report with cache.
 *
 * Trigger: GET /api/scripts/reports/sales?from=2026-01-01, for callers with `reports.view`: the platform asks for the
 * permission before this script begins, and answers `If-None-Match` with 304 by itself (`cache_seconds`).
 * The database is asked once in five minutes for each day: `cache` is in memory, for this script alone, and gone when
 * the server restarts, which is all that a report needs.
 */

const SECONDS = 5 * 60;

export default async function handleRequest(req) {
  const from = req.query.from ?? "1970-01-01";
  if (typeof from !== "string" || !/^\d{4}-\d{2}-\d{2}$/.test(from) || Number.isNaN(Date.parse(from))) {
    return { status: 400, body: { error: "from must be a date such as 2026-01-31" } };
  }
  const key = `sales:${from}`;
  const kept = await cache.get(key);
  if (kept) return { headers: { "X-Cache": "HIT" }, body: kept };

  const rows = await db.query(
    `select p.category as category, sum(i.quantity * i.unit_price) as revenue, count(distinct o.id) as orders
     from order_items i join orders o on o.id = i.order_id join products p on p.id = i.product_id
     where o.status = 'processed' and o.created_at >= $1
     group by p.category order by p.category`,
    [`${from}T00:00:00.000Z`],
  );
  const report = { from, made: utils.date.now(), rows };
  await cache.set(key, report, SECONDS);
  return { headers: { "X-Cache": "MISS" }, body: report };
}
