// What the checks share: the browser, the page's server, the command.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative, resolve } from "node:path";

const require = createRequire(process.env.NODE_MODULES);
const { chromium } = require("playwright-core");

export const root = resolve(import.meta.dirname, "../..");
export const work = join(resolve(root, process.env.CARGO_TARGET_DIR ?? "target"), "browser");
export const demo = join(root, "crates/cli/demo");
export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
export const icestream = resolve(root, process.env.ICESTREAM);

const shared = process.env.SHARED ?? "../shared";
const below = (folder) => {
  const path = join(resolve(root, shared), folder);
  return shared !== "none" && existsSync(path) ? path : null;
};

/** Real granules of the shared data, or null. */
export const real = below("data/atl06");

/** The shared data with files of other products, or null. */
export const others = below("data/products") && resolve(root, shared);

export const granulesOf = (folder) => readdirSync(folder).filter((name) => name.endsWith(".h5")).map((name) => join(folder, name));

export const chromiumFlags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: chromiumFlags });

/** `icestream serve`, once it says where. */
export const serve = (...args) => started(["--no-open", ...args]);

/** The same, with the programs of a folder to open the browser by. */
serve.opening = (bin, ...args) => started(args, { PATH: `${bin}:${process.env.PATH}` });

function started(args, env = process.env) {
  const child = spawn(icestream, ["serve", "--port", "0", ...args], { stdio: ["ignore", "pipe", "inherit"], env });
  return new Promise((done, failed) => {
    let text = "";
    child.stdout.on("data", (piece) => {
      text += piece;
      const url = /http:\/\/\S+/.exec(text);
      if (url) done({ url: url[0], close: () => child.kill() });
    });
    child.on("exit", (code) => failed(new Error(`icestream serve ended with ${code}: ${text}`)));
  });
}

/** `icestream cell`: `{ csv, objects, ledger, seconds }`. Runs beside this process, which may be serving. */
export async function native(inputs, cell, ...args) {
  const out = join(work, "native");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const store = join(out, "store.zarr");
  const all = ["cell", ...inputs, `--cell=${cell}`, "--out", store, "--csv", join(out, "table.csv"), "--json", ...args];
  const began = performance.now();
  const { code, stdout, stderr } = await run(icestream, all);
  if (code !== 0) throw new Error(`icestream ${all.join(" ")}: ${stderr}`);
  const seconds = (performance.now() - began) / 1000;
  return { csv: readFileSync(join(out, "table.csv"), "utf8"), objects: files(store), ledger: JSON.parse(stdout).ledger, seconds };
}

function run(program, args) {
  return new Promise((done) => {
    const child = spawn(program, args, { env: { PATH: process.env.PATH } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (piece) => { stdout += piece; });
    child.stderr.on("data", (piece) => { stderr += piece; });
    child.on("close", (code) => done({ code, stdout, stderr }));
  });
}

/** Every file below a folder: a Map from its name to its bytes. */
export function files(folder) {
  const found = readdirSync(folder, { recursive: true }).map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return new Map(found.sort().map((path) => [relative(folder, path), readFileSync(path)]));
}

/** The entries of a zip, by Python's reader. */
export function unzip(path) {
  const out = `${path}.d`;
  rmSync(out, { recursive: true, force: true });
  const { status, stderr } = spawnSync("python3", ["-m", "zipfile", "-e", path, out], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${path}: ${stderr}`);
  return files(out);
}

/** Clicks a download button and answers the path of the file. */
export async function download(page, id) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(`#${id}`)]);
  const path = join(work, "downloads", file.suggestedFilename());
  await file.saveAs(path);
  return path;
}

/** Waits for the end of a run; answers how it ended. */
export async function ended(page, timeout = 60_000) {
  const over = () => ["done", "failed", "cancelled"].includes(document.body.dataset.run);
  try {
    await page.waitForFunction(over, null, { timeout, polling: 50 });
  } catch (error) {
    const seen = await page.evaluate(() => [document.body.dataset.run, document.getElementById("status").textContent, document.getElementById("alert").textContent]);
    throw new Error(`no end: ${JSON.stringify([...seen, page.problems])}`, { cause: error });
  }
  return page.evaluate(() => document.body.dataset.run);
}

/** A fresh page of the served application. */
export async function fresh(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, colorScheme: "light", ...options });
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => {
    // Failed requests are part of the checks.
    if (message.type() === "error" && !/Failed to load resource|CORS policy|ERR_/.test(message.text())) problems.push(message.text());
  });
  await page.goto(url);
  await page.waitForFunction(() => document.body.dataset.settled && /ready|missing/.test(document.getElementById("build").textContent), null, { polling: 20 });
  if (!(await page.textContent("#build")).includes("ready")) throw new Error(await page.textContent("#alert"));
  return Object.assign(page, { problems });
}

/** Fills in URLs and a cell and starts. */
export async function start(page, urls, cell, { latitude = "spherical", partial = false } = {}) {
  await page.evaluate(() => { document.body.dataset.run = ""; });
  await page.fill("#urls", urls.join("\n"));
  await page.fill("#cell", String(cell));
  await page.check(`input[name=latitude][value=${latitude}]`);
  await page.setChecked("#partial", partial);
  await page.locator("#cell").blur();
  await page.waitForFunction(() => document.getElementById("cell-note").textContent !== "", null, { polling: 20 });
  // By key: what a click would hit may still move while earlier answers come in.
  await page.press("#run:enabled", "Enter");
}

/** The totals of the ledger that the page holds. */
export const totals = (page) => page.evaluate(() => globalThis.icestream.state.result.ledger.totals);
