// `icestream serve` itself: whom it answers, what it opens, how it cuts files.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { networkInterfaces } from "node:os";
import { basename, join } from "node:path";
import { demo, granulesOf, icestream, serve, work } from "./support.mjs";

/** Asks as a program would, with any header: `{ status, headers, body }`. */
function ask(url, headers = {}, hostname = undefined) {
  return new Promise((done, failed) => {
    const sent = request(url, { headers, ...(hostname && { hostname }), timeout: 3000 }, (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) }));
    });
    sent.on("timeout", () => sent.destroy(new Error("no answer")));
    sent.on("error", failed);
    sent.end();
  });
}

export async function serving({ page: url, check, skip }) {
  const [path] = granulesOf(demo);
  const granule = `${url}granules/${basename(path)}`;
  const bytes = readFileSync(path);

  await check("icestream serve cuts files as the standard says", async () => {
    const one = await ask(granule, { range: "bytes=10-19" });
    assert.deepEqual([one.status, one.headers["content-range"]], [206, `bytes 10-19/${bytes.length}`]);
    assert.ok(one.body.equals(bytes.subarray(10, 20)));
    const two = await ask(granule, { range: "bytes=10-19,1000-1004" });
    const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(two.headers["content-type"])[1];
    const part = (start, end) => `\r\n--${boundary}\r\ncontent-type: application/x-hdf5\r\ncontent-range: bytes ${start}-${end - 1}/${bytes.length}\r\n\r\n${bytes.subarray(start, end).toString("latin1")}`;
    assert.equal(two.body.toString("latin1"), `${part(10, 20)}${part(1000, 1005)}\r\n--${boundary}--\r\n`);
    assert.equal((await ask(granule, { range: `bytes=${bytes.length}-` })).status, 416);
    const whole = await ask(granule);
    assert.ok(whole.status === 200 && whole.body.equals(bytes));
    assert.equal(one.headers.etag, whole.headers.etag);
  });

  await check("icestream serve answers to its own names alone", async () => {
    for (const [host, status] of [[new URL(url).host, 200], [`localhost:${new URL(url).port}`, 200], ["evil.example", 403], [`evil.example:${new URL(url).port}`, 403]]) {
      assert.equal((await ask(url, { host })).status, status, host);
    }
  });

  const outside = Object.values(networkInterfaces()).flat().find(({ internal, family }) => !internal && family === "IPv4");
  if (outside) {
    await check("icestream serve cannot be reached from other machines", () =>
      assert.rejects(ask(url, { host: new URL(url).host }, outside.address), /ECONNREFUSED/));
  } else skip("icestream serve cannot be reached from other machines", "this machine has no other address");

  await check("icestream serve opens the browser, and tells when there is no page", async () => {
    const bin = join(work, "bin");
    const told = join(work, "opened");
    mkdirSync(bin, { recursive: true });
    rmSync(told, { force: true });
    for (const name of ["xdg-open", "open"]) {
      writeFileSync(join(bin, name), `#!/bin/sh\necho "$1" >'${told}.part' && mv '${told}.part' '${told}'\n`);
      chmodSync(join(bin, name), 0o755);
    }
    const server = await serve.opening(bin, "--folder", demo);
    for (let i = 0; i < 100 && !existsSync(told); i += 1) await new Promise((done) => { setTimeout(done, 50); });
    assert.equal(readFileSync(told, "utf8").trim(), server.url);
    server.close();
    const { status, stderr } = spawnSync(icestream, ["serve", "--no-open", "--port", "0", "--page", demo], { encoding: "utf8", timeout: 10_000 });
    assert.notEqual(status, 0);
    assert.match(stderr, /the page is not there[\s\S]*wasm\/build/);
  });
}
