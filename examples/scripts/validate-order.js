/**
 * Order validation: says whether an order may be accepted, and if not, every reason.
 *
 * Trigger: embedded. The host calls it by name before it stores an order:
 *   platform.invoke("validate-order", &order).await
 * Tenants set the rules in storage: `min_order_qty_<category>` (pieces) and
 * `blocked_delivery_days` (0 is Sunday, 6 Saturday).
 *
 * Input:  { customer_id, items: [{ product_id, quantity }], total, delivery_date? }
 * Output: { valid, errors: [{ code, field, message }] }
 */

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

export default async function validateOrder(order) {
  const checked = await Promise.all([
    checkItems(order.items ?? []),
    checkCredit(order),
    checkDelivery(order.delivery_date),
  ]);
  const errors = checked.flat();
  console.info(`order of ${order.customer_id}: ${errors.length} objections`);
  return { valid: errors.length === 0, errors };
}

async function checkItems(items) {
  if (items.length === 0) return [objection("empty", "items", "The order has no items")];
  const checked = await Promise.all(items.map(checkItem));
  return checked.flat();
}

async function checkItem({ product_id, quantity }, index) {
  const field = `items[${index}]`;
  const product = await services.products.get(product_id);
  if (!product) {
    return [objection("unknown_product", field, `There is no product ${product_id}`)];
  }
  const errors = [];
  if (quantity > product.stock) {
    errors.push(
      objection("stock", field, `${product.name}: ${quantity} wanted, ${product.stock} in stock`),
    );
  }
  const least = await storage.get(`min_order_qty_${product.category}`);
  if (least && quantity < least) {
    errors.push(objection("min_quantity", field, `${product.name}: the least quantity is ${least}`));
  }
  return errors;
}

async function checkCredit({ customer_id, total }) {
  const customer = await services.clients.get(customer_id);
  if (!customer) {
    return [objection("unknown_customer", "customer_id", `There is no client ${customer_id}`)];
  }
  if (customer.status === "blocked") {
    return [objection("blocked_customer", "customer_id", `${customer.name} is blocked`)];
  }
  if (customer.credit_limit === 0) return []; // Pays in advance; there is nothing to owe.
  const owed = await services.invoices.getOutstandingAmount(customer.id);
  if (owed + total <= customer.credit_limit) return [];
  const message = `${owed} owed and ${total} ordered exceed the credit of ${customer.credit_limit}`;
  return [objection("credit_limit", "total", message)];
}

async function checkDelivery(date) {
  if (!date) return [];
  const day = new Date(date).getUTCDay();
  if (Number.isNaN(day)) {
    return [objection("bad_date", "delivery_date", `${date} is no date`)];
  }
  const blocked = (await storage.get("blocked_delivery_days")) ?? [];
  if (!blocked.includes(day)) return [];
  return [objection("blocked_day", "delivery_date", `There is no delivery on ${WEEKDAYS[day]}`)];
}

function objection(code, field, message) {
  return { code, field, message };
}
