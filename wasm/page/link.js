// The link that opens the same view.
import { describeCell, latitude } from "./cell.js";
import { showChoice } from "./choice.js";
import { colourMaps } from "./colours.js";
import { readLink, writeLink } from "./sources.js";
import { $, SAMPLE_CELL, state } from "./state.js";
import { showTime } from "./time.js";

/** Writes the view into the address. */
export function remember() {
  const link = {
    sample: state.sample, urls: state.urls, cell: state.geometry?.parent ?? $("cell").value.trim(), latitude: latitude(),
    childOrder: Number($("children").value), partial: $("partial").checked, variable: state.variable, colours: $("colours").value,
    product: $("product").value, cycle: $("cycle").value.trim(), keep: $("keep").value.trim(), by: $("by").value,
    windows: $("windows").value.trim(), from: $("from-date").value, to: $("to-date").value, change: $("change").checked,
  };
  history.replaceState(null, "", writeLink(link));
}

/** Reads it from there; whether it says enough for a run. */
export function follow() {
  const link = readLink(location.hash);
  if (colourMaps.some(([name]) => name === link.colours)) $("colours").value = link.colours;
  $("cell").value = link.cell;
  $("partial").checked = link.partial;
  $("children").value = String(link.childOrder);
  document.querySelector(`input[name=latitude][value=${link.latitude}]`).checked = true;
  $("urls").value = link.urls.join("\n");
  if ([...$("product").options].some(({ value }) => value === link.product)) $("product").value = link.product;
  $("cycle").value = link.cycle;
  $("keep").value = link.keep;
  if ([...$("by").options].some(({ value }) => value === link.by)) $("by").value = link.by;
  for (const [id, value] of [["windows", link.windows], ["from-date", link.from], ["to-date", link.to]]) $(id).value = value;
  $("change").checked = link.change;
  showTime();
  state.variable = link.variable;
  state.sample = link.sample;
  showChoice();
  describeCell();
  if (link.sample) {
    if (link.cell === "") $("cell").value = SAMPLE_CELL;
    return true;
  }
  return link.urls.length > 0 && link.cell !== "";
}
