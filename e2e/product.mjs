// Starts the product as `make run` does, and a browser that reports whatever a page must not do:
// break its policy, throw, or log an error.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const BINARY = process.env.SCRIPTORIUM_BIN ?? join(import.meta.dirname, "../target/debug/scriptorium");
const CHROMIUM = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
const SCREENSHOTS = join(import.meta.dirname, "screenshots");
const START_MS = 120_000;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const ADMIN = { email: "admin@localhost", password: "correct horse battery staple" };

/** Starts the server with the sample business on a free port and an empty data directory. */
export async function startProduct() {
  const data = mkdtempSync(join(tmpdir(), "scriptorium-e2e-"));
  const server = spawn(BINARY, ["serve", "--demo", "--listen", "127.0.0.1:0", "--data-dir", data], {
    env: { ...process.env, SCRIPTORIUM_ADMIN_PASSWORD: ADMIN.password },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const address = await addressOf(server);
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  return {
    address,
    open: (options) => openPage(browser, address, options),
    async stop() {
      await browser.close();
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** The address that the server prints when it listens. */
function addressOf(server) {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (reason) => reject(new Error(`${reason}\n${output}`));
    const timer = setTimeout(() => fail("the server did not start in time"), START_MS);
    const read = (chunk) => {
      output += chunk;
      const found = output.match(/listening on (http:\/\/[\d.:]+)/);
      if (!found) return;
      clearTimeout(timer);
      resolve(found[1]);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("error", (error) => fail(`${BINARY} does not start: ${error.message}`));
    server.once("exit", (code) => fail(`the server ended with ${code}`));
  });
}

/** A page of a fresh browser profile, with the list of what went wrong on it. */
async function openPage(browser, address, { width = 1440, height = 900, theme = "light", locale = "en" } = {}) {
  const context = await browser.newContext({
    baseURL: address,
    viewport: { width, height },
    colorScheme: theme,
    locale,
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
    });
  });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    if (message.type() === "error") faults.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${page.url()}: ${error.message}`));
  page.setDefaultTimeout(20_000);
  return { page, faults, context };
}

export async function signIn(page, user = ADMIN) {
  await page.goto("/login");
  await page.fill("#email", user.email);
  await page.fill("#password", user.password);
  await page.click("button[type=submit]");
  await page.waitForURL("**/scripts");
}

/** A call of the management API with the page's session. */
export async function api(page, method, path, data) {
  const response = await page.request.fetch(`/api/v1${path}`, { method, ...(data === undefined ? {} : { data }) });
  if (!response.ok()) throw new Error(`${method} ${path}: ${response.status()} ${await response.text()}`);
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

export async function screenshot(page, name, options = {}) {
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), ...options });
}

/** Replaces the text of the code editor. */
export async function writeSource(page, source) {
  await replaceText(page, "#source-pane", source);
}

/** Replaces the input of the run panel. */
export async function writeInput(page, input) {
  await replaceText(page, "#input-pane", JSON.stringify(input));
}

/** Pastes: typed text would have its brackets closed and its lines indented by the editor. */
async function replaceText(page, pane, text) {
  await page.waitForSelector(`${pane} .view-line`);
  await page.evaluate((content) => navigator.clipboard.writeText(content), text);
  await page.click(`${pane} .view-lines`);
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Control+V");
}

/** Runs what the editor shows and waits for the end; gives the status that is shown. */
export async function run(page) {
  await page.click("#run");
  await page.waitForFunction(() => {
    const status = document.getElementById("run-status");
    const ended = ["tone-good", "tone-bad", "tone-warn", "tone-hollow"];
    const live = ["tone-info", "tone-live"];
    const has = (names) => names.some((name) => status.classList.contains(name));
    return status.checkVisibility() && has(ended) && !has(live);
  });
  return (await page.textContent("#run-status")).trim();
}
