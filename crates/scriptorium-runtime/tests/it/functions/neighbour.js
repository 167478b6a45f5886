// What the neighbour has of each capability: the names that lead to it, and what of it is there afterwards.
const CANARY = "CANARY-OF-OTHERS";
const neighbour = {
  async db() {
    await db.upsert("orders", { id: "theirs", name: CANARY, number: "theirs-1", total: 7 });
    return { names: ["theirs", "theirs-1"], kept: await db.findMany("orders", {}, { orderBy: "id" }) };
  },
  async storage() {
    await storage.compareAndSet("theirs", null, CANARY);
    await storage.compareAndSet("theirs.count", null, 7);
    return { names: ["theirs", "theirs.count"], kept: (await storage.list()).items };
  },
  async cache() {
    if (!(await cache.exists("theirs"))) await cache.set("theirs", CANARY);
    if (!(await cache.exists("theirs.count"))) await cache.set("theirs.count", 7);
    return { names: ["theirs", "theirs.count"], kept: [await cache.get("theirs"), await cache.get("theirs.count")] };
  },
  async secrets() {
    return { names: ["theirs"], kept: await secrets.get("theirs").then((value) => value.length) };
  },
  async events() {
    return { names: ["theirs.created", "theirs"], kept: await events.publish("theirs.created", CANARY) };
  },
  async http() {
    const { body } = await http.get("http://$ADDRESS/echo");
    return { names: ["theirs"], kept: body.headers["x-canary"] };
  },
  async utils() {
    return { names: ["theirs"], kept: await utils.template.render("theirs") };
  },
  async services() {
    return { names: ["theirs"], kept: await utils.template.render("theirs") };
  },
};

async function main(capability) {
  const { tenantId, userId, scriptId, executionId } = context;
  const { names, kept } = await neighbour[capability]();
  return { names, kept, ids: [tenantId, userId, scriptId, executionId] };
}
