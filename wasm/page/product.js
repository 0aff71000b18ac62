// Products: which one the granules are of, and a user's changes to it.
import { PRODUCTS } from "./products.js";

export { PRODUCTS };
export const byName = (name) => PRODUCTS.find((product) => product.name === name);

/** What granules are taken for that say nothing. */
export const DEFAULT = byName("ATL06");

/** The product whose granules call themselves so, of several the one without a suffix. */
export const calledSo = (name) => byName(name) ?? PRODUCTS.find((product) => product.short_names.includes(name));

/** The product of a file by what its name begins with, behind what others have put before it. */
export function ofFile(file) {
  const name = decoded(file.split(/[?#]/)[0].split("/").pop());
  const begins = (pattern) => {
    const text = pattern.split("{")[0].toLowerCase();
    const at = name.toLowerCase().indexOf(text);
    return at === 0 || (at > 0 && /[^a-z0-9]/i.test(name[at - 1]));
  };
  return PRODUCTS.find(({ names }) => names.some(begins));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Names of its arrays, in the order in which a person looks at them. */
export function arrays({ output, statistics }) {
  const first = ["mean", "q50"].filter((statistic) => statistics.includes(statistic));
  const rest = statistics.filter((statistic) => statistic !== "count" && !first.includes(statistic));
  return [...[...first, ...rest].map((statistic) => `${output.prefix}_${statistic}`), "count"];
}

const columns = (product) => [product.value, product.value.minus, product.uncertainty, product.weight, product.time, ...(product.keep ?? [])];

/** Its columns that have one number a repeat cycle. */
const byCycle = (product) => columns(product).filter((column) => column?.axis?.column.split("/").pop() === "cycle_number");

export const hasCycles = (product) => byCycle(product).length > 0;

/** A product with a cycle (or null) and conditions, `PATH OP VALUE` each, as the flags --cycle and --keep of the command. */
export function edited(product, { cycle, keep }) {
  const copy = structuredClone(product);
  const kept = conditions(copy, keep);
  if (kept.length > 0) copy.keep = kept;
  else delete copy.keep;
  if (cycle !== null) for (const column of byCycle(copy)) column.axis.value ??= cycle;
  return copy;
}

/** Each replaces those on its path, whatever the index, and is appended otherwise; `PATH any` drops, `none` drops all. */
function conditions(product, texts) {
  const held = product.keep ?? [];
  const edits = texts.filter((text) => text !== "none").map(edit);
  const start = texts.includes("none") ? [] : held;
  const on = ({ path }, { column }) => column.includes(path);
  for (const { path } of edits.filter(({ test }) => !test)) {
    if (!start.some((keep) => keep.column.includes(path))) throw new Error(`There is no condition on ${path}${start.length > 0 ? `, but on ${start.map((keep) => keep.column[0]).join(", ")}` : " and no other"}.`);
  }
  const placed = new Set();
  const kept = start.flatMap((keep) => {
    const own = edits.filter((each) => on(each, keep));
    if (own.length === 0) return [keep];
    const fresh = own.filter((each) => !placed.has(each));
    for (const each of fresh) placed.add(each);
    return fresh.filter(({ test }) => test).map((each) => condition(each, keep));
  });
  // What is not said of the second axis is as in the product's other column of that path, which may have another fill.
  const beside = ({ path }) => structuredClone(columns(product).find((column) => column?.column?.includes(path)) ?? {});
  const fresh = edits.filter((each) => each.test && !placed.has(each));
  return [...kept, ...fresh.map((each) => condition(each, { ...beside(each), fill: undefined }))];
}

/** In the place of another one, what is not said of the column is as there. */
function condition({ path, second, test }, { index, axis, fill }) {
  const held = { ...(index === undefined ? {} : { index }), ...(axis ? { axis } : {}) };
  return { column: [path], ...(second ?? held), ...(fill ? { fill } : {}), ...test };
}

const TESTS = { "=": "is", "==": "is", in: "is", "!=": "not", ">=": "at_least", "<=": "at_most", ">": "above", "<": "below" };

/** `{ path, second, test }`; without `test` where the text ends with `any`. */
function edit(text) {
  const any = /^(.+) any$/.exec(text);
  const [, place, operator, values] = any ? [null, any[1]] : (/^([^\s[!<>=]+(?:\[[^\]]*\])?)\s*(==|!=|>=|<=|[=<>]|\bin\b)\s*(.+)$/.exec(text) ?? []);
  const usage = `“${text}” is not a condition: write PATH OP VALUE, OP one of = != >= <= > < in, like h_li_sigma <= 0.5, or PATH any.`;
  const [, path, inside] = /^([^[\]/][^[\]]*)(?:\[([^\]]+)\])?$/.exec(place?.trim() ?? "") ?? [];
  if (!path) throw new Error(usage);
  const second = inside === undefined ? null : within(inside, usage);
  if (any) return { path, second, test: null };
  const numbers = values.replace(/^\[|\]$/g, "").split(",").map((value) => (value.trim() === "" ? NaN : Number(value)));
  const key = TESTS[operator];
  const several = key === "is" || key === "not";
  if (!numbers.every(Number.isFinite) || (numbers.length > 1 && !several)) throw new Error(usage);
  return { path, second, test: { [key]: several ? numbers : numbers[0] } };
}

/** What brackets take of the second axis: an index, or where a coordinate has a value. */
function within(inside, usage) {
  if (/^\d+$/.test(inside)) return { index: Number(inside) };
  const [column, value] = inside.split("=").map((part) => part.trim());
  if (!column || !value || !Number.isFinite(Number(value))) throw new Error(usage);
  return { axis: { column, value: Number(value) } };
}
