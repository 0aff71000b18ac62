// Windows of time: the controls for them, and the window that is shown.
import { make } from "./panels.js";
import { $, state } from "./state.js";

const PERIODS = ["cycle", "month", "quarter", "season", "year"];

export function wireTime(onWindow) {
  $("by").append(...PERIODS.map((name) => make("option", { value: name }, name)), make("option", { value: "windows" }, "window of my own"));
  $("by").onchange = showTime;
  $("window").onchange = () => {
    chooseWindow(Number($("window").value));
    onWindow();
  };
  showTime();
}

/** Shows what goes with the choice of windows. */
export function showTime() {
  $("dates-row").hidden = $("by").value === "windows";
  $("windows-row").hidden = $("by").value !== "windows";
}

/** What the form asks of time, as the engine takes it. */
export function times() {
  const by = $("by").value;
  const own = by === "windows" ? $("windows").value.split(/[\s,]+/).filter(Boolean) : [];
  if (by === "windows" && own.length === 0) throw new Error("Write windows, such as 2019-04-01/2019-07-01, the day after the last at the end.");
  const dates = by === "windows" ? ["", ""] : [$("from-date").value, $("to-date").value];
  return { by: PERIODS.includes(by) ? by : "", windows: own, fromDate: dates[0], toDate: dates[1], change: $("change").checked };
}

/** Takes the windows of a result; shows the first that has rows. */
export function takeWindows({ columns, windows }, cells) {
  $("window").replaceChildren(...windows.map((name, at) => make("option", { value: at }, name)));
  $("window-row").hidden = windows.length === 0;
  const counts = columns.find(({ name }) => name === "count")?.values ?? [];
  const first = windows.findIndex((_, at) => counts.subarray(at * cells, (at + 1) * cells).some((count) => count > 0));
  state.all = columns;
  state.cells = cells;
  chooseWindow(Math.max(0, first));
}

/** Takes one window's values of what has a value for each. */
function chooseWindow(at) {
  $("window").value = String(at);
  const { cells } = state;
  state.columns = state.all.map((column) => (column.timed ? { ...column, values: column.values.subarray(at * cells, (at + 1) * cells) } : column));
  if (state.result) state.result.columns = state.columns;
}

/** Whether each cell has rows in some window. */
export function counted() {
  const column = state.all?.find(({ name }) => name === "count");
  if (!column?.timed) return column?.values;
  return Array.from({ length: state.cells }, (_, cell) => {
    for (let at = cell; at < column.values.length; at += state.cells) if (column.values[at] > 0) return 1;
    return 0;
  });
}
