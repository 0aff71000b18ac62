// A server on this machine: icestream serve, which has granules in a folder and reads through to other hosts.
import { takeText } from "./granules.js";
import { $, say, state } from "./state.js";

/** Asks a server on this machine what it offers; answers null where there is none. */
async function offer(base) {
  try {
    const answer = await fetch(`${base}serve.json`, { cache: "no-store" });
    return answer.ok ? { base, ...(await answer.json()) } : null;
  } catch {
    return null;
  }
}

/** Looks whether the page itself comes from icestream serve, and offers the granules of its folder. */
export async function findServer() {
  if (!["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) return;
  const found = await offer(new URL("./", document.baseURI).href);
  if (!found) return;
  state.proxy = found;
  if (found.granules.length === 0) return;
  $("folder").hidden = false;
  $("use-folder").textContent = `Use the folder’s ${found.granules.length} granules`;
  $("use-folder").onclick = () => takeText(found.granules.map((name) => `${found.base}granules/${encodeURIComponent(name)}`).join("\n"));
}

/** Takes the address of one that a person names. */
export async function nameServer(text) {
  const base = text.trim().replace(/\/*$/, "/");
  if (base === "/") {
    state.proxy = null;
    return;
  }
  state.proxy = await offer(base);
  say(state.proxy ? `The local proxy takes ${state.proxy.hosts.join(", ")}.` : `Nothing answers at ${base} for this page: run icestream serve --allow-origin ${location.origin}`);
}
