// Which product is computed: the controls for it, and what depends on the choice.
import { make } from "./panels.js";
import { DEFAULT, PRODUCTS, arrays, byName, calledSo, edited, hasCycles, ofFile } from "./product.js";
import { $, state } from "./state.js";

export function wireChoice() {
  $("product").append(...PRODUCTS.map(({ name, output }) => make("option", { value: name, title: output.label }, name)));
  $("product").onchange = () => {
    state.recognised = null;
    showChoice();
  };
  showChoice();
}

/** Names of the granules, as far as they are known before a run. */
function granuleNames() {
  return [...state.files.map(({ name }) => name), ...$("urls").value.trim().split(/\s+/)];
}

/** The product that is chosen: by name, or by the granules: what they said themselves, their names, or the usual one. */
export function product() {
  const named = byName($("product").value);
  if (named) return named;
  if (state.sample) return DEFAULT;
  return state.recognised ?? granuleNames().map(ofFile).find(Boolean) ?? DEFAULT;
}

/** The same with the user's changes. */
export function wanted() {
  const cycle = $("cycle").value.trim();
  if (cycle !== "" && !/^\d{1,9}$/.test(cycle)) throw new Error("The cycle is a whole number, such as 7.");
  const chosen = product();
  const keep = $("keep").value.split("\n").map((line) => line.trim()).filter(Boolean);
  return edited(chosen, { cycle: cycle !== "" && hasCycles(chosen) ? Number(cycle) : null, keep });
}

/** Shows what goes with the choice: cycle, statistics, words. */
export function showChoice() {
  const chosen = product();
  const { name, output } = chosen;
  const by = byName($("product").value) ? "" : `${name}, by the granules: `;
  $("product-note").textContent = `${by}${output.label}${output.units && output.units !== "1" ? `, ${output.units}` : ""}`;
  $("cycle-row").hidden = !hasCycles(chosen);
  offer(chosen);
}

/** Offers the arrays of a product; of another product's, the same statistic stays chosen. */
function offer({ output, statistics }) {
  const names = arrays({ output, statistics });
  offerArrays(names);
  if (!names.includes(state.variable)) {
    const same = statistics.find((statistic) => state.variable.endsWith(`_${statistic}`));
    state.variable = same ? `${output.prefix}_${same}` : names[0];
    state.limits = null;
  }
  $("variable").value = state.variable;
  $("log").checked = state.variable === "count";
}

/** Offers the arrays of a result: those of the product in its order, then the others. */
export function offerResult(names) {
  const usual = arrays(product()).filter((name) => names.includes(name));
  offerArrays([...usual, ...names.filter((name) => !usual.includes(name))]);
}

/** Offers arrays by their names; the one that is shown stays. */
function offerArrays(names) {
  const held = [...$("variable").options].map(({ value }) => value);
  if (held.join() !== names.join()) $("variable").replaceChildren(...names.map((name) => make("option", { value: name }, name)));
  if (names.includes(state.variable)) $("variable").value = state.variable;
}

/**
 * Takes the product that the engine found a granule to be of, where the granules decide. Whether that is another one than was
 * asked for, so that it is worth asking again.
 */
export function recognise(message) {
  const [, named, asked] = /the file is (\S+), the job reads ([^\s:]+)/.exec(message) ?? [];
  const found = named && calledSo(named);
  if ($("product").value !== "auto" || !found || found.name === asked || state.recognised) return false;
  state.recognised = found;
  showChoice();
  return true;
}
