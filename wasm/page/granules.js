// Granules: the sample, dropped files, URLs; and the cells that the tracks of files cross.
import { describeCell, latitude } from "./cell.js";
import { product, recognise, showChoice } from "./choice.js";
import * as format from "./format.js";
import { make } from "./panels.js";
import { parseInput, remote } from "./sources.js";
import { $, engine, fail, map, say, state } from "./state.js";

const SAMPLE = ["20240123041319_03392212", "20240207154957_05752210", "20240211155304_06362210", "20240217040910_07202212"];
/** Dropped files that are looked through for cells without being asked. */
export const CROSSED_AT_ONCE = 4;

const crossed = new Map();
let looking = null;

export function showGranules() {
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
  state.recognised = null;
  showChoice();
}

/** Takes files: granules, or catalog entries as JSON. */
export async function addFiles(list) {
  const all = [...list];
  for (const entry of all.filter(({ name }) => name.endsWith(".json"))) takeText(await entry.text());
  const granules = all.filter(({ name }) => !name.endsWith(".json"));
  if (granules.length === 0) return;
  state.sample = false;
  // Files of one name may be different ones, of different folders.
  const mark = ({ name, size, lastModified }) => `${name} ${size} ${lastModified}`;
  const known = new Set(state.files.map(mark));
  const fresh = granules.filter((file) => !known.has(mark(file)));
  state.files.push(...fresh);
  showGranules();
  if (fresh.length <= CROSSED_AT_ONCE) await lookThrough(fresh);
  else say(`${fresh.length} files. Give the cell, or drop up to ${CROSSED_AT_ONCE} at a time to choose among the cells that they cross.`);
}

/** Reads a catalog entry or a list of URLs into the form. */
export function takeText(text) {
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

/** Reads the coordinates of dropped files, to offer the cells that their tracks cross. */
export async function lookThrough(files) {
  for (const file of files) {
    say(`Looking for the cells that ${file.name} crosses…`);
    try {
      const { cells, lines } = await crossing(file);
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

/** The cells that a file's tracks cross, and the tracks. */
async function crossing(file) {
  const ask = () => {
    looking = engine.ask("crossed", { granule: file, shown: file.name, order: 6, latitude: latitude(), product: product() });
    return looking.promise;
  };
  try {
    return await ask();
  } catch (error) {
    if (recognise(error.message)) return ask();
    throw error;
  }
}

/** Forgets the cells that were found; they belong to one kind of latitude. */
export const forgetCrossed = () => crossed.clear();

/** Stops looking through files. */
export const stopLooking = () => looking?.cancel();

// A message of the engine in the shape of a ledger, so that it is explained like any other.
function ledgerOf(granule, text) {
  const message = text.replace(`${granule}: `, "");
  const kind = /not an HDF5/.test(message) ? "corrupt" : /past the end|truncated/.test(message) ? "truncated" : /the job reads|none of the tracks/.test(message) ? "product" : "other";
  return { granules: [{ granule, error: { class: kind, message } }] };
}

// The name of a file; where another one before it has the same, with its number, as a browser would save it.
function place(name, at) {
  const before = state.files.slice(0, at).filter((file) => file.name === name).length;
  return before === 0 ? name : `${name} (${before + 1})`;
}

/** The granules of a run: `{ location, url?, several? }`, files first and without a URL. */
export function granules() {
  if (state.sample) {
    return SAMPLE.map((name) => new URL(`sample/ATL06_${name}_990_01.h5`, document.baseURI).href).map((url) => remote(url, state.proxy));
  }
  const typed = $("urls").value.trim();
  const { urls } = typed ? parseInput(typed) : { urls: [] };
  state.urls = urls;
  return [...state.files.map((file, at) => ({ location: place(file.name, at) })), ...urls.map((url) => remote(url, state.proxy))];
}
