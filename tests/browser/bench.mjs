// Wall time and memory of a cell of large granules over localhost, page against command: bench.mjs GRANULES CELL
import { basename, join } from "node:path";
import { mkdirSync } from "node:fs";
import { ended, fresh, granulesOf, launch, native, serve, start, totals, work } from "./support.mjs";

const [folder, cell] = process.argv.slice(2);
mkdirSync(join(work, "downloads"), { recursive: true });
const [browser, server] = await Promise.all([launch(), serve("--folder", folder)]);
const urls = granulesOf(folder).map((path) => `${server.url}granules/${basename(path)}`);
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const [here, there] = [[], []];
let peak = 0;
for (let round = 0; round < 5; round += 1) {
  const { seconds, ledger } = await native(urls, cell);
  const page = await fresh(browser, server.url);
  await start(page, urls, cell);
  if ((await ended(page, 600_000)) !== "done") throw new Error(await page.textContent("#alert"));
  const { milliseconds, memory } = await page.evaluate(() => globalThis.icestream.state.result);
  const seen = await totals(page);
  peak = Math.max(peak, memory);
  here.push(milliseconds / 1000);
  there.push(seconds);
  console.log(`page ${(milliseconds / 1000).toFixed(2)} s, ${seen.requests} requests, ${seen.bytes} bytes, ${(memory / 2 ** 20).toFixed(1)} MiB; command ${seconds.toFixed(2)} s, ${ledger.totals.requests} requests, ${ledger.totals.bytes} bytes`);
  await page.context().close();
}
console.log(`${urls.length} granules, cell ${cell}: page ${median(here).toFixed(2)} s, command ${median(there).toFixed(2)} s: ${(median(here) / median(there)).toFixed(2)} times; peak of the engine's memory ${(peak / 2 ** 20).toFixed(1)} MiB`);
await browser.close();
server.close();
