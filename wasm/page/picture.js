// The picture: the chosen column on the map, its limits, its histogram, its read-out.
import * as format from "./format.js";
import { showHistogram, showReadout } from "./panels.js";
import * as scale from "./scale.js";
import { $, map, state } from "./state.js";
import { counted } from "./time.js";

const PAINT_EVERY = 240; // milliseconds, while granules are read

/** Takes the chosen column to the map, with limits and histogram. */
export function show() {
  const column = state.columns.find(({ name }) => name === state.variable);
  if (!column) {
    repaintSoon();
    return;
  }
  const own = state.columns.find(({ name }) => name === "count");
  // What is of all windows counts where any window has rows.
  const counts = own?.timed && !column.timed ? counted() : own?.values;
  // Nothing counted is no data, in the count too.
  const values = Float64Array.from(column.values, (value, cell) => (counts?.[cell] > 0 ? value : NaN));
  const log = $("log").checked;
  const ordered = scale.sorted(values, log);
  const palette = $("colours").value;
  const automatic = palette === "diverge" && !log ? scale.symmetric(ordered) : scale.robust(ordered, log);
  const limits = state.limits ?? automatic;
  const cut = [ordered.length > 0 && ordered[0] < limits[0], ordered.length > 0 && ordered.at(-1) > limits[1]];
  map.values = values;
  map.style = { ...map.style, colours: palette, limits, log, cut, unit: column.unit, label: column.name, tracks: $("tracks").checked };
  const focus = document.activeElement;
  if (focus !== $("low")) $("low").value = brief(limits[0]);
  if (focus !== $("high")) $("high").value = brief(limits[1]);
  showHistogram($("histogram"), ordered, map.style);
  repaintSoon();
}

const brief = (value) => String(Number(value.toPrecision(6)));

let due = false;
let soon = 0;

/** Paints before long: at once when nothing runs, else a few times a second, because painting takes time from reading. */
export function repaintSoon() {
  if (!state.job) repaint();
  else soon ||= setTimeout(repaint, PAINT_EVERY);
}

/** Paints at the next frame. */
export function repaint() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    clearTimeout(soon);
    soon = 0;
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
export function picture() {
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
    footer: `${state.product.name}: ${state.product.output.label}, ${ledger.totals.granules} granules, icestream`,
  });
  map.cursor = cursor;
  repaint();
  return canvas;
}

/** Makes a cell the one that is read out; -1 for none. */
export function point(cell) {
  if (cell === map.cursor) return;
  map.cursor = cell;
  showReadout($("readout"), state, cell);
  repaint();
}
