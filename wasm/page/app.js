// The page: its controls and what they do.
import { describeCell } from "./cell.js";
import { showChoice, wireChoice } from "./choice.js";
import { colourMaps } from "./colours.js";
import * as download from "./download.js";
import { attach } from "./gestures.js";
import { CROSSED_AT_ONCE, addFiles, forgetCrossed, lookThrough, showGranules, takeText } from "./granules.js";
import { follow, remember } from "./link.js";
import { findServer, nameServer } from "./local.js";
import { make, showReadout, showTable } from "./panels.js";
import { picture, point, repaint, show } from "./picture.js";
import { compute, openSample, stop } from "./run.js";
import { $, map, say, state } from "./state.js";
import { wireTime } from "./time.js";

function wire() {
  wireChoice();
  wireTime(() => {
    show();
    showReadout($("readout"), state, map.cursor);
    showTable($("table"), state.result);
  });
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
    if (target.value.trim() !== "") takeText(target.value);
    else showChoice();
  };
  $("cell").onchange = describeCell;
  $("crossed").onchange = ({ target }) => {
    $("cell").value = target.value;
    describeCell();
  };
  for (const radio of document.querySelectorAll("input[name=latitude]")) {
    radio.onchange = () => {
      describeCell();
      forgetCrossed();
      if (state.files.length > 0 && state.files.length <= CROSSED_AT_ONCE) lookThrough(state.files);
    };
  }
  $("proxy").onchange = ({ target }) => nameServer(target.value);
  $("variable").onchange = ({ target }) => {
    state.variable = target.value;
    state.limits = null;
    $("log").checked = state.variable === "count";
    if (/^dhdt$|_trend$|^slope_/.test(state.variable)) $("colours").value = "diverge";
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

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = name === "dark" ? "Light" : "Dark";
  repaint();
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
// A link may name granules that come through a server of this machine: first see what there is.
await findServer();
if (follow()) {
  showGranules();
  compute();
}
document.body.dataset.settled = "yes"; // nothing moves by itself from here on
// For tests and the curious: what the page holds.
globalThis.icestream = { state, map };
