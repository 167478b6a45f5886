// What is typed survives: a draft is kept as one types, offered again, and held back when somebody
// else has saved; deleted scripts come back from the trash.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, screenshot, signIn, startProduct, writeSource } from "./product.mjs";

const SAVED = "export default () => 1;\n";
const MINE = "export default () => 'mine';\n";
const THEIRS = "export default () => 'theirs';\n";

let product;
let visit;
let id;
before(async () => {
  product = await startProduct();
  visit = await product.open();
  await signIn(visit.page);
  const made = await api(visit.page, "POST", "/scripts", { name: "drafted", type: "oneoff", source: SAVED });
  id = made.id;
});
after(async () => product?.stop());

const kept = (page) => page.waitForSelector("#draft-note:has-text('Draft saved')");

test("what is typed is kept on the server and said so", async () => {
  const { page } = visit;
  await page.goto(`/scripts/${id}`);
  await writeSource(page, MINE);
  await kept(page);
  const draft = await api(page, "GET", `/scripts/${id}/draft`);
  assert.equal(draft.source, MINE);
  assert.equal(draft.base_version, 1);
  assert.equal((await api(page, "GET", `/scripts/${id}`)).version, 1);
  await screenshot(page, "draft-kept");
});

test("a later visit is offered the draft and takes it up", async () => {
  const { page } = visit;
  await page.reload();
  await page.waitForSelector("#draft-offer >> visible=true");
  assert.match(await page.textContent("#source-pane .view-lines"), /1/);
  await screenshot(page, "draft-offered");
  await page.click("text=Restore it");
  await page.waitForSelector("#source-pane .view-line:has-text('mine')");
  await kept(page);
});

test("a draft that cannot be sent is said to be so, and sent later", async () => {
  const { page, faults, context } = visit;
  await context.setOffline(true);
  await writeSource(page, `${MINE}// more\n`);
  await page.waitForSelector("#draft-note:has-text('cannot be reached')");
  await context.setOffline(false);
  await kept(page);
  faults.splice(0);
});

test("somebody else's version stops the draft until one has chosen", async () => {
  const { page, faults } = visit;
  await api(page, "PATCH", `/scripts/${id}`, { source: THEIRS, change_description: "Theirs first" });
  // The same user saved elsewhere, which ended the draft; typing goes on from version 1.
  await writeSource(page, `${MINE}// even more\n`);
  await page.waitForSelector("#conflict:has-text('version 2') >> visible=true");
  faults.splice(0);
  assert.match(await page.textContent("#conflict"), /Theirs first/);
  await screenshot(page, "draft-conflict");
  await page.click("text=See the differences");
  await page.waitForSelector("#compare[open] .view-line:has-text('theirs')");
  await screenshot(page, "draft-differences");
  await page.click("#compare >> text=Close");
  await page.click("text=Save mine as the newest");
  await page.waitForSelector(".toast:has-text('Saved as version 3')");
  const missing = await page.request.get(`/api/v1/scripts/${id}/draft`);
  assert.equal(missing.status(), 404);
});

test("theirs can be taken instead", async () => {
  const { page, faults } = visit;
  await api(page, "PATCH", `/scripts/${id}`, { source: THEIRS });
  await writeSource(page, MINE);
  await page.waitForSelector("#conflict >> visible=true");
  faults.splice(0);
  await page.click("text=Take theirs");
  await page.waitForSelector("#source-pane .view-line:has-text('theirs')");
  await page.waitForSelector("#conflict >> visible=false", { state: "attached" });
});

test("a deleted script is in the trash, comes back, and ends for ever after a question", async () => {
  const { page } = visit;
  await api(page, "DELETE", `/scripts/${id}`);
  await page.goto("/scripts");
  await page.click("a[href='/trash']");
  await page.waitForSelector("tbody tr:has-text('drafted')");
  await screenshot(page, "trash");
  await page.click("button:has-text('Restore')");
  await page.waitForURL(`**/scripts/${id}`);
  await api(page, "DELETE", `/scripts/${id}`);
  await page.goto("/trash");
  await page.click("button:has-text('Delete for ever')");
  await page.click("#ask [data-ask=confirm]");
  await page.waitForSelector("text=The trash is empty");
});

test("a draft brings back the settings that were typed, and saves them", async () => {
  const { page } = visit;
  const made = await api(page, "POST", "/scripts", {
    name: "drafted settings",
    type: "event",
    source: "return 1",
    event: { types: ["order.created"], filter: { field: "total", op: "gt", value: 1 }, priority: 1 },
    metadata: { owner: "billing", note: "text" },
  });
  await page.goto(`/scripts/${made.id}#settings`);
  await page.fill("#f-filter", '{"field": "total", "op": "gt", "value": 2}');
  await page.fill("#f-schema", '{"type": "object"}');
  await page.fill("#f-metadata", '{"owner": "sales"}');
  await kept(page);
  await page.reload();
  await page.click("text=Restore it");
  await kept(page);
  assert.match(await page.inputValue("#f-filter"), /"value": 2/);
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 2')");
  const saved = await api(page, "GET", `/scripts/${made.id}`);
  assert.equal(saved.event.filter.value, 2);
  assert.equal(saved.event.priority, 1);
  assert.deepEqual(saved.input_schema, { type: "object" });
  assert.deepEqual(saved.metadata, { owner: "sales" });
  // Of a draft in which one member differs, the others are what they were.
  await page.fill("#f-priority", "3");
  await kept(page);
  await page.reload();
  await page.click("text=Restore it");
  await kept(page);
  assert.match(await page.inputValue("#f-filter"), /"value": 2/);
});

test("nothing on the way broke a policy, threw or logged an error", () => {
  assert.deepEqual(visit.faults, []);
});
