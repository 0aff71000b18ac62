// The panels beside the map: what was read, the ledger, the distribution, the table, the read-out.
import { colours } from "./colours.js";
import * as format from "./format.js";
import { histogram as bins, tickLabel } from "./scale.js";

/** An element with attributes and children; text stays text. */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const facts = (pairs) => pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));

/** Requests, bytes, share of the files, time, memory. */
export function showRead(node, { requests, bytes, size, granules, milliseconds, memory, rows, cells }) {
  const pairs = [
    ["Granules", granules],
    ["Requests", format.count(requests)],
    ["Bytes", format.size(bytes)],
    ["of the files", size > 0 ? `${format.percent(bytes, size)} of ${format.size(size)}` : "–"],
    ["Time", format.time(milliseconds)],
    ["Rows used", format.count(rows)],
  ];
  if (cells !== undefined) pairs.push(["Cells with data", format.count(cells)]);
  if (memory) pairs.push(["Memory of the engine", format.size(memory)]);
  node.replaceChildren(...facts(pairs));
}

const ROW_COUNTS = [
  ["used", "used"],
  ["unlinked", "dropped: without one parent"],
  ["quality", "dropped: conditions"],
  ["fill", "dropped: fill value"],
  ["not_finite", "dropped: not finite"],
  ["out_of_range", "dropped: beyond what is possible"],
  ["sigma_not_positive", "dropped: sigma not positive"],
  ["weight_not_positive", "dropped: weight not positive"],
];

/** Rows by use, and every granule with its result. */
export function showLedger(node, ledger) {
  const { totals } = ledger;
  const rows = ROW_COUNTS.filter(([key]) => key === "used" || totals[key] > 0).map(([key, label]) => {
    const share = totals.in_parent > 0 ? totals[key] / totals.in_parent : 0;
    const meter = make("meter", { min: 0, max: 1, value: share, "aria-label": `${label}: share of the rows in the cell` });
    return make("div", { class: "row" }, make("span", {}, label), make("span", {}, format.count(totals[key])), meter);
  });
  const beside = [`${format.count(totals.in_parent)} rows lie in the cell, of ${format.count(totals.rows)} in the tracks.`];
  if (totals.bad_coordinate > 0) beside.push(`${format.count(totals.bad_coordinate)} rows have no usable coordinates.`);
  if (totals.tracks_absent > 0) beside.push(`${format.count(totals.tracks_absent)} tracks are absent from their granules.`);
  for (const { condition, rows: failed } of ledger.conditions ?? []) if (failed > 0) beside.push(`${format.count(failed)} rows are not ${condition}.`);
  if (ledger.sparse_cells > 0) beside.push(`${format.count(ledger.sparse_cells)} cells have too few rows.`);
  const notes = [...beside, ...ledger.warnings].map((text) => make("p", { class: "note" }, text));
  const head = make("tr", {}, ...["Granule", "Requests", "Read", "of", "Used", "ms"].map((text) => make("th", { scope: "col" }, text)));
  const lines = ledger.granules.map((entry) => {
    const used = entry.tracks.reduce((sum, track) => sum + track.used, 0);
    const cells = [entry.granule, format.count(entry.requests), format.size(entry.bytes), entry.size ? format.percent(entry.bytes, entry.size) : "–", format.count(used), format.count(entry.milliseconds)];
    const row = make("tr", entry.error ? { class: "failed", title: entry.error.message } : {}, ...cells.map((text) => make("td", {}, text)));
    if (entry.error) row.append(make("td", {}, `not used: ${entry.error.class}`));
    return row;
  });
  const table = make("table", {}, make("thead", {}, head), make("tbody", {}, ...lines));
  const scroll = make("div", { class: "per-granule", tabindex: 0, role: "region", "aria-label": "Granules one by one" }, table);
  const details = make("details", {}, make("summary", {}, `${ledger.granules.length === 1 ? "The granule" : `${ledger.granules.length} granules, one by one`}`), scroll);
  node.replaceChildren(make("div", { class: "row-counts" }, ...rows), ...notes, details);
}

/** Bars in the colours of the map. */
export function showHistogram(node, ordered, style) {
  if (ordered.length === 0) {
    node.replaceChildren(make("p", { class: "note" }, "No cell has a value yet."));
    return;
  }
  const counts = bins(ordered, style.limits, style.log);
  const most = Math.max(...counts);
  const table = colours(style.colours);
  const svg = vector("svg", { viewBox: "0 0 280 118", role: "img" });
  const middle = ordered[Math.floor((ordered.length - 1) / 2)];
  const name = `${style.label}: ${format.count(ordered.length)} cells, from ${format.value(ordered[0], style.unit)} to ${format.value(ordered.at(-1), style.unit)}, median ${format.value(middle, style.unit)}`;
  svg.setAttribute("aria-label", name);
  counts.forEach((count, i) => {
    const height = count > 0 ? Math.max(1, (90 * count) / most) : 0;
    const box = vector("rect", { x: (280 * i) / counts.length, y: 96 - height, width: 280 / counts.length, height });
    box.style.fill = table[Math.round((255 * (i + 0.5)) / counts.length)];
    svg.append(box);
  });
  svg.append(vector("line", { x1: 0, x2: 280, y1: 96.5, y2: 96.5 }));
  const step = (style.limits[1] - style.limits[0]) / 10;
  [[0, "start", style.limits[0]], [280, "end", style.limits[1]]].forEach(([x, anchor, value]) => {
    const text = vector("text", { x, y: 111, "text-anchor": anchor });
    text.textContent = tickLabel(value, style.log ? value : step);
    svg.append(text);
  });
  node.replaceChildren(svg, make("p", { class: "note" }, name));
}

function vector(tag, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** Every statistic of one cell. */
export function showReadout(node, state, cell) {
  if (cell < 0 || !state.geometry) {
    node.replaceChildren(make("p", { class: "note" }, "Point at a cell, or focus the map and use the arrow keys."));
    return;
  }
  const { geometry, columns } = state;
  const corner = (k) => geometry.corners[8 * cell + k];
  const [lon, lat] = [(corner(0) + corner(2) + corner(4) + corner(6)) / 4, (corner(1) + corner(3) + corner(5) + corner(7)) / 4];
  const title = make("h3", {}, `Cell ${geometry.morton[cell]} (nested ${geometry.ids[cell]}), ${format.place(lon, lat)}`);
  const count = columns.find(({ name }) => name === "count")?.values[cell] ?? 0;
  const pairs = columns.map(({ name, unit, values, timed }) => {
    const row = make("div", name === state.variable ? { class: "shown" } : {});
    row.append(make("dt", {}, name), make("dd", {}, format.value(timed !== false && name !== "count" && count === 0 ? NaN : values[cell], unit)));
    return row;
  });
  const none = count === 0 && columns.length > 0 ? [make("p", { class: "note" }, "No row that counts lies in this cell.")] : [];
  node.replaceChildren(title, ...none, ...(none.length ? [] : [make("dl", {}, ...pairs)]));
}

const PAGE = 100;

/** The cells with data, a hundred at a time: what the map shows, for reading. */
export function showTable(node, { geometry, columns }, page = 0) {
  const counts = columns.find(({ name }) => name === "count")?.values ?? [];
  const rows = [];
  for (let cell = 0; cell < counts.length; cell += 1) if (counts[cell] > 0) rows.push(cell);
  if (rows.length === 0) {
    node.replaceChildren(make("p", { class: "note" }, "No cell has data."));
    return;
  }
  const pages = Math.ceil(rows.length / PAGE);
  const names = ["morton", ...columns.map(({ name, unit }) => (unit ? `${name} (${unit})` : name))];
  const head = make("tr", {}, ...names.map((name) => make("th", { scope: "col" }, name)));
  const lines = rows.slice(page * PAGE, (page + 1) * PAGE).map((cell) =>
    make("tr", {}, make("th", { scope: "row" }, String(geometry.morton[cell])), ...columns.map(({ values }) => make("td", {}, format.value(values[cell])))));
  const turn = (label, to) => {
    const button = make("button", { type: "button" }, label);
    button.disabled = to < 0 || to >= pages;
    button.onclick = () => showTable(node, { geometry, columns }, to);
    return button;
  };
  const caption = `Cells ${page * PAGE + 1} to ${Math.min(rows.length, (page + 1) * PAGE)} of ${format.count(rows.length)} with data; the CSV holds all of them.`;
  const table = make("table", {}, make("caption", { class: "note" }, caption), make("thead", {}, head), make("tbody", {}, ...lines));
  const scroll = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of cells" }, table);
  node.replaceChildren(make("div", { class: "pages" }, turn("Back", page - 1), turn("Next", page + 1)), scroll);
}

/** A failure, in words, with what to do next. */
export function showAlert(node, { title, message, steps }) {
  const items = [];
  for (const step of steps) {
    if (typeof step === "string") {
      items.push(make("li", {}, step));
      continue;
    }
    const copy = make("button", { type: "button", class: "quiet" }, "Copy");
    copy.onclick = () => navigator.clipboard?.writeText(step.code);
    items.at(-1).append(make("pre", { tabindex: 0 }, step.code), copy);
  }
  const close = make("button", { type: "button", class: "quiet" }, "Dismiss");
  close.onclick = () => { node.hidden = true; };
  node.replaceChildren(make("h2", {}, title), make("p", {}, message), ...(items.length ? [make("ul", {}, ...items)] : []), make("div", {}, close));
  node.hidden = false;
}
