// id: B12
// returns: [true,[],true]
async function main(input, ctx) {
  const { tenantId } = context;
  for (const place of [context, context.tenant, ctx]) {
    try { place.tenantId = place.id = "00000000-0000-0000-0000-000000000000"; } catch {}
  }
  const { tenant, args } = await services.demo.echo();
  await storage.set("b12", 1, null, { tenant: "neighbour" });
  return [tenant === tenantId, args, (await storage.get("b12", { tenant: "neighbour" })) === 1];
}
