export default async ({ sku, quantity = 1, ...rest }) => ({ total: await price(sku) * quantity, rest });
