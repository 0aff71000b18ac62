// A run: from the form to the result, and its progress.
import { describeCell, latitude } from "./cell.js";
import { offerResult, recognise, showChoice, wanted } from "./choice.js";
import * as format from "./format.js";
import { granules, showGranules, stopLooking } from "./granules.js";
import { remember } from "./link.js";
import { showLedger, showRead, showTable } from "./panels.js";
import { repaint, repaintSoon, show } from "./picture.js";
import { $, SAMPLE_CELL, engine, fail, map, say, state } from "./state.js";
import { takeWindows, times } from "./time.js";

/** Opens the sample and computes its cell. */
export function openSample() {
  state.sample = true;
  state.files = [];
  $("urls").value = "";
  $("cell").value = SAMPLE_CELL;
  showGranules();
  describeCell();
  return compute();
}

/** Computes what the form says. */
export async function compute() {
  stop();
  $("alert").hidden = true;
  let request;
  try {
    request = form();
  } catch (error) {
    fail(error);
    return;
  }
  const files = request.granules.map(({ url }, at) => (url ? null : state.files[at]));
  state.product = request.product;
  forget();
  busy(true);
  document.body.dataset.run = "running";
  const asked = engine.ask("cell", { request, files }, { geometry: onGeometry, progress: onProgress, picture: onPicture });
  state.job = asked;
  try {
    onResult(await asked.promise);
    document.body.dataset.run = "done";
  } catch (error) {
    if (state.job !== asked) return;
    if (recognise(error.message)) {
      compute();
      return;
    }
    fail(error);
    document.body.dataset.run = error.cancelled ? "cancelled" : "failed";
  } finally {
    if (state.job === asked) {
      state.job = null;
      busy(false);
    }
  }
}

/** What the form asks for. */
function form() {
  const given = granules();
  if (given.length === 0) throw new Error("Give at least one granule: open the sample, drop files, or write URLs.");
  if ($("cell").value.trim() === "") throw new Error("Say which cell: an id such as -6134114, or a latitude and a longitude.");
  showChoice();
  return {
    granules: given,
    product: wanted(),
    cell: $("cell").value.trim(),
    order: 6,
    childOrder: Number($("children").value),
    latitude: latitude(),
    allowPartial: $("partial").checked,
    ...times(),
  };
}

function forget() {
  Object.assign(state, { geometry: null, columns: [], all: null, result: null, limits: null });
  for (const id of ["csv", "geojson", "png", "zarr"]) $(id).disabled = true;
  $("window-row").hidden = true;
  for (const id of ["ledger", "table", "read", "histogram"]) $(id).replaceChildren();
  $("progress").removeAttribute("value");
  say("Starting…");
}

/** Stops whatever is under way. */
export function stop() {
  stopLooking();
  state.job?.cancel();
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
  if (tracks.length > 0) repaintSoon();
}

function onPicture({ columns }) {
  state.columns = columns;
  show();
}

function onResult(answer) {
  const { ledger } = answer;
  state.result = { parent: state.geometry.parent, geometry: state.geometry, ...answer };
  takeWindows(answer, state.geometry.ids.length);
  offerResult(answer.columns.map(({ name }) => name));
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
  repaint();
  remember();
}
