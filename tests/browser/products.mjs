// A cell of each built-in product, against the oracle of tests/python/products; and how the page learns which product it is.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { PRODUCTS } from "../../wasm/page/products.js";
import { download, ended, fresh, others, root, start, unzip, work } from "./support.mjs";

export async function products({ browser, page: url, check, skip }) {
  if (!others) return skip("products", "no shared data");
  const cases = expected();
  const covered = new Set(cases.filter(({ table }) => Object.keys(table).length > 0).map(({ product }) => product));

  await check("the oracle has rows of every built-in product", () => {
    assert.deepEqual(PRODUCTS.map(({ name }) => name).filter((name) => !covered.has(name)), []);
  });
  for (const each of cases) {
    await check(`${each.product}, ${each.title}, ${basename(each.path)}, ${each.mode}`, () => (each.refused.length > 0 ? refused(browser, url, each) : computed(browser, url, each)));
  }
  await check("a granule without a telling name says itself what it is", () => unnamed(browser, url, cases));
  return undefined;
}

function expected() {
  const python = process.env.PYTHON ?? run(join(root, "tests/python-env"), []).trim();
  return JSON.parse(run(python, ["-B", join(root, "tests/browser/oracle.py"), others, join(work, "planted")]));
}

function run(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program}: ${error ?? stderr}`);
  return stdout;
}

/** A page with the case's file and the words of the case in its form. */
async function filled(browser, url, { product, path, mode, keep, cycle }) {
  const page = await fresh(browser, url);
  await page.check(`input[name=latitude][value=${mode}]`);
  await page.selectOption("#product", product);
  if (cycle) await page.fill("#cycle", cycle);
  await page.click("summary:text('Conditions on rows')");
  await page.fill("#keep", keep.join("\n"));
  await page.setInputFiles("#files", path);
  return page;
}

async function computed(browser, url, each) {
  const page = await filled(browser, url, each);
  await page.waitForFunction(() => document.querySelectorAll("#crossed option").length > 0);
  const offered = await page.locator("#crossed option").evaluateAll((options) => options.map(({ value }) => value));
  assert.ok(offered.includes(String(each.cell)), `${each.cell} is not among ${offered.join()}`);
  await start(page, [], each.cell, { latitude: each.mode });
  assert.equal(await ended(page), "done", await page.textContent("#alert"));
  const children = await compare(page, each);
  const rows = Object.values(each.table).reduce((sum, { count }) => sum + count, 0);
  if (rows > 0) await stored(page, each);
  assert.deepEqual(page.problems, []);
  await page.context().close();
  return `${rows} rows, ${children} children`;
}

/** Every statistic of every child: counts and order statistics equal, what is summed within one step of f32. */
async function compare(page, { product, table, prefix }) {
  const { statistics } = PRODUCTS.find(({ name }) => name === product);
  const columns = await page.evaluate(() => globalThis.icestream.state.result.columns.map(({ name, values }) => [name, [...values].map((value) => (Number.isFinite(value) ? value : null))]));
  if (Object.keys(table).length > 0) assert.deepEqual(columns.map(([name]) => name), statistics.map((name) => (name === "count" ? name : `${prefix}_${name}`)));
  for (const [at, [, values]] of columns.entries()) {
    const name = statistics[at];
    for (const [child, value] of values.entries()) {
      const wanted = table[child]?.[name] ?? (name === "count" ? 0 : null);
      const exact = ["count", "min", "max"].includes(name) || name.startsWith("q") || value === null || wanted === null;
      const same = exact ? value === wanted : Math.abs(value - wanted) <= Math.abs(wanted) * 2 ** -23;
      assert.ok(same, `child ${child}: ${name} is ${value}, not ${wanted}`);
    }
  }
  return Object.keys(table).length;
}

/** What is stored and shown has the product's words. */
async function stored(page, { product, prefix }) {
  const { output } = PRODUCTS.find(({ name }) => name === product);
  const objects = unzip(await download(page, "zarr"));
  const [key] = [...objects.keys()].filter((name) => name.endsWith(`/${prefix}_mean/zarr.json`) && /\/12\//.test(name));
  const { attributes } = JSON.parse(objects.get(key));
  assert.ok(attributes.long_name.endsWith(output.label), attributes.long_name);
  assert.equal(attributes.units ?? "", output.units ?? "");
  const [shown, note, legend] = await Promise.all([page.locator("#variable option").allTextContents(), page.textContent("#product-note"), page.evaluate(() => globalThis.icestream.map.style)]);
  assert.ok(shown.includes(`${prefix}_mean`) && shown.includes("count"), shown.join());
  assert.ok(note.includes(output.label), note);
  assert.deepEqual([legend.label, legend.unit], [`${prefix}_mean`, output.units === "1" ? "" : output.units]);
}

async function refused(browser, url, each) {
  const page = await filled(browser, url, each);
  // Until the page has looked at the file: what it finds, it writes into the form.
  await page.waitForFunction(() => /^(?!.*Looking).*(cross|cannot|not)/s.test(document.getElementById("status").textContent));
  await start(page, [], each.cell, { latitude: each.mode });
  assert.equal(await ended(page), "failed");
  const text = await page.textContent("#alert");
  for (const word of each.refused) assert.ok(text.includes(word), text);
  await page.context().close();
  return /^.*?(?=Dismiss|$)/s.exec(text)[0].slice(0, 110).replace(/\s+/g, " ");
}

async function unnamed(browser, url, cases) {
  const each = cases.find(({ product, table, keep }) => product === "GEDI02_A" && keep.length === 0 && Object.keys(table).length > 0);
  const path = join(work, "made", "granule.h5");
  mkdirSync(join(work, "made"), { recursive: true });
  copyFileSync(each.path, path);
  const page = await fresh(browser, url);
  await page.setInputFiles("#files", path);
  await page.waitForFunction(() => document.querySelectorAll("#crossed option").length > 0);
  assert.match(await page.textContent("#product-note"), /^GEDI02_A, by the granules/);
  await start(page, [], each.cell, { latitude: each.mode });
  assert.equal(await ended(page), "done", await page.textContent("#alert"));
  const children = await compare(page, each);
  await page.context().close();
  return `${children} children`;
}
