// Every page in both themes, in three languages and widths: nothing breaks a policy, nothing
// overflows, nothing hostile runs, and a screenshot of each is left in screenshots/.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { api, screenshot, signIn, startProduct } from "./product.mjs";

const HOSTILE = "<img src=x onerror=\"document.title='owned'\"></script><script>document.title='owned'</script>";

let product;
let paths;
before(async () => {
  product = await startProduct();
  const { page, context } = await product.open();
  await signIn(page);
  paths = await populate(page);
  await context.close();
});
after(async () => product?.stop());

/** Gives every page something to show, hostile texts among it; the paths by page. */
async function populate(page) {
  const source = `export default (input) => {
  console.log(input.text);
  if (input.fail) throw new Error(input.text);
  return input;
};`;
  const script = await api(page, "POST", "/scripts", {
    name: "hostile texts",
    description: HOSTILE,
    type: "oneoff",
    source,
    tags: [HOSTILE.slice(0, 40)],
    compatibility: "2026-01-01",
    change_description: HOSTILE,
  });
  await api(page, "PATCH", `/scripts/${script.id}`, { source: `// ${HOSTILE}\n${source}`, change_description: HOSTILE });
  await api(page, "PUT", `/scripts/${script.id}/versions/1/milestone`, { name: HOSTILE.slice(0, 100) });
  const execute = (fail) =>
    api(page, "POST", `/scripts/${script.id}/execute`, { input: { text: HOSTILE, fail }, mode: "sync" });
  const completed = await execute(false);
  assert.equal(completed.status, "completed", JSON.stringify(completed.error));
  const failed = await execute(true);
  assert.equal(failed.error.code, "script.threw");
  const losing = await api(page, "POST", "/scripts", {
    name: "losing",
    type: "event",
    source: `export default (event) => { throw new Error(event.payload); }`,
    event: { types: ["order.lost"], max_attempts: 1 },
  });
  await api(page, "POST", `/scripts/${losing.id}/activate`, {});
  await api(page, "POST", "/events", { type: "order.lost", payload: HOSTILE });
  const letter = await letterOf(page);
  return {
    scripts: "/scripts",
    "scripts-none": "/scripts?q=nothing+like+it",
    starters: "/scripts/new",
    new: "/scripts/new?starter=http",
    editor: `/scripts/${script.id}`,
    settings: `/scripts/${script.id}#settings`,
    "script-executions": `/scripts/${script.id}/executions`,
    versions: `/scripts/${script.id}/versions`,
    version: `/scripts/${script.id}/versions/1`,
    milestones: `/scripts/${script.id}/versions?show=milestones`,
    diff: `/scripts/${script.id}/versions/1/diff/2`,
    "diff-unified": `/scripts/${script.id}/versions/1/diff/2?view=unified`,
    tenant: "/settings",
    executions: "/executions",
    audit: "/audit",
    "audit-executions": "/audit?executions=yes",
    "audit-none": "/audit?q=nothing+like+it",
    "execution-completed": `/executions/${completed.id}`,
    "execution-failed": `/executions/${failed.id}`,
    "dead-letters": "/dead-letters",
    "dead-letters-none": "/dead-letters?type=nothing.like_it",
    "dead-letter": `/dead-letters/${letter}`,
    notifications: "/notifications",
    compatibility: "/compatibility",
    "notifications-none": "/notifications?status=failed",
  };
}

/** The id of the dead letter, as soon as there is one. */
async function letterOf(page) {
  for (let tries = 0; tries < 200; tries++) {
    const { items } = await api(page, "GET", "/dead-letters");
    if (items.length > 0) return items[0].id;
    await page.waitForTimeout(25);
  }
  assert.fail("there is no dead letter");
}

async function look(page, name, path) {
  // A change of the fragment alone would not load the page again.
  await page.goto("about:blank");
  await page.goto(path);
  if (path.startsWith("/scripts/new?") || name === "editor") {
    await page.waitForSelector("#source-pane .view-line");
  }
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`);
  assert.notEqual(await page.title(), "owned", name);
  assert.equal(await page.locator("main img").count(), 0, `${name} shows an image`);
}

/** What WCAG 2.1 AA asks and a program can see: contrast, names, roles, order (R-A11Y). */
async function checkAccess(page, name) {
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations } = await axe.run(
      // The editor's own markup is Monaco's.
      { exclude: ["#source-pane", "#input-pane"] },
      { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] },
    );
    return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  });
  assert.deepEqual(violations, [], `${name}: ${violations.join("\n")}`);
}

for (const theme of ["light", "dark"]) {
  test(`every page stands in the ${theme} theme`, async () => {
    const { page, faults, context } = await product.open({ theme });
    await page.goto("/login");
    await checkAccess(page, "login");
    await screenshot(page, `login-${theme}`);
    await signIn(page);
    for (const [name, path] of Object.entries(paths)) {
      await look(page, name, path);
      await checkAccess(page, name);
      await screenshot(page, `${name}-${theme}`, { fullPage: !["editor", "new"].includes(name) });
    }
    assert.deepEqual(faults, []);
    await page.goto("/scripts/not-an-id");
    assert.equal(await page.textContent("h1"), "Nothing here");
    await screenshot(page, `missing-${theme}`);
    await context.close();
  });
}

for (const [locale, width, heading] of [
  ["ru", 1024, "Скрипты"],
  ["uz", 768, "Skriptlar"],
  ["en", 390, "Scripts"],
]) {
  test(`every page fits ${width} pixels in ${locale}`, async () => {
    const { page, faults, context } = await product.open({ width });
    await signIn(page);
    await api(page, "PUT", "/session/locale", { locale });
    await page.goto("/scripts");
    assert.equal(await page.textContent("h1"), heading);
    for (const [name, path] of Object.entries(paths)) {
      await look(page, name, path);
      await screenshot(page, `${name}-${locale}-${width}`, { fullPage: true });
    }
    assert.deepEqual(faults, []);
    await api(page, "PUT", "/session/locale", { locale: "en" });
    await context.close();
  });
}

test("the theme and the language are chosen in the menu and stay chosen", async () => {
  const { page, context } = await product.open();
  await signIn(page);
  await page.click("#user-menu > summary");
  await page.click("[data-theme-set=dark]");
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await page.reload();
  assert.equal(await page.getAttribute("html", "data-theme"), "dark");
  await page.click("#user-menu > summary");
  await screenshot(page, "menu-dark");
  await Promise.all([page.waitForEvent("load"), page.click("[data-locale-set=uz]")]);
  assert.equal(await page.textContent("h1"), "Skriptlar");
  await api(page, "PUT", "/session/locale", { locale: "en" });
  await page.reload();
  await page.click("#user-menu > summary");
  await page.click("[data-sign-out]");
  await page.waitForURL("**/login");
  await page.goto("/scripts");
  await page.waitForURL("**/login?next=*");
  await context.close();
});

test("who may only read sees no way to change anything", async () => {
  const admin = await product.open();
  await signIn(admin.page);
  const viewer = { email: "viewer@example.com", password: "only looking around here" };
  await api(admin.page, "POST", "/users", { ...viewer, name: "Viewer", role: "viewer" });
  const { page, context, faults } = await product.open();
  await signIn(page, viewer);
  assert.equal(await page.locator("text=New script").count(), 0);
  await look(page, "editor", paths.editor);
  assert.equal(await page.locator("#run, button:has-text('Save'), [data-call]").count(), 0);
  await screenshot(page, "editor-read-only");
  await page.goto(paths.versions);
  assert.equal(await page.locator("[data-call]").count(), 0);
  await page.goto(paths.tenant);
  assert.equal(await page.locator("main button, main input:enabled").count(), 0);
  assert.deepEqual(faults, []);
  const response = await page.goto("/scripts/new");
  assert.equal(response.status(), 403);
  await screenshot(page, "forbidden");
  await context.close();
  await admin.context.close();
});
