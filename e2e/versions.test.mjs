// Versions on their pages: what differs within a line, side by side and one below the other, names
// that keep a version, a disabled script that runs again for a reason, and how much is kept.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, screenshot, signIn, startProduct } from "./product.mjs";

let product;
let visit;
let id;
before(async () => {
  product = await startProduct();
  visit = await product.open();
  const { page } = visit;
  await signIn(page);
  const source = (factor) => `export default (input) => {\n  return input.total * ${factor};\n};\n`;
  const made = await api(page, "POST", "/scripts", { name: "priced", type: "oneoff", source: source(2), tags: ["billing"] });
  id = made.id;
  await api(page, "PATCH", `/scripts/${id}`, {
    source: source(20),
    limits: { concurrency: 1 },
    change_description: "Ten times as much",
  });
});
after(async () => product?.stop());

test("what differs within a line is marked, in both views, and settings are beside it", async () => {
  const { page } = visit;
  await page.goto(`/scripts/${id}/versions`);
  await page.click("a:has-text('Compare')");
  await page.waitForSelector("#diff");
  const marks = () => page.locator("#diff mark").allTextContents();
  assert.deepEqual(await marks(), ["2", "20"]);
  assert.match(await page.textContent("main"), /limits\.concurrency/);
  await page.click("nav >> text=Unified");
  await page.waitForURL("**view=unified");
  assert.deepEqual(await marks(), ["2", "20"]);
  assert.equal(await page.locator("tr.diff-gone").count(), 1);
  assert.equal(await page.locator("tr.diff-new").count(), 1);
  await screenshot(page, "diff-unified");
});

test("a compatibility date is chosen in the form, and the report leads to whoever is behind", async () => {
  const { page } = visit;
  const { latest, changes } = await api(page, "GET", "/compatibility");
  const dated = await api(page, "POST", "/scripts", { name: "dated", type: "oneoff", source: "return 1" });
  await page.goto(`/scripts/${dated.id}#settings`);
  const field = page.locator("#f-compatibility");
  assert.equal(await field.inputValue(), latest);
  await field.fill("2026-01-01");
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 2')");
  assert.equal((await api(page, "GET", `/scripts/${dated.id}`)).compatibility, "2026-01-01");
  await field.fill("2025-12-31");
  await page.keyboard.press("Control+s");
  await page.waitForSelector(`p.error:has-text("must be 2026-01-01 to ${latest}")`);
  await screenshot(page, "compatibility-refused");
  visit.faults.splice(0);

  await page.goto("/compatibility");
  const row = page.locator("#results tr", { hasText: "dated" });
  assert.match(await row.textContent(), /2026-01-01/);
  assert.equal(await page.locator("#changes + dl > div").count(), changes.length);
  await page.click("#results a:has-text('dated')");
  await page.waitForURL(`**/scripts/${dated.id}#settings`);
  await page.waitForSelector("#f-compatibility");
});

test("a script is made to read from a replica in the form", async () => {
  const { page } = visit;
  const report = await api(page, "POST", "/scripts", { name: "a report", type: "oneoff", source: "return 1" });
  await page.goto(`/scripts/${report.id}#settings`);
  const field = page.locator("#f-database");
  assert.equal(await field.inputValue(), "primary");
  await field.selectOption("replica");
  await screenshot(page, "script-database");
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 2')");
  assert.equal((await api(page, "GET", `/scripts/${report.id}`)).database, "replica");
  await page.reload();
  await page.waitForFunction(() => document.querySelector("#f-database")?.value === "replica");
});

test("a version is named with the keyboard, listed by its name, and the name taken back", async () => {
  const { page } = visit;
  await page.goto(`/scripts/${id}/versions`);
  const first = page.locator("li:has-text('Version 1'), li:has-text('v1')").last();
  await first.locator("button:has-text('Name it')").focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("#ask[open]");
  await page.keyboard.type("Before the price change");
  await screenshot(page, "milestone-name");
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
  await page.waitForSelector("li:has-text('Before the price change')");
  await page.click("nav >> text=Milestones");
  await page.waitForURL("**show=milestones");
  assert.equal(await page.locator("main ol > li").count(), 1);
  await page.click("button:has-text('Take the name back')");
  await Promise.all([page.waitForEvent("load"), page.click("#ask [data-ask=confirm]")]);
  await page.waitForSelector("text=No version has a name yet");
});

test("a disabled script runs again only for a reason, which the audit trail keeps", async () => {
  const { page } = visit;
  await api(page, "POST", `/scripts/${id}/activate`);
  await api(page, "POST", `/scripts/${id}/disable`);
  await page.goto("/scripts");
  const row = page.locator("tr:has-text('priced')");
  await row.locator("summary").click();
  await row.locator("text=Activate").click();
  // Nothing said is no reason: the dialog stays.
  await page.click("#ask [data-ask=confirm]");
  assert.equal(await page.locator("#ask[open]").count(), 1);
  await page.fill("#ask [data-ask=input]", "the price list is right again");
  await Promise.all([page.waitForEvent("load"), page.click("#ask [data-ask=confirm]")]);
  assert.equal((await api(page, "GET", `/scripts/${id}`)).status, "active");
  const audit = await api(page, "GET", "/audit?action=script.activated");
  assert.equal(audit.items[0].after.reason, "the price list is right again");
});

test("scripts are narrowed by a tag and sorted by a column", async () => {
  const { page } = visit;
  await page.goto("/scripts");
  await page.selectOption("select[name=tag]", "billing");
  await page.waitForURL("**tag=billing*");
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await page.goto("/scripts");
  await page.click("th >> text=Name");
  await page.waitForURL("**sort=name");
  const names = await page.locator(".row-link").allTextContents();
  assert.deepEqual(names, [...names].sort((a, b) => (a < b ? -1 : 1)));
  assert.equal(await page.getAttribute("th:has-text('Name')", "aria-sort"), "ascending");
});

test("an administrator says how much is kept, is asked before less is, and told what is wrong", async () => {
  const { page } = visit;
  await page.click("#user-menu > summary");
  await page.click("#user-menu >> text=Settings");
  await page.waitForURL("**/settings");
  await page.fill("#max_count", "0");
  await page.click("#versions button[type=submit]");
  await page.click("#ask [data-ask=confirm]");
  await page.waitForSelector("#max_count-error:has-text('1 to 10000')");
  assert.equal(await page.getAttribute("#max_count", "aria-invalid"), "true");
  await screenshot(page, "settings-refused");
  visit.faults.splice(0);
  await page.fill("#max_count", "50");
  await page.keyboard.press("Enter");
  await page.click("#ask [data-ask=confirm]");
  await page.waitForSelector(".toast:has-text('Settings saved')");
  assert.deepEqual(await api(page, "GET", "/version-policy"), { max_count: 50, max_age_days: null });
  // More is kept without a question.
  await page.fill("#execution_days", "365");
  await page.fill("#audit_days", "365");
  await page.click("#retention button[type=submit]");
  await page.waitForFunction(async () => {
    const answer = await fetch("/api/v1/retention");
    return (await answer.json()).execution_days === 365;
  });
  await page.reload();
  assert.equal(await page.inputValue("#max_count"), "50");
  assert.equal(await page.inputValue("#execution_days"), "365");
});

test("a filter and an input schema are refused with their reason, and kept as they were written", async () => {
  const { page } = visit;
  const types = ["order.created"];
  const made = await api(page, "POST", "/scripts", { name: "filtered", type: "event", source: "return 1", event: { types } });
  await page.goto(`/scripts/${made.id}#settings`);
  await page.fill("#f-filter", "{");
  await page.fill("#f-schema", '{"type": "strong"}');
  await page.keyboard.press("Control+s");
  await page.waitForSelector("#f-filter ~ .error:has-text('field, op and value')");
  visit.faults.splice(0);
  const filter = { field: "total", op: "gt", value: 100 };
  await page.fill("#f-filter", JSON.stringify(filter));
  await page.fill("#f-schema", "");
  await page.fill("#f-attempts", "2");
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 2')");
  const saved = await api(page, "GET", `/scripts/${made.id}`);
  for (const [name, value] of Object.entries({ types, filter, priority: 0, max_attempts: 2 })) {
    assert.deepEqual(saved.event[name], value, name);
  }
  assert.equal(saved.input_schema, null);
  // Back to what it was before: that is a change, too.
  await page.fill("#f-filter", "");
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 3')");
  assert.equal((await api(page, "GET", `/scripts/${made.id}`)).event.filter, null);
});

test("services, user and own settings are set in the form", async () => {
  const { page } = visit;
  const metadata = { owner: "billing", note: "text" };
  const made = await api(page, "POST", "/scripts", { name: "bounded", type: "oneoff", source: "return 1", metadata });
  const { user } = await api(page, "GET", "/session");
  await page.goto(`/scripts/${made.id}#settings`);
  await page.uncheck("[data-field=allowed_services]");
  await page.check("input[value=clients]");
  await page.selectOption("#f-run-as", user.id);
  await page.fill("#f-metadata", '{"owner": 5}');
  const refused = page.waitForResponse((response) => response.request().method() === "PATCH");
  await page.keyboard.press("Control+s");
  assert.equal((await refused).status(), 422);
  assert.equal((await api(page, "GET", `/scripts/${made.id}`)).version, 1);
  visit.faults.splice(0);
  await page.fill("#f-metadata", '{"owner": "sales"}');
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 2')");
  const saved = await api(page, "GET", `/scripts/${made.id}`);
  assert.deepEqual(saved.allowed_services, ["clients"]);
  assert.equal(saved.run_as, user.id);
  assert.deepEqual(saved.metadata, { owner: "sales" });
  await page.fill("#f-metadata", "");
  await page.check("[data-field=allowed_services]");
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 3')");
  const bare = await api(page, "GET", `/scripts/${made.id}`);
  assert.equal(bare.allowed_services, null);
  assert.deepEqual(bare.metadata, {});
});

test("nothing on the way broke a policy, threw or logged an error", () => {
  assert.deepEqual(visit.faults, []);
});
