// What the parts of the page share: the engine, the map, and what is given and known.
import { Engine } from "./engine.js";
import { explain } from "./help.js";
import { CellMap } from "./map.js";
import { showAlert, showLedger } from "./panels.js";

export const $ = (id) => document.getElementById(id);

export const SAMPLE_CELL = "-6134114";

export const map = new CellMap();

/**
 * `all` are the columns of all windows, `columns` those of the one that is shown, `cells` how many cells each window has. `recognised` is the product that a granule was found to be of, `product` what the result is made from, `proxy` is what a server of this machine offers (local.js), `job` the
 * run that is under way.
 */
export const state = {
  files: [], urls: [], sample: false, recognised: null, product: null, proxy: null, job: null,
  geometry: null, columns: [], all: null, cells: 0, variable: "h_mean", limits: null, result: null,
};

export const engine = new Engine((error, build) => {
  $("build").textContent = error ? "engine missing" : `engine ready, ${build}`;
  if (error) showAlert($("alert"), { title: "The engine cannot be started", message: error.message, steps: ["Reload the page; if that does not help, use a browser of the last three years."] });
});

/** One line of what happens. */
export function say(text) {
  if ($("status").textContent !== text) $("status").textContent = text;
}

/** A failure, in words with the next step. */
export function fail(error) {
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
