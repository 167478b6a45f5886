/**
 * Order report: orders and revenue by day, week or month.
 *
 * Trigger: GET /api/scripts/reports/orders?startDate=2026-01-01&endDate=2026-01-31&groupBy=week
 * The caller needs the permission `reports.view`. Both dates belong to the period; without dates it
 * is the last thirty days. A report is kept in storage for five minutes: the header `X-Cache` tells
 * HIT from MISS.
 */

type GroupBy = "day" | "week" | "month";

interface Query {
  startDate: string;
  endDate: string;
  groupBy: GroupBy;
}

interface Row {
  period: string;
  count: number;
  revenue: number;
  average_value: number;
}

const CACHE_SECONDS = 5 * 60;
const GROUPS: readonly string[] = ["day", "week", "month"];

async function handleRequest(req) {
  const granted: string[] = context.user?.permissions ?? [];
  if (!granted.includes("reports.view")) {
    return refuse(403, "permission_denied", "the permission reports.view is required");
  }

  let query: Query;
  try {
    query = readQuery(req.query);
  } catch (error) {
    return refuse(400, "bad_parameter", error.message);
  }

  const key = `order_report:${query.startDate}:${query.endDate}:${query.groupBy}`;
  const cached = await storage.get(key);
  if (cached) {
    console.info("answered from storage", { key });
    return { status: 200, headers: { "X-Cache": "HIT" }, body: cached };
  }

  const report = await build(query);
  await storage.set(key, report, CACHE_SECONDS);
  await events.publish("report.generated", { report: "orders", user: context.user.id, ...query });
  return { status: 200, headers: { "X-Cache": "MISS" }, body: report };
}

async function build(query: Query) {
  const rows: Row[] = await services.orders.getReport({
    startDate: query.startDate,
    endDate: query.endDate,
    groupBy: query.groupBy,
    includeMetrics: ["count", "revenue", "average_value"],
  });
  const orders = rows.reduce((sum, row) => sum + row.count, 0);
  const revenue = rows.reduce((sum, row) => sum + row.revenue, 0);
  return {
    period: { start: query.startDate, end: query.endDate, group_by: query.groupBy },
    summary: {
      total_orders: orders,
      total_revenue: revenue,
      average_order_value: orders === 0 ? 0 : Math.round(revenue / orders),
    },
    data: rows,
    generated_at: utils.date.now(),
    generated_by: context.user.email,
  };
}

function readQuery(query): Query {
  const today = utils.date.now();
  const startDate = readDate(query, "startDate", utils.date.addDays(today, -30));
  const endDate = readDate(query, "endDate", today);
  if (startDate > endDate) throw new Error("startDate must not be after endDate");
  const groupBy = query.groupBy ?? "day";
  if (!GROUPS.includes(groupBy)) throw new Error("groupBy must be day, week or month");
  return { startDate, endDate, groupBy };
}

function readDate(query, name: string, otherwise: Date): string {
  const text = query[name];
  if (text === undefined) return utils.date.format(otherwise, "YYYY-MM-DD");
  // Dates are whole days, so that every request of a day finds the same key in storage.
  const fits = typeof text === "string" && /^\d{4}-\d{2}-\d{2}$/.test(text);
  const date = fits ? new Date(`${text}T00:00:00Z`) : undefined;
  if (!date || Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) {
    throw new Error(`${name} must be a date such as 2026-01-31`);
  }
  return text;
}

function refuse(status: number, code: string, message: string) {
  return { status, body: { error: { code, message } } };
}
