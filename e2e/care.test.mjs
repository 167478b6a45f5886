// Secrets, alerts and operations on many: their pages in a real browser, empty and full, refused and done, by
// keyboard, in three languages, narrow and dark.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { api, screenshot, signIn, startProduct } from "./product.mjs";

let product;
let visit;

before(async () => {
  product = await startProduct();
  visit = await product.open();
  await signIn(visit.page);
});
after(async () => product?.stop());

/** What a page must be in any language and width. */
async function check(page, name, path) {
  await page.goto(path);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
  // A text that is missing shows its key.
  const text = await page.innerText("main");
  assert.doesNotMatch(text, /\b(secret|secrets|alert|alerts|operation|operations|field|js)-[a-z-]+\b/, name);
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll("main button, main .badge, main th, main h1")]
      .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflow === "hidden")
      .map((one) => one.textContent.trim()),
  );
  assert.deepEqual(cut, [], `${name} cuts texts off`);
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  assert.deepEqual(violations, [], name);
  await screenshot(page, name, { fullPage: true });
}

/** Looks at pages in each language, narrow, in the dark. */
async function everywhere(paths) {
  for (const locale of ["en", "ru", "uz"]) {
    const { page, faults, context } = await product.open({ width: 390, theme: "dark" });
    await signIn(page);
    await api(page, "PUT", "/session/locale", { locale });
    for (const [name, path] of Object.entries(paths)) await check(page, `care-${name}-${locale}-390`, path);
    await api(page, "PUT", "/session/locale", { locale: "en" });
    assert.deepEqual(faults, []);
    await context.close();
  }
}

const empty = { secrets: "/secrets", alerts: "/alerts", operations: "/operations" };

test("pages with nothing on them say so", async () => {
  const paths = Object.entries(empty).map(([name, path]) => [`${name}-empty`, path]);
  for (const [name, path] of paths) {
    await visit.page.goto(path);
    await visit.page.waitForSelector("main .empty h2");
    await check(visit.page, `care-${name}`, path);
  }
  await everywhere(Object.fromEntries([...paths, ["operation-none", "/operations/new?kind=replay&trigger=http"]]));
});

test("a secret is written, replaced and deleted by keyboard, and never shown", async () => {
  const { page, faults } = visit;
  await page.goto("/secrets");
  await page.focus("#name");
  await page.keyboard.type("not a name!");
  await page.keyboard.press("Tab");
  await page.keyboard.type("s3cr3t-one");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#name-error:not(:empty)");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "name");
  await screenshot(page, "care-secret-refused");
  // The refusal is an answer 422, which browsers log.
  faults.splice(0);
  await page.fill("#name", "PAYMENTS_KEY");
  await page.keyboard.press("Enter");
  await page.waitForSelector("td:has-text('PAYMENTS_KEY')");
  assert.doesNotMatch(await page.content(), /s3cr3t-one/);

  const replace = page.locator("tr:has-text('PAYMENTS_KEY') button").first();
  await replace.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open] input");
  await page.keyboard.type("s3cr3t-two");
  await screenshot(page, "care-secret-replace");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".toast");
  assert.doesNotMatch(await page.content(), /s3cr3t-two/);
  const { items } = await api(page, "GET", "/secrets");
  assert.deepEqual(items.map((one) => one.name), ["PAYMENTS_KEY"]);

  await everywhere({ secrets: "/secrets" });
  // Escape leaves it as it is.
  await page.goto("/secrets");
  const remove = page.locator("tr:has-text('PAYMENTS_KEY') button").last();
  await remove.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog[open]", { state: "detached" });
  assert.equal((await api(page, "GET", "/secrets")).items.length, 1);
  await remove.press("Enter");
  await page.waitForSelector("dialog[open]");
  await page.locator("dialog[open] button").last().click();
  await page.waitForSelector("main .empty");
  assert.deepEqual(faults, []);
});

test("an alert is counted in the navigation until somebody knows", async () => {
  const { page, faults } = visit;
  const losing = await api(page, "POST", "/scripts", {
    name: "losing",
    type: "event",
    source: "export default (event) => { throw new Error(event.payload); }",
    event: { types: ["order.lost"], max_attempts: 1 },
  });
  await api(page, "POST", `/scripts/${losing.id}/activate`, {});
  await api(page, "POST", "/events", { type: "order.lost", payload: "no such customer" });
  while ((await api(page, "GET", "/alerts")).items.length === 0) await page.waitForTimeout(50);
  await page.goto("/alerts");
  assert.match(await page.textContent("main"), /no such customer/);
  await page.waitForSelector("nav :text-is('1')");
  await everywhere({ alerts: "/alerts" });
  const button = page.locator("main button").first();
  await button.focus();
  await page.keyboard.press("Enter");
  await page.waitForSelector("main .empty");
  await page.waitForSelector("nav :text-is('1')", { state: "detached" });
  await page.goto("/alerts?show=all");
  assert.match(await page.textContent("main"), /no such customer/);
  await everywhere({ "alerts-all": "/alerts?show=all" });
  assert.deepEqual(faults, []);
});

test("many executions are repeated, at a pace, and one sees how far it is", async () => {
  const { page, faults } = visit;
  const script = await api(page, "POST", "/scripts", { name: "many", type: "oneoff", source: "return input" });
  await api(page, "POST", `/scripts/${script.id}/activate`, {});
  for (let n = 0; n < 3; n++) await api(page, "POST", `/scripts/${script.id}/execute`, { input: n, mode: "sync" });
  const path = `/operations/new?kind=replay&script=${script.id}`;
  await page.goto(path);
  assert.match(await page.textContent("#matched"), /3/);
  await everywhere({ "operation-new": path });
  await page.fill("#limit", "0");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#limit-error:not(:empty)");
  await screenshot(page, "care-operation-refused");
  faults.splice(0);
  await page.fill("#limit", "3");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/operations\/[0-9a-f-]{36}$/);
  await page.waitForSelector("#operation:not([aria-busy])");
  assert.match(await page.textContent("#operation-count"), /3.*3/);
  const one = new URL(page.url()).pathname;
  await check(page, "care-operation", one);
  await everywhere({ operation: one, operations: "/operations", "operation-stop": "/operations/new?kind=cancel" });
  await page.goto("/operations");
  await page.locator("main a.row-link").first().click();
  await page.waitForURL(`**${one}`);
  assert.deepEqual(faults, []);
});

test("the form of a run fits a narrow dark page in three languages", async () => {
  const { page } = visit;
  const source = `
interface Input { /** How many rows. @minimum 1 */ rows: number; mode: "fast" | "careful"; since?: string; names: string[] }
export default async (input: Input) => input.rows;`;
  const made = { name: "a form", type: "oneoff", language: "typescript", source };
  const script = await api(page, "POST", "/scripts", made);
  await everywhere({ run: `/scripts/${script.id}/run` });
});
