// The same bytes as the command, and no more requests or bytes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { demo, download, ended, fresh, granulesOf, native, real, serve, start, totals, unzip } from "./support.mjs";

const SAMPLE_CELL = "-6134114";
const REAL_CELL = "4441321";
const MAX_MEMORY = 128 << 20;

export async function equality({ browser, page: url, data, check, skip }) {
  const served = (paths) => paths.map((path) => data.url + basename(path));

  for (const latitude of ["spherical", "authalic"]) {
    await check(`the sample gives the command's bytes, ${latitude}`, async () => {
      const page = await fresh(browser, url);
      await page.check(`input[name=latitude][value=${latitude}]`);
      await page.click("#sample");
      assert.equal(await ended(page), "done");
      const wanted = await native(granulesOf(demo), SAMPLE_CELL, "--latitude", latitude);
      return finish(page, wanted);
    });
  }

  for (const [by, ...dates] of [["month"], ["season", "2023-12-01", "2024-06-01"], ["cycle"]]) {
    await check(`the sample by ${by} with change gives the command's bytes`, async () => {
      const page = await fresh(browser, url);
      await page.selectOption("#by", by);
      if (dates.length > 0) for (const [at, id] of ["from-date", "to-date"].entries()) await page.fill(`#${id}`, dates[at]);
      await page.check("#change");
      await page.click("#sample");
      assert.equal(await ended(page), "done", await page.textContent("#alert"));
      const flags = dates.length > 0 ? ["--from-date", dates[0], "--to-date", dates[1]] : [];
      const wanted = await native(granulesOf(demo), SAMPLE_CELL, "--by", by, "--change", ...flags);
      const windows = await page.locator("#window option").allTextContents();
      await page.selectOption("#window", String(windows.length - 1));
      await page.selectOption("#variable", "dhdt");
      return `${await finish(page, wanted)}, windows ${windows.join(", ")}`;
    });
  }

  if (!real) return skip("equality, real granules", "no shared data");

  for (const [cell, latitude] of [["4441312", "spherical"], ["4441314", "spherical"], [REAL_CELL, "spherical"], [REAL_CELL, "authalic"]]) {
    await check(`real granules, dropped, cell ${cell}, ${latitude}`, async () => {
      const page = await fresh(browser, url);
      await page.setInputFiles("#files", granulesOf(real));
      await start(page, [], cell, { latitude });
      assert.equal(await ended(page), "done");
      const wanted = await native(granulesOf(real), cell, "--latitude", latitude);
      await noMore(page, wanted);
      return finish(page, wanted);
    });
  }

  for (const latitude of ["spherical", "authalic"]) {
    await check(`real granules, served at 20 ms, ${latitude}`, async () => {
      data.reset();
      data.state.latency = 20;
      const page = await fresh(browser, url);
      const urls = served(granulesOf(real));
      await start(page, urls, REAL_CELL, { latitude });
      assert.equal(await ended(page), "done");
      const seen = data.log.length;
      data.log.length = 0;
      const wanted = await native(urls, REAL_CELL, "--latitude", latitude);
      assert.ok(seen <= data.log.length, `the server saw ${seen} requests of the page, ${data.log.length} of the command`);
      const most = await noMore(page, wanted);
      return `${await finish(page, wanted)}, ${most}`;
    });
  }
  data.reset();
  return severalAtOnce({ browser, check });
}

/** `icestream serve` takes several ranges in one request, and the page copes when a server only says that it does. */
async function severalAtOnce({ browser, check }) {
  const server = await serve("--folder", real);
  const urls = granulesOf(real).map((path) => `${server.url}granules/${basename(path)}`);
  const go = async (before = () => {}) => {
    const page = await fresh(browser, server.url);
    const seen = { all: 0, several: 0 };
    page.on("request", (request) => {
      if (!request.url().includes("/granules/")) return;
      seen.all += 1;
      if (request.headers().range?.includes(",")) seen.several += 1;
    });
    await before(page);
    await start(page, urls, REAL_CELL);
    assert.equal(await ended(page), "done", await page.textContent("#alert"));
    return { page, seen };
  };
  try {
    const wanted = await native(urls, REAL_CELL);
    await check("real granules, from icestream serve, several ranges in one request", async () => {
      const { page, seen } = await go();
      const most = await noMore(page, wanted);
      assert.ok(seen.several > 0 && seen.all < wanted.ledger.totals.requests / 2, JSON.stringify(seen));
      return `${await finish(page, wanted)}, ${most}, in ${seen.all} exchanges`;
    });
    const answers = {
      "the whole file": { status: 200, body: "x" },
      "an error": { status: 503, body: "x" },
      "a body that is cut short": { status: 206, headers: { "content-type": "multipart/byteranges; boundary=B" }, body: "--B\r\nContent-Range: bytes 0-99/100\r\n\r\n..." },
      "no parts at all": { status: 206, headers: { "content-type": "multipart/byteranges; boundary=B" }, body: "" },
    };
    for (const [name, answer] of Object.entries(answers)) {
      await check(`several ranges are answered with ${name}`, async () => {
        const { page } = await go((each) => each.route("**/granules/*", (route) => (route.request().headers().range?.includes(",") ? route.fulfill(answer) : route.fallback())));
        await noMore(page, wanted);
        return finish(page, wanted);
      });
    }
  } finally {
    server.close();
  }
}

/** No more requests, no more bytes than the command. */
async function noMore(page, { ledger }) {
  const [here, there] = [await totals(page), ledger.totals];
  assert.ok(here.requests > 0 && here.requests <= there.requests, `${here.requests} requests, the command ${there.requests}`);
  assert.ok(here.bytes > 0 && here.bytes <= there.bytes, `${here.bytes} bytes, the command ${there.bytes}`);
  return `${here.requests} requests (command ${there.requests}), ${here.bytes} bytes (command ${there.bytes})`;
}

/** Downloads CSV and zip and compares every byte. */
async function finish(page, wanted) {
  const csv = readFileSync(await download(page, "csv"), "utf8");
  assert.equal(csv.length, wanted.csv.length);
  assert.ok(csv === wanted.csv, "the CSV differs");
  const objects = unzip(await download(page, "zarr"));
  const parent = [...objects.keys()][0].split("/")[0];
  assert.match(parent, /^-?\d+\.zarr$/);
  assert.deepEqual([...objects.keys()].map((key) => key.slice(parent.length + 1)), [...wanted.objects.keys()]);
  for (const [key, bytes] of wanted.objects) assert.ok(bytes.equals(objects.get(`${parent}/${key}`)), `${key} differs`);
  assert.deepEqual(page.problems, []);
  const { memory, milliseconds } = await page.evaluate(() => globalThis.icestream.state.result);
  assert.ok(memory > 0 && memory < MAX_MEMORY, `${memory} bytes of memory`);
  await page.context().close();
  return `${wanted.objects.size} objects, ${csv.length} bytes of CSV, ${Math.round(milliseconds)} ms, ${(memory / 2 ** 20).toFixed(1)} MiB`;
}
