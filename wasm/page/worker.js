// The engine's thread. It holds no state between jobs but the compiled module.

// A module with one function that makes a vector: valid only where vectors are (WebAssembly SIMD).
const VECTORS = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
const PROGRESS_EVERY = 120; // milliseconds
const PICTURE_EVERY = 150; // milliseconds
const PICTURE_SHARE = 0.08; // of the time may go into pictures

const build = WebAssembly.validate(new Uint8Array(VECTORS)) ? "simd" : "plain";
const engine = import(`./engine/${build}.js`).then(async (module) => {
  const { memory } = await module.default({ module_or_path: new URL(`./engine/${build}_bg.wasm`, import.meta.url) });
  return { ...module, memory };
});
engine.then(
  () => postMessage({ kind: "ready", build }),
  (error) => postMessage({ kind: "broken", message: String(error?.message ?? error) }),
);

// A trap inside of a promise reaches no other handler.
addEventListener("unhandledrejection", ({ reason }) => postMessage({ kind: "broken", message: String(reason?.message ?? reason) }));

const running = new Map();

onmessage = async ({ data }) => {
  if (data.kind === "cancel") {
    running.get(data.id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(data.id, controller);
  try {
    const module = await engine;
    const [answer, transfer] = await handlers[data.kind](module, data, controller.signal);
    postMessage({ id: data.id, kind: "answer", answer }, transfer);
  } catch (error) {
    const ledger = error?.ledger ? JSON.parse(error.ledger) : null;
    const broken = error instanceof WebAssembly.RuntimeError;
    const message = String(error?.message ?? error);
    postMessage({ id: data.id, kind: "failed", message, ledger, broken, cancelled: controller.signal.aborted });
  } finally {
    running.delete(data.id);
  }
};

const handlers = {
  async locate({ locate }, { text, order, latitude }) {
    return [locate(text, order, latitude), []];
  },
  async crossed({ crossed }, { granule, shown, order, latitude, product }, signal) {
    const answer = await crossed(granule, shown, order, latitude, product, signal);
    return [answer, answer.lines.map((line) => line.buffer)];
  },
  async cell({ CellJob, memory }, { id, request, files }, signal) {
    const began = performance.now();
    const job = new CellJob(request);
    try {
      postMessage({ id, kind: "geometry", geometry: job.geometry() });
      const stopped = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      const answer = await job.run(files, signal, stopped, watch(id, job));
      answer.ledger = JSON.parse(answer.ledger);
      answer.milliseconds = performance.now() - began;
      // Linear memory never shrinks: its size is its peak.
      answer.memory = memory.buffer.byteLength;
      answer.build = build;
      const buffers = [...answer.columns.map(({ values }) => values.buffer), ...answer.objects.map(([, bytes]) => bytes.buffer)];
      return [answer, buffers];
    } finally {
      job.free();
    }
  },
};

/** Gathers the engine's events into a message now and then. */
function watch(id, job) {
  const began = performance.now();
  const seen = { planned: 0, opened: 0, finished: 0, failed: 0, requests: 0, bytes: 0, size: 0, rows: 0, granule: "", track: "" };
  let tracks = [];
  let told = 0;
  let painted = began;
  let painting = 0;
  const tell = (now) => {
    told = now;
    postMessage({ id, kind: "progress", seen: { ...seen, milliseconds: now - began }, tracks });
    tracks = [];
  };
  const paint = (now) => {
    const { rows, columns } = job.snapshot();
    painted = performance.now();
    painting += painted - now;
    const buffers = columns.map(({ values }) => values.buffer);
    postMessage({ id, kind: "picture", rows, columns }, buffers);
  };
  const note = {
    planned: (granules) => { seen.planned = granules; },
    opened: (granule) => { seen.opened += 1; seen.granule = granule; },
    received: (granule, bytes) => { seen.requests += 1; seen.bytes += bytes; seen.granule = granule; },
    rows: (granule, track, count, children) => {
      seen.rows += count;
      seen.granule = granule;
      seen.track = track;
      if (count > 0) tracks.push({ granule, track, children });
    },
    finished: (text) => {
      const entry = JSON.parse(text);
      seen.finished += 1;
      seen.failed += entry.error ? 1 : 0;
      seen.size += entry.size ?? 0;
    },
  };
  return (kind, ...rest) => {
    note[kind](...rest);
    const now = performance.now();
    const last = seen.finished === seen.planned;
    if (now - told >= PROGRESS_EVERY || last) tell(now);
    const spare = painting < PICTURE_SHARE * (now - began);
    if (kind === "finished" && !last && spare && now - painted >= PICTURE_EVERY) paint(now);
  };
}
