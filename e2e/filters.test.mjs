// Narrowing the history and the audit trail by day, person and thing, and what the editor says of a
// source whose entry is a setting.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, screenshot, signIn, startProduct } from "./product.mjs";

let product;
let visit;
let script;
before(async () => {
  product = await startProduct();
  visit = await product.open({ theme: "dark" });
  const { page } = visit;
  await signIn(page);
  script = await api(page, "POST", "/scripts", { name: "narrowed", type: "oneoff", source: "return 1" });
  await api(page, "POST", `/scripts/${script.id}/execute`, { mode: "sync" });
});
after(async () => product?.stop());

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

test("executions are narrowed to days, with the keyboard, and shown again", async () => {
  const { page } = visit;
  await page.goto(`/scripts/${script.id}/executions`);
  assert.equal(await page.locator("#results tbody tr").count(), 1);
  await page.focus("input[name=from]");
  // Month, day and year, as the field of an English browser is filled in.
  const [year, month, date] = day(2).split("-");
  await page.keyboard.type(`${month}${date}${year}`);
  await page.waitForSelector("text=No execution fits");
  assert.equal(new URL(page.url()).searchParams.get("from"), day(2));
  await screenshot(page, "executions-days-dark");
  await page.fill("input[name=from]", day(-1));
  await page.waitForSelector("#results tbody tr");
  await page.fill("input[name=until]", day(1));
  await page.waitForURL(`**until=${day(1)}*`);
  assert.equal(await page.locator("#results tbody tr").count(), 1);
  await page.reload();
  assert.equal(await page.inputValue("input[name=until]"), day(1));
});

test("the audit trail is narrowed by who, what and when", async () => {
  const { page } = visit;
  await page.goto("/audit");
  await page.fill("#actor", "nobody@nowhere.example");
  await page.keyboard.press("Enter");
  await page.waitForSelector("text=No entry fits");
  await page.fill("#actor", "admin@localhost");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#results tbody tr");
  await page.fill("#subject", "narrowed");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelectorAll("#results > .card > table > tbody > tr").length === 1);
  assert.match(await page.textContent("#results"), /narrowed/);
  await screenshot(page, "audit-filters-dark");
  await page.fill("input[name=until]", day(-3));
  await page.waitForSelector("text=No entry fits");
  await page.goto("/audit?subject=narrowed&from=" + day(-1));
  assert.equal(await page.inputValue("#subject"), "narrowed");
});

test("the editor looks for the entry function that the settings name", async () => {
  const { page } = visit;
  const source = "function begin() { return 1; }\n";
  const made = await api(page, "POST", "/scripts", { name: "with entry", type: "oneoff", source, entry: "begin" });
  await page.goto(`/scripts/${made.id}#settings`);
  // The page asks when it opens, too.
  const checked = (entry) => page.waitForResponse((response) =>
    response.url().endsWith("/scripts/validate") && response.request().postDataJSON().entry === entry);
  const wrong = checked("missing");
  await page.fill("#f-entry", "missing");
  assert.equal((await (await wrong).json()).diagnostics[0]?.code, "script.entry");
  const right = checked("begin");
  await page.fill("#f-entry", "begin");
  assert.deepEqual((await (await right).json()).diagnostics, []);
});

test("nothing on the way broke a policy, threw or logged an error", () => {
  assert.deepEqual(visit.faults, []);
});
