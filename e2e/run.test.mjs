// The page that runs a script: its form in a real browser, by keyboard and in three languages, the way to
// JSON and back, what the server refuses, repeating with another input, and doing so with many.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, screenshot, signIn, startProduct } from "./product.mjs";

const SOURCE = `
interface Line { sku: string; quantity: number }
interface Input {
  /** How many rows to look at.
   * @minimum 1
   * @default 10 */
  count: number;
  mode: "fast" | "careful";
  /** Who is told of it. */
  name?: string;
  verbose: boolean;
  /** @format date */
  day?: string;
  lines: Line[];
  address?: { city: string; zip?: string };
}
export default async function main(input: Input, ctx: Ctx) {
  await storage.set("run-page", input.count);
  for (let row = 1; row <= 3; row += 1) console.progress(row, 3, \`row \${row}\`);
  console.log(\`\${input.count} rows, \${input.mode}\`);
  return input;
}`;

let product;
let visit;
let script;

before(async () => {
  product = await startProduct();
  visit = await product.open();
  await signIn(visit.page);
  const made = { name: "run page", type: "oneoff", language: "typescript", source: SOURCE };
  script = await api(visit.page, "POST", "/scripts", made);
  await api(visit.page, "POST", `/scripts/${script.id}/activate`, {});
});

after(async () => product?.stop());

const ended = (page) => page.waitForSelector('#run-status[data-final="true"]');

test("the form comes from the signature, and is filled in by keyboard", async () => {
  const { page } = visit;
  await page.goto(`/scripts/${script.id}/run`);
  const count = page.getByLabel("count");
  assert.equal(await count.inputValue(), "10");
  await page.click("#run-now");
  // The first that is missing has the focus and says what is wrong.
  const focused = await page.evaluate(() => document.activeElement?.getAttribute("aria-invalid"));
  assert.equal(focused, "true");
  assert.match(await page.textContent("#run-fields"), /is required/);
  await count.focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("3");
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Ada");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  await page.getByRole("button", { name: "Add" }).press("Enter");
  await page.keyboard.type("A-1");
  await page.keyboard.press("Tab");
  await page.keyboard.type("2");
  await screenshot(page, "run-form");
  await page.keyboard.press("Control+Enter");
  await ended(page);
  const output = JSON.parse(await page.textContent("#run-output"));
  assert.deepEqual(output, {
    count: 3,
    mode: "fast",
    name: "Ada",
    verbose: true,
    lines: [{ sku: "A-1", quantity: 2 }],
  });
  assert.match(await page.textContent("#run-progress"), /row 3.*3 of 3/s);
  await screenshot(page, "run-result");
});

test("what JSON says and the form does not know survives the way there and back", async () => {
  const { page } = visit;
  await page.click("#as-json");
  const text = '{"count": 1.50, "mode": "careful",\n "verbose": false, "lines": [], "extra": {"deep": [1]}}';
  await page.fill("#run-json", text);
  await page.click("#as-form");
  await page.click("#as-json");
  assert.equal(await page.inputValue("#run-json"), text);
  await page.click("#as-form");
  await page.getByLabel("count").fill("7");
  await page.click("#as-json");
  const changed = JSON.parse(await page.inputValue("#run-json"));
  assert.deepEqual(changed, { count: 7, mode: "careful", verbose: false, lines: [], extra: { deep: [1] } });
  await page.fill("#run-json", "{oops");
  await page.click("#as-form");
  assert.match(await page.textContent("#run-json-error"), /not JSON/);
});

test("a refusal of the server stands at its field", async () => {
  const { page } = visit;
  const schema = {
    type: "object",
    required: ["code"],
    properties: {
      code: { type: "string", pattern: "^[A-Z]+$" },
      inner: { type: "object", properties: { n: { type: "number", multipleOf: 5 } }, required: ["n"] },
    },
  };
  const made = { name: "refuses", type: "oneoff", source: "return 1", input_schema: schema };
  const { id } = await api(page, "POST", "/scripts", made);
  await page.goto(`/scripts/${id}/run`);
  await page.getByLabel("code").fill("ABC");
  await page.getByLabel("inner").check();
  await page.getByLabel("n", { exact: true }).fill("7");
  await page.click("#run-now");
  await page.waitForSelector('#run-fields [aria-invalid="true"]');
  assert.equal(await page.evaluate(() => document.activeElement?.value), "7");
  visit.faults.splice(0, visit.faults.length, ...visit.faults.filter((fault) => !fault.includes("422")));
});

test("an execution is repeated with another input", async () => {
  const { page } = visit;
  await page.goto(`/scripts/${script.id}/executions`);
  await page.click("#results .row-link");
  await page.click("text=Edit and run again");
  await page.waitForSelector("#run-replay");
  await page.getByLabel("count").fill("4");
  await page.click("#run-now");
  await ended(page);
  await page.click("#run-link");
  await page.waitForSelector("#status.tone-good");
  assert.match(await page.textContent("#execution dl"), /Repeats/);
  assert.match(await page.textContent("#input-json"), /"count": 4/);
});

test("a dry run changes nothing and lists what it would have done", async () => {
  const { page } = visit;
  await api(page, "PUT", "/storage/run-page", { value: "untouched" });
  await page.goto(`/scripts/${script.id}/run`);
  await page.click("#as-json");
  await page.fill("#run-json", '{"count": 5, "mode": "fast", "verbose": false, "lines": []}');
  await page.check("#run-dry");
  await page.click("#run-now");
  await ended(page);
  assert.match(await page.textContent("#run-effects"), /storage\s*run-page\s*set 5/);
  assert.equal((await api(page, "GET", "/storage/run-page")).value, "untouched");
  await screenshot(page, "run-dry");
  await page.click("#run-link");
  await page.waitForSelector("#effects li");
  await screenshot(page, "execution-dry");
});

test("all that match are run again, with how far that has come", async () => {
  const { page } = visit;
  await page.goto(`/executions?script=${script.id}&status=completed`);
  await page.click("#many >> text=Run all again");
  assert.match(await page.textContent("#matched"), /^\d+ executions match$/);
  await screenshot(page, "operation-new");
  await page.click("#operation-start");
  await page.waitForURL(/\/operations\/[0-9a-f-]{36}$/);
  await page.waitForSelector("#status.tone-good");
  assert.match(await page.textContent("#operation-count"), /^(\d+) of \1$/);
  await screenshot(page, "operation");
  await page.click("text=Its executions");
  await page.waitForSelector("#results .row-link");
});

test("the form reads well in the dark, in Russian and in Uzbek", async () => {
  const dark = await product.open({ theme: "dark" });
  await signIn(dark.page);
  for (const locale of ["en", "ru", "uz"]) {
    await api(dark.page, "PUT", "/session/locale", { locale });
    await dark.page.goto(`/scripts/${script.id}/run`);
    await dark.page.waitForSelector("#run-fields input");
    await dark.page.click("#run-now");
    await screenshot(dark.page, `run-form-dark-${locale}`, { fullPage: true });
  }
  await api(dark.page, "PUT", "/session/locale", { locale: "en" });
  assert.deepEqual(dark.faults, []);
});

test("nothing on the way broke a policy, threw or logged an error", () => {
  assert.deepEqual(visit.faults, []);
});
