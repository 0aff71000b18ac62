// Wall time and memory of a cell of large granules over localhost, page against command: bench.mjs GRANULES CELL [PAGE...]
import { basename } from "node:path";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { bare, until } from "./bare.mjs";
import { granulesOf, native, serve, work } from "./support.mjs";

const [folder, cell, ...given] = process.argv.slice(2);
const rounds = Number(process.env.ROUNDS ?? 7);
const pages = given.length > 0 ? given : ["wasm/dist"];
mkdirSync(join(work, "downloads"), { recursive: true });
const browser = await bare();
const servers = await Promise.all(pages.map((page) => serve("--folder", folder, "--page", page)));
const urlsAt = (server) => granulesOf(folder).map((path) => `${server.url}granules/${basename(path)}`);
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const seconds = (list) => `median ${median(list).toFixed(2)} s, least ${Math.min(...list).toFixed(2)} s`;
const [command, first, again, peak] = [[], pages.map(() => []), pages.map(() => []), pages.map(() => 0)];

/** Starts a run and answers `{ milliseconds, memory, requests, bytes }` of it. */
async function run(ask) {
  await ask(`document.body.dataset.run = ""; document.getElementById("run").click()`);
  await until(ask, `["done", "failed"].includes(document.body.dataset.run)`);
  return ask(`(() => {
    const { result } = globalThis.icestream.state;
    if (!result) throw new Error(document.getElementById("alert").textContent);
    const { milliseconds, memory, ledger } = result;
    return { milliseconds, memory, requests: ledger.totals.requests, bytes: ledger.totals.bytes };
  })()`);
}

for (let round = 0; round < rounds; round += 1) {
  const { seconds: wall, ledger } = await native(urlsAt(servers[0]), cell);
  command.push(wall);
  for (const [at, server] of servers.entries()) {
    const { ask, close } = await browser.open(server.url);
    await until(ask, `document.body.dataset.settled && document.getElementById("build").textContent.includes("ready")`);
    // Whoever opens a page takes a moment; the browser uses it to settle.
    await new Promise((done) => { setTimeout(done, 1000); });
    await ask(`for (const [id, text] of ${JSON.stringify([["urls", urlsAt(server).join("\n")], ["cell", cell]])}) document.getElementById(id).value = text`);
    const cold = await run(ask);
    first[at].push(cold.milliseconds / 1000);
    again[at].push((await run(ask)).milliseconds / 1000);
    peak[at] = Math.max(peak[at], cold.memory);
    if (round === 0) console.log(`${pages[at]}: ${cold.requests} ranges, ${cold.bytes} bytes; command ${ledger.totals.requests} requests, ${ledger.totals.bytes} bytes`);
    await close();
  }
}
console.log(`${urlsAt(servers[0]).length} granules, cell ${cell}, ${rounds} rounds; command ${seconds(command)}`);
for (const [at, page] of pages.entries()) {
  const times = (list) => `${seconds(list)}: ${(median(list) / median(command)).toFixed(2)} times the command`;
  console.log(`${page}: in a fresh page ${times(first[at])}; a second time ${times(again[at])}; peak of the engine's memory ${(peak[at] / 2 ** 20).toFixed(1)} MiB`);
}
await browser.close();
servers.forEach((server) => server.close());
