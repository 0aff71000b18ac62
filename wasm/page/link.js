// The link that opens the same view.
import { describeCell, latitude } from "./cell.js";
import { colourMaps } from "./colours.js";
import { readLink, writeLink } from "./sources.js";
import { $, NAMES, SAMPLE_CELL, state } from "./state.js";

/** Writes the view into the address. */
export function remember() {
  const link = {
    sample: state.sample, urls: state.urls, cell: state.geometry?.parent ?? $("cell").value.trim(), latitude: latitude(),
    childOrder: Number($("children").value), partial: $("partial").checked, variable: state.variable, colours: $("colours").value,
  };
  history.replaceState(null, "", writeLink(link));
}

/** Reads it from there; whether it says enough for a run. */
export function follow() {
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
    return true;
  }
  return link.urls.length > 0 && link.cell !== "";
}
