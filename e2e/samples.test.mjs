// Every sample script runs from its page, and the report endpoint answers from storage the second
// time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, run, screenshot, signIn, startProduct, writeInput } from "./product.mjs";

let product;
let visit;
before(async () => {
  product = await startProduct();
  visit = await product.open();
  await signIn(visit.page);
});
after(async () => product?.stop());

async function openScript(name) {
  const { page } = visit;
  await page.goto("/scripts");
  await page.click(`.row-link:text-is("${name}")`);
  await page.waitForSelector("#source-pane .view-line");
}

async function outputOf(name, input) {
  const { page } = visit;
  await openScript(name);
  if (input !== undefined) await writeInput(page, input);
  assert.equal(await run(page), "Completed", await page.textContent(".pane-run"));
  return JSON.parse(await page.textContent("#run-output"));
}

test("the list shows the sample scripts", async () => {
  const names = await visit.page.locator(".row-link").allTextContents();
  for (const name of [
    "inactive-client-reminder",
    "order-report",
    "validate-order",
    "price-rule",
    "payment-webhook",
    "merge-duplicate-clients",
  ]) {
    assert.ok(names.includes(name), name);
  }
});

test("the report endpoint answers the second time from storage", async () => {
  const { page } = visit;
  const path = "/api/scripts/reports/orders?startDate=2026-01-01&endDate=2026-12-31&groupBy=month";
  const first = await page.request.get(path);
  assert.equal(first.status(), 200, await first.text());
  assert.equal(first.headers()["x-cache"], "MISS");
  const second = await page.request.get(path);
  assert.equal(second.headers()["x-cache"], "HIT");
  assert.deepEqual(await second.json(), await first.json());
});

test("the report runs from its page as a recorded request", async () => {
  const output = await outputOf("order-report", { method: "GET", path: "/reports/orders", query: { groupBy: "week" } });
  assert.ok("body" in output || "data" in output, JSON.stringify(output));
});

test("the reminder runs", async () => {
  const output = await outputOf("inactive-client-reminder", {});
  assert.equal(typeof output, "object");
});

test("the order rule gives a verdict", async () => {
  const { page } = visit;
  const [client] = await rows("clients");
  const [product] = await rows("products");
  const output = await outputOf("validate-order", {
    customer_id: client.id,
    items: [{ product_id: product.id, quantity: 1_000_000 }],
    total: 1,
  });
  assert.equal(output.valid, false);
  assert.ok(output.errors.some((error) => error.code === "stock"), JSON.stringify(output.errors));
  await screenshot(page, "sample-validate-order");
});

test("the price rule gives a price", async () => {
  const [client] = await rows("clients");
  const [product] = await rows("products");
  const output = await outputOf("price-rule", {
    client_id: client.id,
    items: [{ product_id: product.id, quantity: 20 }],
  });
  const [line] = output.lines;
  assert.ok(line.discount_percent >= 2, JSON.stringify(line));
  assert.ok(line.total < line.list_price * line.quantity, JSON.stringify(line));
});

test("the webhook refuses a delivery that nobody signed", async () => {
  const response = await visit.page.request.post("/api/scripts/webhooks/payments", {
    data: { id: "evt_1", created: new Date().toISOString(), type: "payment.succeeded", data: {} },
  });
  assert.ok([401, 503].includes(response.status()), String(response.status()));
});

test("the migration shows its progress while it runs", async () => {
  const { page } = visit;
  const output = await outputOf("merge-duplicate-clients", { dryRun: true });
  assert.equal(output.dryRun, true);
  assert.match(await page.textContent("#run-progress"), /\d+ of \d+/);
  await screenshot(page, "sample-progress");
});

test("hello greets", async () => {
  const output = await outputOf("hello", { name: "Ada" });
  assert.match(JSON.stringify(output), /Ada/);
});

test("nothing on the way broke a policy, threw or logged an error", () => {
  assert.deepEqual(visit.faults, []);
});

/** Rows of a business table, read as a tenant developer would: by a script. */
async function rows(service) {
  const { page } = visit;
  const name = `read ${service}`;
  const found = await api(page, "GET", "/scripts?limit=200");
  const source = `export default () => services.${service}.list({ limit: 5 });`;
  const known = found.items.find((script) => script.name === name);
  const script = known ?? (await api(page, "POST", "/scripts", { name, type: "oneoff", source }));
  const execution = await api(page, "POST", `/scripts/${script.id}/execute`, { input: {}, mode: "sync" });
  assert.equal(execution.status, "completed", JSON.stringify(execution.error));
  return execution.output;
}
