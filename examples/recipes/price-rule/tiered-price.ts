/**
 * Price rule.
 *
 * Trigger: embedded. The host calls `tiered-price` for one line of a basket.
 * The tenant keeps the steps in storage under `price_tiers`: { "tea": [{ "from": 100, "percent": "7.5" }] }.
 * Money is calculated exactly: percent and price are decimals, never floating point, and rounded once, at the end.
 *
 * Input:  { product_id, quantity, currency }
 * Output: { unit_price, total, discount_percent }
 */

interface Line {
  product_id: string;
  quantity: number;
  currency: string;
}

interface Tier {
  from: number;
  percent: string;
}

export default async function tieredPrice({ product_id, quantity, currency }: Line) {
  const product = await services.products.get(product_id);
  if (!product) throw new Error(`there is no product ${product_id}`);
  const tiers: Record<string, Tier[]> = (await storage.get("price_tiers")) ?? {};
  const steps = Object.hasOwn(tiers, product.category) ? tiers[product.category] : [];
  const step = steps.filter((one) => quantity >= one.from).sort((a, b) => b.from - a.from)[0];
  const percent = step?.percent ?? "0";

  const left = utils.decimal.subtract("100", percent);
  const exact = utils.decimal.divide(utils.decimal.multiply(product.price, left), "100");
  const unit_price = utils.money.round(exact, currency);
  const total = utils.money.round(utils.decimal.multiply(exact, quantity), currency);
  return { unit_price, total, discount_percent: percent };
}
