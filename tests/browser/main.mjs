// The checks. Each prints a line; the first word is its verdict.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { equality } from "./equality.mjs";
import { failures } from "./failures.mjs";
import { products } from "./products.mjs";
import { rangeServer } from "./server.mjs";
import { serving } from "./serving.mjs";
import { demo, launch, real, serve, work } from "./support.mjs";
import { use } from "./use.mjs";

mkdirSync(join(work, "downloads"), { recursive: true });
const only = process.argv[2];
const results = { passed: 0, failed: 0, skipped: 0 };

/** Runs one check; it fails by throwing. */
async function check(name, body) {
  if (only && !new RegExp(only).test(name)) return;
  const began = performance.now();
  try {
    const note = await body();
    results.passed += 1;
    console.log(`ok      ${name}${note ? `: ${note}` : ""} (${Math.round(performance.now() - began)} ms)`);
  } catch (error) {
    results.failed += 1;
    console.log(`FAILED  ${name}: ${String(error.stack ?? error).slice(0, 1500)}`);
  }
}

function skip(name, reason) {
  results.skipped += 1;
  console.log(`skipped: ${reason} (${name})`);
}

const [browser, pages, data] = await Promise.all([launch(), serve("--folder", demo), rangeServer([demo, join(work, "made"), ...(real ? [real] : [])])]);
const world = { browser, page: pages.url, data, check, skip };
try {
  await equality(world);
  await products(world);
  await failures(world);
  await use(world);
  await serving(world);
} finally {
  await browser.close();
  pages.close();
  data.close();
}
console.log(`${results.passed} passed, ${results.failed} failed, ${results.skipped} skipped`);
process.exit(results.failed === 0 && results.passed > 0 ? 0 : 1);
