// The reference script of the figures: checks an order, asks three services, answers.
const VAT = 0.12;
const RANKS = { bronze: 0, silver: 0.03, gold: 0.05 };

class OrderError extends Error {
  constructor(message, field) {
    super(message);
    this.name = 'OrderError';
    this.field = field;
  }
}

const round = (value) => Math.round(value * 100) / 100;

function check(order) {
  if (!order || typeof order !== 'object') throw new OrderError('an order is an object', 'order');
  if (!/^C-\d+$/.test(order.client)) throw new OrderError('unknown form of client number', 'client');
  if (!Array.isArray(order.lines) || order.lines.length === 0) throw new OrderError('an order has lines', 'lines');
  for (const [index, line] of order.lines.entries()) {
    if (!(line.quantity > 0)) throw new OrderError('a quantity is above zero', `lines[${index}].quantity`);
    if (!(line.price >= 0)) throw new OrderError('a price is not below zero', `lines[${index}].price`);
  }
}

function priced(line, discount) {
  const net = round(line.price * line.quantity * (1 - discount));
  return { ...line, net, gross: round(net * (1 + VAT)) };
}

function group(lines) {
  const groups = new Map();
  for (const line of lines) {
    const key = line.quantity > 6 ? 'large' : 'small';
    groups.set(key, (groups.get(key) ?? 0) + line.net);
  }
  return Object.fromEntries(groups);
}

function summary(lines) {
  const net = round(lines.reduce((sum, line) => sum + line.net, 0));
  return { net, vat: round(net * VAT), gross: round(net * (1 + VAT)), lines: lines.length };
}

export default async function main(order) {
  check(order);
  const [client] = await services.clients.get({ id: order.client, rank: 'silver' });
  const discount = RANKS[client.rank] ?? 0;
  const [stock] = await services.stock.list(order.lines.map((line) => ({ sku: line.sku, free: line.quantity * 2 })));
  const free = new Map(stock.map((entry) => [entry.sku, entry.free]));
  const short = order.lines.filter((line) => (free.get(line.sku) ?? 0) < line.quantity);
  if (short.length > 0) throw new OrderError(`short of ${short.map((line) => line.sku).join(', ')}`, 'lines');
  const lines = order.lines.map((line) => priced(line, discount));
  const total = summary(lines);
  const [saved] = await services.orders.create({ id: order.id, client: client.id, total });
  return {
    order: saved.id,
    client: client.id,
    total,
    groups: group(lines),
    lines: lines.map(({ sku, quantity, net, gross }) => ({ sku, quantity, net, gross })),
    label: `${client.id}/${order.id}: ${total.gross.toFixed(2)}`,
  };
}
