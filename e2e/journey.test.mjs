// One tenant developer's day: sign in, write a script, be told of a mistake, run it, look back,
// change it, compare, restore.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ADMIN, api, run, screenshot, signIn, startProduct, writeInput, writeSource } from "./product.mjs";

const GOOD = `export default async function main(input) {
  for (let step = 1; step <= 4; step += 1) {
    console.progress(step, 4, \`step \${step}\`);
    console.log(\`hello \${input.name}, step \${step}\`);
    const until = Date.now() + 150;
    while (Date.now() < until) {}
  }
  return { greeting: \`Hello, \${input.name}!\`, html: "<img src=x onerror=alert(1)>" };
}
`;
const BROKEN = GOOD.replace("return {", "return {{");
const THROWING = `export default function main() {
  const order = undefined;
  return order.total;
}
`;

let product;
let visit;
before(async () => {
  product = await startProduct();
  visit = await product.open();
});
after(async () => product?.stop());

test("a wrong password is refused with a message, the right one opens the list", async () => {
  const { page, faults } = visit;
  await page.goto("/executions?status=failed");
  await page.waitForURL("**/login?next=*");
  await page.fill("#email", "admin@localhost");
  await page.fill("#password", "wrong");
  await page.click("button[type=submit]");
  await page.waitForSelector("[data-login-error]:not([hidden])");
  // The browser itself logs the refused request.
  faults.splice(0);
  await signIn(page);
  assert.equal(await page.textContent("h1"), "Scripts");
});

test("a script is written, checked as one types, fixed and saved", async () => {
  const { page } = visit;
  await page.click("text=New script");
  await page.click("a[href='/scripts/new?starter=oneoff']");
  await page.fill("[data-field=name]", "journey");
  await writeSource(page, BROKEN);
  await page.waitForSelector("#problems .problem");
  await page.waitForSelector("#source-pane .squiggly-error");
  await screenshot(page, "editor-marker");
  const place = await page.textContent("#problems .problem >> nth=0 >> span >> nth=-1");
  assert.match(place, /^\d+:\d+$/);

  await writeSource(page, GOOD);
  await page.waitForSelector("#problems", { state: "hidden" });
  await page.keyboard.press("Control+s");
  await page.waitForURL(/\/scripts\/[0-9a-f-]{36}$/);
  await page.waitForSelector(".toast");
  assert.equal((await page.textContent("h1")).trim(), "journey");
});

test("it runs, its lines arrive while it runs, and its result is text", async () => {
  const { page } = visit;
  await writeInput(page, { name: "Ada" });
  // The page itself notes how many lines stood there each time one came while it still ran.
  await page.evaluate(() => {
    globalThis.seenLive = [];
    const look = () => {
      const live = document.querySelector("#run-status.tone-live");
      if (live) globalThis.seenLive.push(document.querySelectorAll("#run-logs .log").length);
    };
    new MutationObserver(look).observe(document.getElementById("run-logs"), { childList: true });
  });
  await page.keyboard.press("Control+Enter");
  await page.waitForSelector("#run-status.tone-good");
  assert.equal(await page.locator("#run-logs .log").count(), 4);
  assert.match(await page.textContent("#run-progress"), /step 4.*4 of 4/s);
  const seen = await page.evaluate(() => globalThis.seenLive);
  assert.ok(seen.some((lines) => lines > 0 && lines < 4), `lines while it ran: ${seen}`);
  assert.match(await page.textContent("#run-logs"), /hello Ada, step 4/);
  await page.click(".pane-run .tab:has-text('Output')");
  const output = JSON.parse(await page.textContent("#run-output"));
  assert.equal(output.greeting, "Hello, Ada!");
  assert.equal(await page.locator("#run-output img").count(), 0);
  await screenshot(page, "editor-result");
});

test("unsaved code runs as a trial, and its error leads to the line", async () => {
  const { page } = visit;
  await writeSource(page, THROWING);
  assert.equal(await run(page), "Failed");
  await page.waitForSelector("text=Trial >> visible=true");
  await page.click("#run-error");
  assert.match(await page.textContent("#run-error"), /line 3/);
  // The editor moves its mark a frame after the cursor.
  const mark = page.locator("#source-pane .line-numbers.active-line-number", { hasText: /^\s*3\s*$/ });
  await mark.waitFor();
  await screenshot(page, "editor-error");
});

test("history finds the executions by script and status, and shows one whole", async () => {
  const { page } = visit;
  await writeSource(page, GOOD);
  await page.click(".tabs a:has-text('Executions')");
  await page.waitForSelector("#results tbody tr >> nth=1");
  await page.selectOption("select[name=status]", "completed");
  await page.waitForURL(/status=completed/);
  await page.waitForSelector("#results tbody tr .tone-bad", { state: "detached" });
  assert.equal(await page.locator("#results tbody tr").count(), 1);
  await page.click("#results .row-link");
  await page.waitForURL(/\/executions\/[0-9a-f-]{36}$/);
  assert.equal((await page.textContent("#status")).trim(), "Completed");
  assert.match(await page.textContent("#input-json"), /"Ada"/);
  assert.equal(await page.locator(".log").count(), 4);
  assert.match(await page.textContent("#progress"), /step 4.*4 of 4/s);
  assert.equal(await page.locator("#progress progress").getAttribute("value"), "1");

  const first = page.url();
  await page.click("text=Run again");
  await page.waitForURL((url) => url.href !== first);
  await page.waitForSelector("#status.tone-good");
});

test("an edit makes a version that can be compared and taken back", async () => {
  const { page } = visit;
  await page.click("text=Open in editor");
  await writeSource(page, GOOD.replace("Hello,", "Good day,"));
  await page.fill("input[aria-label='What changed? (optional)']", "Greet formally");
  await page.keyboard.press("Control+s");
  await page.waitForSelector(".toast:has-text('Saved as version 2')");
  await page.click(".tabs a:has-text('Versions')");
  await page.waitForSelector("text=Greet formally");
  await page.click("a:has-text('Compare') >> nth=0");
  await page.waitForURL(/versions\/1\/diff\/2$/);
  assert.match(await page.textContent("#diff .diff-gone >> nth=1"), /Hello,/);
  assert.match(await page.textContent("#diff .diff-new >> nth=1"), /Good day,/);
  await page.click("button:has-text('Restore version 1')");
  await page.waitForSelector("#ask[open]");
  await page.click("#ask [data-ask=confirm]");
  await page.waitForURL(/\/versions$/);
  await page.waitForSelector("text=Version 3");
  const id = page.url().match(/scripts\/([0-9a-f-]+)/)[1];
  const script = await api(page, "GET", `/scripts/${id}`);
  assert.equal(script.version, 3);
  assert.equal(script.source, GOOD);
});

test("the editor completes what scripts can reach", async () => {
  const { page } = visit;
  await page.click(".tabs a:has-text('Code')");
  await writeSource(page, "storage");
  await page.keyboard.type(".");
  await page.waitForSelector(".suggest-widget.visible .monaco-list-row");
  const offered = await page.locator(".suggest-widget .monaco-list-row").allTextContents();
  assert.ok(offered.some((one) => one.startsWith("get")), offered.join());
  await page.keyboard.press("Escape");
  await writeSource(page, GOOD);
});

test("a schedule shows its next runs as it is typed, and what is wrong with it", async () => {
  const { page, faults, context } = await product.open();
  await signIn(page);
  await page.goto("/scripts/new?starter=scheduled#settings");
  await page.fill("#f-timezone", "Asia/Tashkent");
  await page.fill("#f-cron", "30 8 * * 1");
  await page.waitForFunction(() => {
    const shown = document.querySelectorAll("#upcoming time");
    return shown.length === 10 && [...shown].every((time) => time.getAttribute("datetime").includes("T03:30:00"));
  });
  assert.match(await page.textContent("#upcoming"), /8:30/);
  assert.equal(await page.textContent("#rhythm"), "At 08:30 on Mondays");
  // A zone whose clock changes: what the change does is told, when the next runs do not reach it.
  await page.fill("#f-timezone", "Europe/Stockholm");
  await page.fill("#f-cron", "30 2 * * *");
  await page.waitForFunction(() => document.querySelector("#rhythm").textContent === "At 02:30 every day");
  assert.deepEqual(faults, []);
  await page.fill("#f-cron", "61 8 * * 1");
  await page.waitForSelector("#f-cron[aria-invalid=true]");
  assert.equal(await page.locator("#upcoming time").count(), 0);
  await context.close();
});

test("somebody else's newer version is not overwritten unseen", async () => {
  const { page, faults } = visit;
  const id = page.url().match(/scripts\/([0-9a-f-]+)/)[1];
  await api(page, "PATCH", `/scripts/${id}`, { description: "changed elsewhere" });
  await writeSource(page, `${GOOD}\n// mine\n`);
  await page.keyboard.press("Control+s");
  await page.waitForSelector("text=Save mine as the newest");
  faults.splice(0);
  await page.click("text=Save mine as the newest");
  await page.waitForSelector(".toast:has-text('Saved as version 5')");
});

test("a refused field is named, told in words, and focused", async () => {
  const { page, faults } = visit;
  await page.click("button.tab:has-text('Settings')");
  await page.fill("#f-wallMs", "5");
  await page.keyboard.press("Control+s");
  await page.waitForSelector("#f-wallMs[aria-invalid=true]");
  assert.equal(await page.evaluate(() => document.activeElement.id), "f-wallMs");
  assert.match(await page.textContent("[role=alert] ul"), /limits\.wall_ms: must be 10 to 300000/);
  faults.splice(0);
  await page.fill("#f-wallMs", "30000");
});

test("a script is switched on, off and deleted after a question", async () => {
  const { page } = visit;
  await page.click("button:has-text('Activate') >> nth=0");
  await page.waitForSelector(".page-head .badge:has-text('Active')");
  await page.click("summary[aria-label=Actions]");
  await page.click("[role=menuitem]:has-text('Pause')");
  await page.waitForSelector(".page-head .badge:has-text('Paused')");
  await page.click("summary[aria-label=Actions]");
  await page.click("[role=menuitem]:has-text('Delete')");
  await page.click("#ask [data-ask=confirm]");
  await page.waitForURL("**/scripts");
  assert.equal(await page.locator(".row-link:has-text('journey')").count(), 0);
});

test("search and filters live in the address, and an empty result says so", async () => {
  const { page } = visit;
  await page.fill("#q", "report");
  await page.waitForURL(/q=report/);
  await page.waitForFunction(() => document.querySelectorAll("#results tbody tr").length === 1);
  await page.fill("#q", "nothing like it");
  await page.waitForSelector("text=Clear filters");
  await page.click("text=Clear filters");
  await page.waitForSelector("#results tbody tr >> nth=5");
});

test("nothing on the way broke a policy, threw or logged an error", () => {
  assert.deepEqual(visit.faults, []);
});

test("an address with accounts in two organisations chooses one at sign-in", async () => {
  const { page, faults, context } = await product.open();
  await signIn(page);
  const person = { email: "both@example.com", name: "Ada", role: "org_admin", password: ADMIN.password };
  await api(page, "POST", "/users", person);
  await api(page, "POST", "/tenants", { slug: "globex", name: "Globex" });
  const token = { name: "sets up", tenant: "globex", permissions: ["*"] };
  const { secret } = await api(page, "POST", "/tokens", token);
  const headers = { authorization: `Bearer ${secret}` };
  const made = await page.request.post("/api/v1/users", { data: person, headers });
  assert.equal(made.status(), 201, await made.text());
  await context.clearCookies();

  await page.goto("/login");
  await page.fill("#email", person.email);
  await page.fill("#password", person.password);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#tenant:focus");
  await screenshot(page, "login-several");
  await page.selectOption("#tenant", "globex");
  await page.click("button[type=submit]");
  await page.waitForURL("**/scripts");
  const me = await api(page, "GET", "/session");
  assert.equal(me.tenant.slug, "globex");
  // The first answer was a refusal, which a browser logs.
  assert.deepEqual(
    faults.filter((fault) => !fault.includes("422")),
    [],
  );
  await context.close();
});
