// A browser as people have it: told where to go and asked what it shows, without the tracing of requests that Playwright
// switches on. For measuring.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromiumFlags } from "./support.mjs";

/** Starts it; talks in the DevTools protocol over a pipe (`--remote-debugging-pipe`: JSON, each message ended by NUL). */
export async function bare() {
  const profile = mkdtempSync(join(tmpdir(), "bare-"));
  const flags = ["--headless", "--remote-debugging-pipe", `--user-data-dir=${profile}`, "--window-size=1440,1000", ...chromiumFlags];
  const child = spawn(process.env.CHROMIUM, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const [, , , out, from] = child.stdio;
  const pending = new Map();
  let [text, last] = ["", 0];
  from.setEncoding("utf8");
  from.on("data", (piece) => {
    const messages = (text + piece).split("\0");
    text = messages.pop();
    for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
      const { done, failed } = pending.get(id) ?? {};
      if (error) failed?.(new Error(error.message));
      else done?.(result);
      pending.delete(id);
    }
  });
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((done, failed) => {
      last += 1;
      pending.set(last, { done, failed });
      out.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });

  /** A fresh page of a profile of its own: `{ ask, close }`; `ask` evaluates an expression, promises awaited. */
  async function open(url) {
    const { browserContextId } = await send("Target.createBrowserContext");
    const { targetId } = await send("Target.createTarget", { url, browserContextId, width: 1440, height: 1000 });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    const ask = async (expression) => {
      const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }, sessionId);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    return { ask, close: () => send("Target.disposeBrowserContext", { browserContextId }) };
  }

  async function close() {
    const gone = new Promise((done) => { child.on("exit", done); });
    send("Browser.close").catch(() => {});
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
  return { open, close };
}

/** Asks until the answer is true. */
export async function until(ask, expression, patience = 120_000) {
  const end = performance.now() + patience;
  while (!(await ask(expression).catch(() => false))) {
    if (performance.now() > end) throw new Error(`never true: ${expression}`);
    await new Promise((done) => { setTimeout(done, 100); });
  }
}
