// A range server of another origin that counts, waits and fails on demand.
import { createServer } from "node:http";
import { open, stat } from "node:fs/promises";
import { basename, join } from "node:path";

/** Serves the files of some folders by name. `state` may be changed while it runs; `log` holds every request. */
export async function rangeServer(folders) {
  const state = { latency: 0, cors: true, fault: () => null };
  const log = [];
  const sockets = new Set();
  let inFlight = 0;
  const server = createServer(async (request, response) => {
    const entry = { method: request.method, name: basename(decodeURIComponent(new URL(request.url, "http://x").pathname)), begun: performance.now(), range: request.headers.range };
    if (request.method === "GET") log.push(entry);
    inFlight += 1;
    response.on("close", () => {
      inFlight -= 1;
      entry.ended = performance.now();
      entry.whole = response.writableFinished;
    });
    if (state.latency > 0) await new Promise((resolve) => setTimeout(resolve, state.latency));
    await answer(request, response, entry);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });

  async function answer(request, response, entry) {
    const headers = state.cors
      ? { "access-control-allow-origin": "*", "access-control-expose-headers": "Content-Range, Content-Length, ETag" }
      : {};
    const fault = state.fault(entry, log.length) ?? {};
    if (fault.destroy) return request.socket.destroy();
    if (fault.status) return response.writeHead(fault.status, headers).end();
    const path = await find(folders, entry.name);
    if (!path) return response.writeHead(404, headers).end();
    const { size, mtimeMs } = await stat(path);
    const whole = fault.size ?? size;
    headers.etag = `"${fault.etag ?? `${whole}-${mtimeMs}`}"`;
    if (request.method !== "GET") return response.writeHead(200, { ...headers, "content-length": whole }).end();
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(fault.ignore ? "" : (entry.range ?? "")) ?? [];
    if (first === undefined) {
      response.writeHead(200, { ...headers, "content-length": whole });
      return response.end(await part(path, 0, whole));
    }
    const [start, end] = [Number(first), Math.min(Number(last) + 1, whole)];
    if (start >= whole) return response.writeHead(416, { ...headers, "content-range": `bytes */${whole}` }).end();
    response.writeHead(206, { ...headers, "content-length": end - start, "content-range": `bytes ${start}-${end - 1}/${whole}` });
    const bytes = await part(path, start, end);
    if (!fault.drop) return response.end(bytes);
    response.write(bytes.subarray(0, bytes.length / 2));
    return setTimeout(() => request.socket.destroy(), 5);
  }

  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    state,
    log,
    url: `http://127.0.0.1:${server.address().port}/`,
    inFlight: () => inFlight,
    reset() {
      log.length = 0;
      Object.assign(state, { latency: 0, cors: true, fault: () => null });
    },
    close() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}

async function find(folders, name) {
  for (const folder of folders) {
    const path = join(folder, name);
    if (await stat(path).then((found) => found.isFile(), () => false)) return path;
  }
  return null;
}

async function part(path, start, end) {
  const file = await open(path);
  try {
    const bytes = Buffer.alloc(end - start);
    await file.read(bytes, 0, bytes.length, start);
    return bytes;
  } finally {
    await file.close();
  }
}
