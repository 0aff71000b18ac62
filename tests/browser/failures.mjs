// Every failure that a person can act on, provoked.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { demo, ended, fresh, granulesOf, root, serve, start, work } from "./support.mjs";

const CELL = "-6134114";

export async function failures({ browser, page: url, data, check }) {
  const paths = granulesOf(demo);
  const urls = paths.map((path) => data.url + basename(path));
  const made = join(work, "made");
  mkdirSync(made, { recursive: true });
  writeFileSync(join(made, "login.h5"), "<!doctype html><title>Log in</title>".padEnd(4000));
  writeFileSync(join(made, "cut.h5"), readFileSync(paths[0]).subarray(0, 60_000));

  const provoke = async (wanted, fault, options = {}) => {
    data.reset();
    Object.assign(data.state, fault);
    const page = await fresh(browser, url);
    await start(page, options.urls ?? urls, CELL, options);
    const how = await ended(page);
    const text = await page.textContent("#alert");
    assert.equal(how, "failed", text);
    for (const words of wanted) assert.match(text, words);
    assert.equal(await page.isVisible("#alert"), true);
    assert.deepEqual(page.problems, []);
    await page.context().close();
    return /^.*?(?=Dismiss|$)/s.exec(text)[0].slice(0, 110).replace(/\s+/g, " ");
  };

  await check("CORS refused", () =>
    provoke([/does not allow this page to read/, /\(CORS\)/, /drop the file/, /"ExposeHeaders"/, /icestream serve --allow-origin http:\/\/127/], { cors: false }));
  await check("NSIDC's hosts refuse, and the page says that they do", () =>
    provoke([/NSIDC's own hosts do not answer pages of other sites/, /icestream serve/], { cors: false }, { urls: [`${data.url}nsidc-cumulus-prod-protected/${basename(urls[0])}`] }));
  await check("Content-Range hidden", async () => {
    const page = await fresh(browser, url);
    await page.route(`${data.url}**`, async (route) => {
      const answer = await route.fetch();
      const { "content-range": _, ...headers } = answer.headers();
      return route.fulfill({ response: answer, headers });
    });
    data.reset();
    await start(page, urls.slice(0, 1), CELL);
    assert.equal(await ended(page), "failed");
    assert.match(await page.textContent("#alert"), /does not let this page see Content-Range/);
    await page.context().close();
  });
  await check("Range ignored", () =>
    provoke([/does not serve parts of files/, /\(200\)/, /serves byte ranges/], { fault: () => ({ ignore: true }) }));
  await check("ETag changed", () =>
    provoke([/changed while it was read/, /Start again/], { fault: (entry, count) => ({ etag: count > 6 ? "new" : "old" }) }));
  await check("truncated", () => provoke([/cut short/, /past the end|truncated/, /Download it again/, /Leave out/], {}, { urls: [`${data.url}cut.h5`] }));
  await check("not HDF5", () => provoke([/This is not an HDF5 file/, /login page/], {}, { urls: [`${data.url}login.h5`] }));
  await check("403", () => provoke([/refuses access/, /answered 403/, /icestream serve/], { fault: () => ({ status: 403 }) }));
  await check("404", () => provoke([/There is no such file/, /Check the link/], {}, { urls: [`${data.url}gone.h5`] }));
  await check("network lost", () =>
    provoke([/network or the server is gone/, /check the connection/, /Check the connection/], { fault: (entry, count) => ({ destroy: count > 5 }) }));
  await check("no server at all", () => provoke([/network or the server is gone/], {}, { urls: ["http://127.0.0.1:9/a.h5"] }));

  await check("what passes is sent again", async () => {
    data.reset();
    let seen = 0;
    data.state.fault = (entry) => {
      seen += 1;
      if (entry.method !== "GET") return {};
      return seen % 5 === 0 ? { status: 503 } : seen % 7 === 0 ? { drop: true } : {};
    };
    const page = await fresh(browser, url);
    await start(page, urls, CELL);
    assert.equal(await ended(page), "done");
    await page.context().close();
    return `${data.log.length} requests`;
  });

  await check("a granule that cannot be read is left out when that is allowed", async () => {
    data.reset();
    const page = await fresh(browser, url);
    await start(page, [...urls, `${data.url}cut.h5`], CELL, { partial: true });
    assert.equal(await ended(page), "done");
    assert.match(await page.textContent("#status"), /1 granule was left out/);
    assert.match(await page.textContent("#ledger"), /cut\.h5/);
    await page.context().close();
  });

  await check("cancel stops requests within 200 ms", async () => {
    data.reset();
    data.state.latency = 150;
    const page = await fresh(browser, url);
    await start(page, urls, CELL);
    while (data.log.length < 6) await new Promise((resolve) => setTimeout(resolve, 5));
    // From the moment at which the page has the click, by the clock that both processes share.
    await page.evaluate(() => {
      const now = () => performance.timeOrigin + performance.now();
      const seen = { clicked: 0, told: 0 };
      document.getElementById("cancel").addEventListener("click", () => { seen.clicked = now(); }, { capture: true });
      new MutationObserver(() => { if (document.body.dataset.run === "cancelled") seen.told ||= now(); }).observe(document.body, { attributes: true });
      globalThis.seen = seen;
    });
    await page.click("#cancel");
    assert.equal(await ended(page), "cancelled");
    const seen = await page.evaluate(() => globalThis.seen);
    const clicked = seen.clicked - performance.timeOrigin;
    const told = seen.told - seen.clicked;
    await new Promise((resolve) => setTimeout(resolve, 600));
    const last = Math.max(...data.log.map(({ begun }) => begun)) - clicked;
    const open = Math.max(...data.log.map(({ ended: end }) => end ?? Infinity)) - clicked;
    assert.ok(seen.clicked > 0 && told >= 0 && told < 200, `told ${told} ms after the click`);
    assert.ok(last < 200, `a request began ${last} ms after the click`);
    assert.ok(open < 200, `a request was under way ${open} ms after the click`);
    assert.match(await page.textContent("#status"), /Cancelled/);
    // And it runs again.
    data.state.latency = 0;
    await start(page, urls, CELL);
    assert.equal(await ended(page), "done");
    await page.context().close();
    return `told after ${Math.round(told)} ms, last request ended after ${Math.round(open)} ms`;
  });

  await check("icestream serve: another site's page reads through the proxy, and strangers do not", async () => {
    data.reset();
    data.state.cors = false;
    const other = await serve("--page", join(root, "wasm/dist"));
    const site = other.url.replace(/\/$/, "").replace("127.0.0.1", "localhost");
    const proxy = await serve("--allow-origin", site, "--proxy-host", new URL(data.url).host);
    try {
      const page = await fresh(browser, site);
      await page.click("summary:has-text('local proxy')");
      await page.fill("#proxy", proxy.url);
      await page.press("#proxy", "Tab");
      await page.waitForFunction(() => document.getElementById("status").textContent.includes("The local proxy takes"));
      await start(page, urls, CELL);
      assert.equal(await ended(page), "done", await page.textContent("#alert"));
      await page.context().close();
      for (const [path, headers, status] of [
        [`proxy/${urls[0]}`, { origin: "https://evil.example", range: "bytes=0-9" }, 403],
        [`proxy/${urls[0]}`, { "sec-fetch-site": "cross-site", range: "bytes=0-9" }, 403],
        ["proxy/https://evil.example/x.h5", { range: "bytes=0-9" }, 403],
        [`proxy/${urls[0]}`, { range: "bytes=0-9" }, 206],
        ["../Cargo.toml", {}, 404],
      ]) {
        const answer = await fetch(proxy.url + path, { headers });
        assert.equal(answer.status, status, path);
      }
    } finally {
      other.close();
      proxy.close();
    }
  });
  data.reset();
}
