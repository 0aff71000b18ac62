// The page: what people do, and what they see of it.
import { colourMaps } from "./colours.js";
import * as download from "./download.js";
import { Engine } from "./engine.js";
import * as format from "./format.js";
import { explain } from "./help.js";
import { CellMap } from "./map.js";
import { attach } from "./gestures.js";
import { make, showAlert, showHistogram, showLedger, showRead, showReadout, showTable } from "./panels.js";
import * as scale from "./scale.js";
import { parseInput, readLink, route, shown, writeLink } from "./sources.js";

const $ = (id) => document.getElementById(id);
const SAMPLE_CELL = "-6134114";
const SAMPLE = ["20240123041319_03392212", "20240207154957_05752210", "20240211155304_06362210", "20240217040910_07202212"];
const NAMES = ["h_mean", "h_q50", "h_min", "h_max", "h_sigma", "h_variance", "h_q25", "h_q75", "count"];
const CROSSED_AT_ONCE = 4; // dropped files that are looked through for cells without being asked

const map = new CellMap();
const state = { files: [], urls: [], sample: false, geometry: null, columns: [], variable: "h_mean", limits: null, result: null };
let job = null;
let looking = null;
let proxy = null;

const engine = new Engine((error, build) => {
  $("build").textContent = error ? "engine missing" : `engine ready, ${build}`;
  if (error) showAlert($("alert"), { title: "The engine cannot be started", message: error.message, steps: ["Reload the page; if that does not help, use a browser of the last three years."] });
});

// ---------------------------------------------------------------- granules

function showGranules() {
  const rows = state.files.map((file, at) => {
    const remove = make("button", { type: "button", "aria-label": `Leave out ${file.name}` }, "×");
    remove.onclick = () => {
      state.files.splice(at, 1);
      showGranules();
    };
    return make("li", {}, make("span", {}, `${file.name} (${format.size(file.size)})`), remove);
  });
  if (state.sample) rows.push(make("li", {}, make("span", {}, `the sample: ${SAMPLE.length} small synthetic granules`)));
  $("granules").replaceChildren(...rows);
}

async function addFiles(list) {
  const all = [...list];
  for (const entry of all.filter(({ name }) => name.endsWith(".json"))) takeText(await entry.text());
  const granules = all.filter(({ name }) => !name.endsWith(".json"));
  if (granules.length === 0) return;
  state.sample = false;
  const known = new Set(state.files.map(({ name }) => name));
  const fresh = granules.filter(({ name }) => !known.has(name));
  state.files.push(...fresh);
  showGranules();
  if (fresh.length <= CROSSED_AT_ONCE) await lookThrough(fresh);
  else say(`${fresh.length} files. Give the cell, or drop up to ${CROSSED_AT_ONCE} at a time to choose among the cells that they cross.`);
}

/** Reads a catalog entry or a list of URLs into the form. */
function takeText(text) {
  try {
    const { urls, cell, childOrder } = parseInput(text);
    $("urls").value = urls.join("\n");
    if (cell) $("cell").value = cell;
    if (childOrder) $("children").value = String(childOrder);
    state.sample = false;
    showGranules();
    describeCell();
  } catch (error) {
    fail(error);
  }
}

const crossed = new Map();

/** Reads the coordinates of dropped files, to offer the cells that their tracks cross. */
async function lookThrough(files) {
  for (const file of files) {
    say(`Looking for the cells that ${file.name} crosses…`);
    try {
      const question = { granule: file, shown: file.name, order: 6, latitude: latitude() };
      looking = engine.ask("crossed", question);
      const { cells, lines } = await looking.promise;
      map.setLines(file.name, lines);
      for (const { cell, rows, lat, lon } of cells) {
        const sum = crossed.get(cell) ?? { rows: 0, lat, lon };
        sum.rows += rows;
        crossed.set(cell, sum);
      }
    } catch (error) {
      fail(Object.assign(error, { ledger: error.ledger ?? ledgerOf(file.name, error.message) }));
      return;
    } finally {
      looking = null;
    }
  }
  const ranked = [...crossed].sort(([, a], [, b]) => b.rows - a.rows);
  const options = ranked.map(([cell, { rows, lat, lon }]) =>
    make("option", { value: cell }, `${cell}: ${format.count(rows)} rows, ${format.place(lon, lat, 1)}`));
  $("crossed").replaceChildren(...options);
  $("crossed-row").hidden = options.length === 0;
  if ($("cell").value.trim() === "" && ranked.length > 0) {
    $("cell").value = ranked[0][0];
    describeCell();
  }
  say(`The tracks cross ${ranked.length} cells of order 6. Choose one, then compute.`);
}

// A message of the engine in the shape of a ledger, so that it is explained like any other.
function ledgerOf(granule, text) {
  const message = text.replace(`${granule}: `, "");
  const kind = /not an HDF5/.test(message) ? "corrupt" : /past the end|truncated/.test(message) ? "truncated" : /no ATL06 track/.test(message) ? "product" : "other";
  return { granules: [{ granule, error: { class: kind, message } }] };
}

// ---------------------------------------------------------------- the cell

const latitude = () => document.querySelector("input[name=latitude]:checked").value;

async function describeCell() {
  const text = $("cell").value.trim();
  if (text === "") {
    $("cell-note").textContent = "";
    return null;
  }
  try {
    const found = await engine.ask("locate", { text, order: 6, latitude: latitude() }).promise;
    $("cell-note").textContent = `Cell ${found.morton}, order ${found.order}, centre ${format.place(found.lon, found.lat, 2)}`;
    return found;
  } catch (error) {
    $("cell-note").textContent = error.message;
    return null;
  }
}

// ---------------------------------------------------------------- a run

function openSample() {
  state.sample = true;
  state.files = [];
  $("urls").value = "";
  $("cell").value = SAMPLE_CELL;
  showGranules();
  describeCell();
  return compute();
}

function granules() {
  if (state.sample) {
    return SAMPLE.map((name) => new URL(`sample/ATL06_${name}_990_01.h5`, document.baseURI).href).map((url) => ({ location: shown(url), url }));
  }
  const typed = $("urls").value.trim();
  const { urls } = typed ? parseInput(typed) : { urls: [] };
  state.urls = urls;
  return [...state.files.map(({ name }) => ({ location: name })), ...urls.map((url) => ({ location: shown(url), url: route(url, proxy) }))];
}

async function compute() {
  stop();
  $("alert").hidden = true;
  let given;
  try {
    given = granules();
    if (given.length === 0) throw new Error("Give at least one granule: open the sample, drop files, or write URLs.");
    if ($("cell").value.trim() === "") throw new Error("Say which cell: an id such as -6134114, or a latitude and a longitude.");
  } catch (error) {
    fail(error);
    return;
  }
  const request = {
    granules: given,
    cell: $("cell").value.trim(),
    order: 6,
    childOrder: Number($("children").value),
    latitude: latitude(),
    allowPartial: $("partial").checked,
  };
  const files = given.map(({ url }, at) => (url ? null : state.files[at]));
  forget();
  busy(true);
  document.body.dataset.run = "running";
  const asked = engine.ask("cell", { request, files }, { geometry: onGeometry, progress: onProgress, picture: onPicture });
  job = asked;
  try {
    onResult(await asked.promise);
    document.body.dataset.run = "done";
  } catch (error) {
    if (job !== asked) return;
    fail(error);
    document.body.dataset.run = error.cancelled ? "cancelled" : "failed";
  } finally {
    if (job === asked) {
      job = null;
      busy(false);
    }
  }
}

function forget() {
  Object.assign(state, { geometry: null, columns: [], result: null, limits: null });
  for (const id of ["csv", "geojson", "png", "zarr"]) $(id).disabled = true;
  for (const id of ["ledger", "table", "read", "histogram"]) $(id).replaceChildren();
  $("progress").removeAttribute("value");
  say("Starting…");
}

function stop() {
  looking?.cancel();
  job?.cancel();
}

function busy(on) {
  $("cancel").disabled = !on;
  $("run").disabled = on;
}

function onGeometry({ geometry }) {
  state.geometry = geometry;
  map.setGeometry(geometry);
  $("empty").hidden = true;
  $("map").setAttribute("aria-label", `Map of cell ${geometry.parent}, ${geometry.ids.length} children of order ${geometry.childOrder}`);
  repaint();
}

function onProgress({ seen, tracks }) {
  $("progress").max = Math.max(1, seen.planned);
  $("progress").value = seen.finished;
  const where = [seen.granule, seen.track].filter(Boolean).join(" ");
  say(`${seen.finished} of ${seen.planned} granules, ${format.count(seen.requests)} requests, ${format.size(seen.bytes)}, ${format.count(seen.rows)} rows${where ? ` · ${where}` : ""}`);
  showRead($("read"), { ...seen, granules: `${seen.finished} of ${seen.planned}` });
  map.addTracks(tracks);
  if (tracks.length > 0) repaint();
}

function onPicture({ columns }) {
  state.columns = columns;
  show();
}

function onResult(answer) {
  const { ledger } = answer;
  state.columns = answer.columns;
  state.result = { parent: state.geometry.parent, geometry: state.geometry, ...answer };
  const { totals } = ledger;
  const left = totals.granules_failed;
  const part = left > 0 ? ` ${left} ${left === 1 ? "granule was" : "granules were"} left out: see the ledger.` : "";
  say(answer.emptyBecause
    ? `${answer.emptyBecause}: the granules hold no row that counts in this cell.${part}`
    : `Done in ${format.time(answer.milliseconds)}: ${format.count(answer.cells)} cells with data from ${format.count(totals.used)} rows.${part}`);
  $("progress").max = 1;
  $("progress").value = 1;
  showRead($("read"), {
    requests: totals.requests, bytes: totals.bytes, size: totals.granule_bytes, granules: format.count(totals.granules),
    milliseconds: answer.milliseconds, memory: answer.memory, rows: totals.used, cells: answer.cells,
  });
  showLedger($("ledger"), ledger);
  showTable($("table"), state.result);
  if (!answer.emptyBecause) for (const id of ["csv", "geojson", "png", "zarr"]) $(id).disabled = false;
  show();
  remember();
}

function fail(error) {
  $("progress").max = 1;
  $("progress").value = 0;
  const words = explain(error);
  if (error.cancelled) say(`${words.title}. ${words.message}`);
  else {
    say(words.title);
    showAlert($("alert"), words);
    if (error.ledger?.totals) showLedger($("ledger"), error.ledger);
  }
}

function say(text) {
  if ($("status").textContent !== text) $("status").textContent = text;
}

// ---------------------------------------------------------------- showing

/** Takes the chosen column to the map, with limits and histogram. */
function show() {
  const column = state.columns.find(({ name }) => name === state.variable);
  if (!column) return repaint();
  const counts = state.columns.find(({ name }) => name === "count")?.values;
  // Nothing counted is no data, in the count too.
  const values = Float64Array.from(column.values, (value, cell) => (counts?.[cell] > 0 ? value : NaN));
  const log = $("log").checked;
  const ordered = scale.sorted(values, log);
  const map2 = $("colours").value;
  const automatic = map2 === "diverge" && !log ? scale.symmetric(ordered) : scale.robust(ordered, log);
  const limits = state.limits ?? automatic;
  const cut = [ordered.length > 0 && ordered[0] < limits[0], ordered.length > 0 && ordered.at(-1) > limits[1]];
  map.values = values;
  map.style = { ...map.style, colours: map2, limits, log, cut, unit: column.unit, label: column.name, tracks: $("tracks").checked };
  const focus = document.activeElement;
  if (focus !== $("low")) $("low").value = brief(limits[0]);
  if (focus !== $("high")) $("high").value = brief(limits[1]);
  showHistogram($("histogram"), ordered, map.style);
  repaint();
  return undefined;
}

const brief = (value) => String(Number(value.toPrecision(6)));

let due = false;

function repaint() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    paint();
  });
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const names = ["paper", "ink", "quiet", "line", "sea", "empty", "hatch", "grid", "track", "cursor", "halo", "veil"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function paint() {
  const canvas = $("map");
  const { width, height } = canvas.getBoundingClientRect();
  const dots = Math.min(3, window.devicePixelRatio || 1);
  if (canvas.width !== Math.round(width * dots) || canvas.height !== Math.round(height * dots)) {
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(height * dots);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(dots, 0, 0, dots, 0, 0);
  map.draw(ctx, { width, height }, theme());
  canvas.dataset.painted = String(Number(canvas.dataset.painted ?? 0) + 1);
}

/** The map with title and footer, on paper whatever the theme. */
function picture() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2000, 2000];
  const ctx = canvas.getContext("2d");
  ctx.setTransform(2, 0, 0, 2, 0, 0);
  const kept = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
  const colours = theme();
  document.documentElement.dataset.theme = kept;
  const { ledger, parent } = state.result;
  const { cursor } = map;
  map.cursor = -1;
  map.draw(ctx, { width: 1000, height: 1000 }, colours, {
    title: `Cell ${parent}`,
    subtitle: `${format.count(state.result.cells)} cells of order ${state.geometry.childOrder} with data, ${format.count(ledger.totals.used)} rows, ${state.geometry.latitude} latitude`,
    footer: `ICESat-2 ATL06, ${ledger.totals.granules} granules, icestream`,
  });
  map.cursor = cursor;
  repaint();
  return canvas;
}

function point(cell) {
  if (cell === map.cursor) return;
  map.cursor = cell;
  showReadout($("readout"), state, cell);
  repaint();
}

// ---------------------------------------------------------------- links, themes, the local server

function remember() {
  const link = {
    sample: state.sample, urls: state.urls, cell: state.geometry?.parent ?? $("cell").value.trim(), latitude: latitude(),
    childOrder: Number($("children").value), partial: $("partial").checked, variable: state.variable, colours: $("colours").value,
  };
  history.replaceState(null, "", writeLink(link));
}

async function follow() {
  const link = readLink(location.hash);
  state.variable = NAMES.includes(link.variable) ? link.variable : "h_mean";
  $("variable").value = state.variable;
  if (colourMaps.some(([name]) => name === link.colours)) $("colours").value = link.colours;
  $("log").checked = state.variable === "count";
  $("cell").value = link.cell;
  $("partial").checked = link.partial;
  $("children").value = String(link.childOrder);
  document.querySelector(`input[name=latitude][value=${link.latitude}]`).checked = true;
  $("urls").value = link.urls.join("\n");
  describeCell();
  if (link.sample) {
    state.sample = true;
    if (link.cell === "") $("cell").value = SAMPLE_CELL;
    showGranules();
    await compute();
  } else if (link.urls.length > 0 && link.cell) await compute();
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = name === "dark" ? "Light" : "Dark";
  repaint();
}

/** Asks a server on this machine what it offers; answers null where there is none. */
async function offer(base) {
  try {
    const answer = await fetch(`${base}serve.json`, { cache: "no-store" });
    return answer.ok ? { base, ...(await answer.json()) } : null;
  } catch {
    return null;
  }
}

async function findServer() {
  if (!["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)) return;
  const found = await offer(new URL("./", document.baseURI).href);
  if (!found) return;
  proxy = found;
  if (found.granules.length === 0) return;
  $("folder").hidden = false;
  $("use-folder").textContent = `Use the folder’s ${found.granules.length} granules`;
  $("use-folder").onclick = () => takeText(found.granules.map((name) => `${found.base}granules/${encodeURIComponent(name)}`).join("\n"));
}

// ---------------------------------------------------------------- wiring

function wire() {
  $("variable").append(...NAMES.map((name) => make("option", { value: name }, name)));
  $("colours").append(...colourMaps.map(([name, label]) => make("option", { value: name }, label)));
  $("form").onsubmit = (event) => {
    event.preventDefault();
    compute();
  };
  $("sample").onclick = openSample;
  $("sample-2").onclick = () => {
    openSample();
    $("map").focus();
  };
  $("cancel").onclick = stop;
  $("files").onchange = ({ target }) => {
    addFiles(target.files);
  };
  $("urls").onchange = ({ target }) => {
    if (target.value.trim() === "") return;
    takeText(target.value);
  };
  $("cell").onchange = describeCell;
  $("crossed").onchange = ({ target }) => {
    $("cell").value = target.value;
    describeCell();
  };
  for (const radio of document.querySelectorAll("input[name=latitude]")) {
    radio.onchange = () => {
      describeCell();
      crossed.clear();
      if (state.files.length > 0 && state.files.length <= CROSSED_AT_ONCE) lookThrough(state.files);
    };
  }
  $("proxy").onchange = async ({ target }) => {
    const base = target.value.trim().replace(/\/*$/, "/");
    proxy = base === "/" ? null : await offer(base);
    if (base !== "/") say(proxy ? `The local proxy takes ${proxy.hosts.join(", ")}.` : `Nothing answers at ${base} for this page: run icestream serve --allow-origin ${location.origin}`);
  };
  $("variable").onchange = ({ target }) => {
    state.variable = target.value;
    state.limits = null;
    $("log").checked = state.variable === "count";
    show();
    showReadout($("readout"), state, map.cursor);
    if (state.result) remember();
  };
  $("colours").onchange = () => {
    state.limits = null;
    show();
    if (state.result) remember();
  };
  $("log").onchange = () => {
    state.limits = null;
    show();
  };
  $("tracks").onchange = () => {
    map.style.tracks = $("tracks").checked;
    repaint();
  };
  for (const id of ["low", "high"]) {
    $(id).onchange = () => {
      const limits = [Number($("low").value.replace("−", "-")), Number($("high").value.replace("−", "-"))];
      const fits = limits.every(Number.isFinite) && limits[0] < limits[1] && !($("log").checked && limits[0] <= 0);
      state.limits = fits ? limits : null;
      show();
      if (!fits) say("Limits are two numbers, the lower one first; on a log scale both above zero.");
    };
  }
  $("robust").onclick = () => {
    state.limits = null;
    show();
  };
  $("csv").onclick = () => download.saveCsv(state.result);
  $("geojson").onclick = () => download.saveGeojson(state.result);
  $("zarr").onclick = () => download.saveZarr(state.result);
  $("png").onclick = () => download.savePng(state.result, state.variable, picture());
  $("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  $("link").onclick = async () => {
    remember();
    await navigator.clipboard?.writeText(location.href).catch(() => {});
    say(state.files.length > 0 ? "Link copied. Dropped files are not part of it: they have to be dropped again." : "Link copied.");
  };
  $("zoom-in").onclick = () => zoom(1.5);
  $("zoom-out").onclick = () => zoom(1 / 1.5);
  $("zoom-home").onclick = () => {
    map.view?.reset();
    repaint();
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.onchange = ({ matches }) => setTheme(matches ? "dark" : "light");
  new ResizeObserver(repaint).observe($("map"));
  attach($("map"), map, { point, repaint });
  wireDrop();
}

function zoom(factor) {
  if (!map.view) return;
  const { left, top, width, height } = map.view.frame;
  map.view.zoom(factor, [left + width / 2, top + height / 2]);
  repaint();
}

function wireDrop() {
  let depth = 0;
  addEventListener("dragenter", () => {
    depth += 1;
    document.body.classList.add("over");
  });
  addEventListener("dragleave", () => {
    depth -= 1;
    if (depth <= 0) document.body.classList.remove("over");
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    depth = 0;
    document.body.classList.remove("over");
    if (event.dataTransfer.files.length > 0) addFiles(event.dataTransfer.files);
    else takeText(event.dataTransfer.getData("text"));
  });
}

wire();
findServer().finally(() => {
  document.body.dataset.settled = "yes"; // nothing moves by itself from here on
});
follow();
// For tests and the curious: what the page holds.
globalThis.icestream = { state, map };
