/**
 * Price rule: what a basket costs one client.
 *
 * Trigger: embedded. The host calls `price-rule` whenever it shows a basket.
 * Discounts add up and end at a ceiling: the client's segment, the quantity of a line, and a
 * promotion code. Tenants set the promotions in storage under `promotions`:
 *   { "SPRING": { "percent": 5, "until": "2099-05-31" } }
 *
 * Input:  { client_id, items: [{ product_id, quantity }], promotion? }
 * Output: { lines: [{ product_id, quantity, list_price, discount_percent, unit_price, total }], total, saved }
 */

interface Basket {
  client_id: string;
  items: { product_id: string; quantity: number }[];
  promotion?: string;
}

interface Line {
  product_id: string;
  quantity: number;
  list_price: number;
  discount_percent: number;
  unit_price: number;
  total: number;
}

const SEGMENT_PERCENT: Record<string, number> = { retail: 0, wholesale: 5, vip: 8 };
const CEILING_PERCENT = 20;

/** Percent off from so many pieces of one product, the highest step first. */
const QUANTITY_STEPS = [
  { from: 200, percent: 10 },
  { from: 50, percent: 5 },
  { from: 20, percent: 2 },
];

export default async function priceRule(basket: Basket) {
  const client = await services.clients.get(basket.client_id);
  if (!client) throw new Error(`there is no client ${basket.client_id}`);

  const base = (SEGMENT_PERCENT[client.segment] ?? 0) + (await promotionPercent(basket.promotion));
  const lines = await Promise.all(basket.items.map((item) => priceLine(item, base)));
  const total = lines.reduce((sum, line) => sum + line.total, 0);
  const full = lines.reduce((sum, line) => sum + line.list_price * line.quantity, 0);
  return { lines, total, saved: full - total };
}

async function priceLine(item: Basket["items"][number], base: number): Promise<Line> {
  const product = await services.products.get(item.product_id);
  if (!product) throw new Error(`there is no product ${item.product_id}`);
  const percent = Math.min(base + quantityPercent(item.quantity), CEILING_PERCENT);
  const price = Math.round((product.price * (100 - percent)) / 100);
  return {
    product_id: product.id,
    quantity: item.quantity,
    list_price: product.price,
    discount_percent: percent,
    unit_price: price,
    total: price * item.quantity,
  };
}

function quantityPercent(quantity: number): number {
  return QUANTITY_STEPS.find((step) => quantity >= step.from)?.percent ?? 0;
}

async function promotionPercent(code?: string): Promise<number> {
  if (!code) return 0;
  const promotions = (await storage.get("promotions")) ?? {};
  if (!Object.hasOwn(promotions, code)) {
    console.warn(`unknown promotion ${code}`);
    return 0;
  }
  const { percent, until } = promotions[code];
  const today = utils.date.format(utils.date.now(), "YYYY-MM-DD");
  return today <= until ? percent : 0;
}
