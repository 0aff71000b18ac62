// Numbers as people read them.

const grouped = new Intl.NumberFormat("en");

/** A whole number with its thousands apart. */
export const count = (value) => grouped.format(value);

/** A number of bytes: `14.5 MB`. */
export function size(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) {
    bytes /= 1000;
    at += 1;
  }
  return `${at === 0 ? bytes : bytes.toFixed(bytes < 10 ? 2 : 1)} ${units[at]}`;
}

/** A time span: `830 ms`, `2.4 s`. */
export const time = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`);

/** A share: `3.2 %`. */
export function percent(part, whole) {
  if (!(whole > 0)) return "–";
  const share = (100 * part) / whole;
  return `${share >= 10 ? Math.round(share) : share.toPrecision(2)} %`;
}

/** A value of a cell, with as many digits as its size deserves; an en dash for no data. */
export function value(number, unit = "") {
  if (!Number.isFinite(number)) return "–";
  const text = Number.isInteger(number)
    ? count(number)
    : Math.abs(number) >= 1e5 || Math.abs(number) < 1e-3
      ? number.toExponential(3)
      : number.toFixed(Math.abs(number) >= 100 ? 2 : 4);
  return (unit ? `${text} ${unit}` : text).replace("-", "−");
}

/** A place: `74.466° S, 104.400° E`. */
export function place(lon, lat, digits = 3) {
  const east = ((((lon + 180) % 360) + 360) % 360) - 180;
  const ns = lat < 0 ? "S" : "N";
  const ew = east < 0 ? "W" : "E";
  return `${Math.abs(lat).toFixed(digits)}° ${ns}, ${Math.abs(east).toFixed(digits)}° ${ew}`;
}
