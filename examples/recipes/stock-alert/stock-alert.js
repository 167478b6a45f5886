/**
 * Stock alert.
 *
 * Trigger: schedule `5 * * * *`.
 * Settings in storage under `stock_alert`: { "below": 10, "to": "purchasing@example.com" }.
 * Writes one e-mail about everything that has run low since the last look. What was told is not told again until
 * there was enough of it: what is low is kept in storage, and a product leaves that list when it is restocked.
 */

const TOLD = "stock_alert.told";

async function main() {
  const settings = await storage.get("stock_alert");
  if (!settings) throw new Error("storage has no stock_alert with { below, to }");

  const low = await services.products.list({
    filters: [{ field: "stock", operator: "lt", value: settings.below }],
    orderBy: "sku",
    limit: 200,
  });
  const told = new Set((await storage.get(TOLD)) ?? []);
  const news = low.filter((product) => !told.has(product.id));
  await storage.set(TOLD, low.map((product) => product.id));
  if (news.length === 0) return { low: low.length, told: 0 };

  const lines = news.map((product) => `${product.sku}  ${product.name}: ${product.stock} ${product.unit}`);
  await services.notifications.sendEmail({
    to: settings.to,
    subject: news.length === 1 ? `Running out: ${news[0].name}` : `${news.length} products are running out`,
    body: `${lines.join("\n")}\n`,
    metadata: { products: news.length },
  });
  return { low: low.length, told: news.length };
}
