// The page's side of the worker: promises and callbacks in place of messages.

/** Starts the engine's thread and answers questions through it. */
export class Engine {
  #worker = null;
  #pending = new Map();
  #next = 1;
  #started = false;
  #onready;

  /** `onready` is called with the name of the build ("simd" or "plain"), or with an error. */
  constructor(onready) {
    this.#onready = onready;
    this.#start();
  }

  #start() {
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#take(data);
    this.#worker.onerror = (event) => this.#fail(event.message || "the worker cannot be started");
  }

  #take(data) {
    if (data.kind === "ready") {
      this.#started = true;
      return this.#onready(null, data.build);
    }
    if (data.kind === "broken") return this.#started ? this.#restart(data.message) : this.#fail(data.message);
    const asked = this.#pending.get(data.id);
    if (!asked) return undefined;
    if (data.kind === "answer" || data.kind === "failed") this.#pending.delete(data.id);
    if (data.kind === "answer") return asked.resolve(data.answer);
    if (data.kind === "failed") {
      // A module that trapped is not used again.
      if (data.broken) this.#restart(data.message);
      return asked.reject(Object.assign(new Error(data.message), data));
    }
    return asked.on[data.kind]?.(data);
  }

  #restart(why) {
    this.#started = false;
    this.#worker.terminate();
    const message = `the engine stopped (${why}) and was started again: please report this with the granule's name`;
    for (const asked of this.#pending.values()) asked.reject(new Error(message));
    this.#pending.clear();
    this.#start();
  }

  #fail(message) {
    for (const asked of this.#pending.values()) asked.reject(new Error(message));
    this.#pending.clear();
    this.#onready(new Error(message));
  }

  /** Asks; `on` holds callbacks for messages on the way. Answers `{ promise, cancel }`. */
  ask(kind, question, on = {}) {
    const id = this.#next;
    this.#next += 1;
    const promise = new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject, on }));
    this.#worker.postMessage({ id, kind, ...question });
    return { promise, cancel: () => this.#worker.postMessage({ id, kind: "cancel" }) };
  }
}
