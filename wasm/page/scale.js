// From values to places on the colour bar, and to bins of a histogram.

/** Whether a value has a place: finite, and positive where the scale is logarithmic. */
export const shows = (value, log) => Number.isFinite(value) && (!log || value > 0);

/** Values of the cells that have a place, sorted. */
export const sorted = (values, log) => Float64Array.from(values).filter((value) => shows(value, log)).sort();

/** From the 2nd to the 98th percentile: a few outliers do not wash out the rest. Never empty. */
export function robust(ordered, log) {
  if (ordered.length === 0) return [0.1, 1];
  const [low, high] = [quantile(ordered, 0.02), quantile(ordered, 0.98)];
  if (high - low > Math.max(Math.abs(low), Math.abs(high)) * 1e-6) return [low, high];
  return log ? [low / 2, high * 2] : [low - 0.5, high + 0.5];
}

/** Equal distances on both sides of zero where values lie on both, for the diverging map; else around the median. */
export function symmetric(ordered) {
  if (ordered.length === 0) return [-1, 1];
  const [low, high] = robust(ordered, false);
  const middle = low < 0 && high > 0 ? 0 : quantile(ordered, 0.5);
  const reach = Math.max(high - middle, middle - low);
  return [middle - reach, middle + reach];
}

/** Linear between order statistics. */
export function quantile(ordered, fraction) {
  const at = fraction * (ordered.length - 1);
  const below = Math.floor(at);
  const next = ordered[Math.min(below + 1, ordered.length - 1)];
  return ordered[below] + (next - ordered[below]) * (at - below);
}

/** The place of a value between the limits, 0 to 1, or NaN. */
export function position(value, [low, high], log) {
  if (!shows(value, log)) return NaN;
  const [a, b, x] = log ? [Math.log(low), Math.log(high), Math.log(value)] : [low, high, value];
  return Math.min(1, Math.max(0, (x - a) / (b - a)));
}

/** Round values for the ticks of a bar, about `wanted` of them. */
export function ticks([low, high], log, wanted = 5) {
  if (log) {
    const found = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
      for (const digit of [1, 2, 5]) found.push(digit * 10 ** power);
    }
    const inside = found.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (inside.length > wanted + 3) return inside.filter((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e9) / 1e9));
    if (inside.length > 1) return inside;
  }
  const step = niceStep((high - low) / wanted);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

/** The least of 1, 2, 5 times a power of ten that is no less than a positive number. */
function niceStep(least) {
  const unit = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((digit) => digit * unit).find((step) => step >= least * 0.999) ?? unit * 10;
}

/** A tick in as few digits as distinguish it from its neighbours. */
export function tickLabel(tick, step) {
  const digits = Math.max(0, Math.min(9, -Math.floor(Math.log10(Math.abs(step) || 1) + 1e-9)));
  const text = Math.abs(tick) >= 1e6 || (tick !== 0 && Math.abs(tick) < 1e-4) ? tick.toExponential(0) : tick.toFixed(digits);
  return text.replace("-", "−");
}

/** Counts of values in equal bins between the limits (equal ratios where logarithmic); values beyond count at the ends. */
export function histogram(ordered, limits, log, bins = 32) {
  const counts = new Array(bins).fill(0);
  for (const value of ordered) {
    const at = position(value, limits, log);
    counts[Math.min(bins - 1, Math.floor(at * bins))] += 1;
  }
  return counts;
}
