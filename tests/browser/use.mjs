// Using it: pictures, keys, links, downloads, axe.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { axe, demo, download, ended, fresh, granulesOf, real, start, work } from "./support.mjs";

export async function use({ browser, page: url, data, check, skip }) {
  const shot = (page, name) => page.screenshot({ path: join(work, `${name}.png`), fullPage: true });
  const settled = (page) => page.waitForTimeout(250);

  await check("south, light and dark, and axe finds nothing", async () => {
    const page = await fresh(browser, url);
    const found = [await problems(page, "empty")];
    await page.click("#sample");
    assert.equal(await ended(page), "done");
    await settled(page);
    await page.focus("#map");
    await page.keyboard.press("ArrowRight");
    await settled(page);
    await shot(page, "south");
    found.push(await problems(page, "light"));
    await page.click("#table-box summary");
    await page.click("#ledger summary");
    found.push(await problems(page, "table"));
    await page.click("#theme");
    await page.selectOption("#variable", "count");
    await settled(page);
    await shot(page, "dark");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
    found.push(await problems(page, "dark"));
    assert.ok((await painted(page)) > 40, "the map shows few colours");
    assert.deepEqual(found.flat(), []);
    assert.deepEqual(page.problems, []);
    await page.context().close();
  });

  await check("phone width, and axe finds nothing", async () => {
    const page = await fresh(browser, url, { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true });
    await page.click("#sample-2");
    assert.equal(await ended(page), "done");
    await settled(page);
    await page.tap("#map", { position: { x: 180, y: 200 } });
    await shot(page, "phone");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `the page is ${wide} px wider than the phone`);
    assert.match(await page.textContent("#readout"), /Cell -?\d+/);
    assert.deepEqual(await problems(page, "phone"), []);
    await page.context().close();
  });

  if (real) {
    await check("north, with the cells that dropped tracks cross", async () => {
      const page = await fresh(browser, url);
      const some = granulesOf(real);
      await page.setInputFiles("#files", some.slice(0, 2));
      await page.waitForFunction(() => document.querySelectorAll("#crossed option").length > 0);
      const offered = await page.locator("#crossed option").allTextContents();
      assert.ok(offered.some((text) => text.startsWith("4441321: ")), offered.join("; "));
      await page.setInputFiles("#files", some.slice(2));
      await page.waitForFunction(() => /The tracks cross/.test(document.getElementById("status").textContent) && document.querySelectorAll("#granules li").length === 5);
      await page.selectOption("#crossed", "4441321");
      await page.click("#run");
      assert.equal(await ended(page), "done");
      await settled(page);
      await shot(page, "north");
      await page.context().close();
      return `${offered.length} cells offered`;
    });
  } else skip("north", "no shared data");

  await check("granules that are dropped on the page are taken", async () => {
    const page = await fresh(browser, url);
    const [path] = granulesOf(demo);
    const bytes = readFileSync(path).toString("base64");
    await page.evaluate(([name, text]) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
      document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, dataTransfer: transfer }));
    }, [basename(path), bytes]);
    await page.waitForFunction(() => document.querySelectorAll("#crossed option").length > 0);
    assert.match(await page.inputValue("#cell"), /^-?\d+$/);
    await page.context().close();
  });

  await check("the map repaints while granules finish", async () => {
    data.reset();
    data.state.latency = 120;
    const page = await fresh(browser, url);
    await page.evaluate(() => {
      globalThis.pictures = new Set();
      setInterval(() => {
        const values = globalThis.icestream.map.values;
        if (values && !globalThis.icestream.state.result) globalThis.pictures.add(values.filter(Number.isFinite).length);
      }, 5);
    });
    await start(page, granulesOf(demo).map((path) => data.url + basename(path)), "-6134114");
    await page.waitForTimeout(50);
    assert.equal(await ended(page), "done");
    const seen = await page.evaluate(() => [...globalThis.pictures]);
    data.reset();
    await page.context().close();
    assert.ok(seen.some((cells) => cells > 0), `pictures before the end: ${seen}`);
    return `cells painted before the end: ${seen.join(", ")}`;
  });

  await check("a catalog entry fills in the form", async () => {
    const page = await fresh(browser, url);
    const name = basename(granulesOf(demo)[0]);
    await page.fill("#urls", JSON.stringify({ parent_morton: -6134114, child_order: 12, granule_urls: [data.url + name, `s3://nsidc-cumulus-prod-protected/ATLAS/${name}`] }));
    await page.press("#urls", "Tab");
    assert.equal(await page.inputValue("#urls"), data.url + name);
    assert.equal(await page.inputValue("#cell"), "-6134114");
    await page.fill("#urls", JSON.stringify({ items: [{ umm: { RelatedUrls: [{ URL: `https://host.example/x/${name}`, Type: "GET DATA" }, { URL: "https://host.example/x.jpg", Type: "GET RELATED VISUALIZATION" }] } }] }));
    await page.press("#urls", "Tab");
    assert.equal(await page.inputValue("#urls"), `https://host.example/x/${name}`);
    await page.fill("#urls", "s3://nsidc-cumulus-prod-protected/ATLAS/a.h5\ns3://my-bucket/b.h5");
    await page.press("#urls", "Tab");
    assert.equal(await page.inputValue("#urls"), "https://data.nsidc.earthdatacloud.nasa.gov/nsidc-cumulus-prod-protected/ATLAS/a.h5\nhttps://my-bucket.s3.amazonaws.com/b.h5");
    await page.context().close();
  });

  await check("a link opens the same view", async () => {
    const page = await fresh(browser, url);
    await page.check("input[name=latitude][value=authalic]");
    await page.click("#sample");
    assert.equal(await ended(page), "done");
    await page.selectOption("#variable", "h_variance");
    await page.selectOption("#colours", "ember");
    const link = page.url();
    assert.match(link, /latitude=authalic.*show=h_variance/);
    const again = await fresh(browser, link);
    assert.equal(await ended(again), "done");
    const [a, b] = await Promise.all([page, again].map((each) => each.evaluate(() => [globalThis.icestream.state.result.csv, globalThis.icestream.state.variable, document.getElementById("colours").value])));
    assert.deepEqual(a, b);
    await page.context().close();
    await again.context().close();
  });

  await check("the folder of icestream serve is offered", async () => {
    const page = await fresh(browser, url);
    await page.click("#use-folder");
    await page.fill("#cell", "-74.466, 104.4");
    await page.press("#cell", "Tab");
    await page.waitForFunction(() => document.getElementById("cell-note").textContent.includes("order 6"));
    await page.fill("#cell", "-6134114");
    await page.click("#run");
    assert.equal(await ended(page), "done");
    assert.equal(await page.evaluate(() => globalThis.icestream.state.result.ledger.granules.length), 4);
    await page.context().close();
  });

  await check("everything works by keyboard", async () => {
    const page = await fresh(browser, url);
    const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
    const active = () => page.evaluate(() => document.activeElement.id);
    const reach = async (id) => {
      for (let i = 0; i < 60 && (await active()) !== id; i += 1) await press("Tab");
      assert.equal(await active(), id);
    };
    await reach("sample");
    await press("Enter");
    assert.equal(await ended(page), "done");
    await reach("variable");
    await press("ArrowDown");
    assert.equal(await page.inputValue("#variable"), "h_q50");
    await reach("map");
    await press("ArrowRight");
    const first = await page.textContent("#readout h3");
    await press("ArrowDown", "ArrowRight", "ArrowUp");
    const later = await page.textContent("#readout h3");
    assert.match(first, /^Cell -?\d+ \(nested \d+\)/);
    assert.notEqual(first, later);
    for (const name of ["count", "h_min", "h_max", "h_mean", "h_sigma", "h_variance", "h_q25", "h_q50", "h_q75"]) {
      assert.match(await page.textContent("#readout dl"), new RegExp(name));
    }
    const scale = () => page.evaluate(() => globalThis.icestream.map.view.scale);
    const before = await scale();
    await press("+", "+", "Shift+ArrowLeft");
    assert.ok((await scale()) < before);
    await press("0");
    assert.ok(Math.abs((await scale()) / before - 1) < 1e-9);
    await press("Escape");
    assert.doesNotMatch(await page.textContent("#readout"), /Cell -?\d+/);
    await reach("csv");
    const [file] = await Promise.all([page.waitForEvent("download"), press("Enter")]);
    assert.equal(file.suggestedFilename(), "-6134114.csv");
    for (let i = 0; i < 20; i += 1) {
      if (await page.evaluate(() => document.activeElement.closest("#table-box") !== null)) break;
      await press("Tab");
    }
    await press("Enter");
    assert.equal(await page.isVisible("#table table"), true);
    await page.context().close();
    return `${first} -> ${later}`;
  });

  await check("the read-out tells what the CSV tells", async () => {
    const page = await fresh(browser, url);
    await page.click("#sample");
    assert.equal(await ended(page), "done");
    await page.focus("#map");
    await page.keyboard.press("ArrowRight");
    const title = await page.textContent("#readout h3");
    const line = await page.evaluate((id) => globalThis.icestream.state.result.csv.split("\n").find((row) => row.startsWith(`${id},`)), /Cell (-?\d+)/.exec(title)[1]);
    const shown = await page.locator("#readout dd").allTextContents();
    const numbers = shown.map((text) => Number(text.replace("−", "-").replace(/[^-\d.e+]/g, "")));
    line.split(",").slice(2).map(Number).forEach((value, at) => assert.ok(Math.abs(value - numbers[at]) <= Math.abs(value) * 1e-3 + 6e-3, `${shown[at]} of ${line}`));
    await page.context().close();
  });

  await check("the pointer tells the cell under it, drags and zooms", async () => {
    const page = await fresh(browser, url);
    await page.click("#sample");
    assert.equal(await ended(page), "done");
    await settled(page);
    const canvas = await page.locator("#map").boundingBox();
    // The pixel of a cell with data in the middle of the map, and the cell's name.
    const [cell, name, x, y] = await page.evaluate(() => {
      const { map, state } = globalThis.icestream;
      const cell = map.neighbour([1, 0], true);
      return [cell, String(state.geometry.morton[cell]), ...map.view.pixel(map.centres[2 * cell], map.centres[2 * cell + 1])];
    });
    await page.mouse.move(canvas.x + x, canvas.y + y);
    assert.match(await page.textContent("#readout h3"), new RegExp(`^Cell ${name} `));
    await page.mouse.move(canvas.x + 2, canvas.y + canvas.height - 2);
    assert.doesNotMatch(await page.textContent("#readout"), /Cell -?\d+/);
    await page.mouse.move(canvas.x + x, canvas.y + y);
    await page.mouse.down();
    await page.mouse.move(canvas.x + x + 30, canvas.y + y + 20, { steps: 3 });
    await page.mouse.up();
    const pixel = () => page.evaluate((at) => { const { map } = globalThis.icestream; return map.view.pixel(map.centres[2 * at], map.centres[2 * at + 1]); }, cell);
    (await pixel()).forEach((place, axis) => assert.ok(Math.abs(place - [x + 30, y + 20][axis]) < 0.5, `${place}`));
    const scale = () => page.evaluate(() => globalThis.icestream.map.view.scale);
    const before = await scale();
    await page.mouse.wheel(0, -200);
    await page.waitForFunction((than) => globalThis.icestream.map.view.scale < than, before);
    (await pixel()).forEach((place, axis) => assert.ok(Math.abs(place - [x + 30, y + 20][axis]) < 1, "the cell under the pointer stays there"));
    await page.context().close();
    return `cell ${name}`;
  });

  await check("typed limits bound the colours", async () => {
    const page = await fresh(browser, url);
    await page.click("#sample");
    assert.equal(await ended(page), "done");
    const limits = () => page.evaluate(() => globalThis.icestream.map.style.limits);
    const robust = await limits();
    const type = async (id, text) => { await page.fill(id, text); await page.press(id, "Enter"); };
    const [low, high] = [Math.round(robust[0]) - 3, Math.round(robust[1]) + 5];
    await type("#low", `${low}`.replace("-", "−"));
    await type("#high", `${high}`);
    await settled(page);
    assert.deepEqual(await limits(), [low, high]);
    const wide = await painted(page);
    await type("#low", `${high + 1}`);
    assert.match(await page.textContent("#status"), /the lower one first/);
    assert.deepEqual(await limits(), robust);
    await type("#low", `${high - 0.001}`);
    await type("#high", `${high}`);
    await settled(page);
    assert.ok((await painted(page)) < wide, "nearly all values at one end of the bar");
    await page.click("#robust");
    assert.deepEqual(await limits(), robust);
    await page.context().close();
    return `${robust.map((value) => value.toFixed(2)).join(" to ")}, then ${low} to ${high}`;
  });

  await check("GeoJSON and PNG", async () => {
    const page = await fresh(browser, url);
    await page.click("#sample");
    assert.equal(await ended(page), "done");
    const { features } = JSON.parse(readFileSync(await download(page, "geojson"), "utf8"));
    const cells = await page.evaluate(() => globalThis.icestream.state.result.cells);
    assert.equal(features.length, cells);
    const [{ geometry, properties }] = features;
    assert.equal(geometry.coordinates[0].length, 5);
    assert.deepEqual(geometry.coordinates[0][0], geometry.coordinates[0][4]);
    assert.match(properties.morton, /^-6134114\d{6}$/);
    assert.ok(properties.count > 0 && Number.isFinite(properties.h_mean));
    const png = readFileSync(await download(page, "png"));
    assert.equal(png.subarray(1, 4).toString(), "PNG");
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [2000, 2000]);
    await page.context().close();
    return `${features.length} polygons, picture of ${png.length} bytes`;
  });

  await check("the alert passes axe, and a picture of it", async () => {
    data.reset();
    data.state.cors = false;
    const page = await fresh(browser, url);
    await start(page, [data.url + basename(granulesOf(demo)[0])], "-6134114");
    assert.equal(await ended(page), "failed");
    await shot(page, "alert");
    const found = await problems(page, "alert");
    data.reset();
    await page.context().close();
    assert.deepEqual(found, []);
  });

  await check("the plain build gives the same bytes", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    // A browser without vectors: the worker is served with a question that it answers with no.
    await page.route("**/worker.js", async (route) => {
      const answer = await route.fetch();
      const text = await answer.text();
      assert.match(text, /WebAssembly\.validate\(/);
      await route.fulfill({ response: answer, body: text.replace(/WebAssembly\.validate\([^?]*\?/, "false ?") });
    });
    await page.goto(url);
    await page.waitForFunction(() => document.getElementById("build").textContent.includes("ready, plain"));
    const other = await fresh(browser, url);
    assert.match(await other.textContent("#build"), /simd/);
    const bytes = async (each) => {
      await each.click("#sample");
      assert.equal(await ended(each), "done");
      return each.evaluate(() => [globalThis.icestream.state.result.csv, ...globalThis.icestream.state.result.objects.map(([key, value]) => `${key} ${value}`)]);
    };
    const [plain, simd] = [await bytes(page), await bytes(other)];
    assert.ok(plain.length > 20);
    assert.ok(plain.every((text, at) => text === simd[at]));
    await context.close();
    await other.context().close();
  });
}

/** What axe objects to, in short. */
async function problems(page, where) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  return violations.map(({ id, impact, nodes }) => `${where}: ${id} (${impact}) ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target}: ${failureSummary}`).join("; ")}`);
}

/** Number of distinct colours on the map. */
const painted = (page) =>
  page.evaluate(() => {
    const canvas = document.getElementById("map");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let at = 0; at < data.length; at += 4) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
    return seen.size;
  });
