// Meridians and parallels with labels where they leave the frame, and a bar of a round number of kilometres.
import { wrap } from "./projection.js";

const STEPS = [60, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
const WANTED = 3; // lines of each kind
const SAMPLES = 48;

const spacing = (range) => STEPS.find((step) => range / step >= WANTED) ?? STEPS.at(-1);

/** The lines in a view: `[{ points, label, sides }]` in pixels. */
export function lines(view, projection) {
  const { left, top, width, height } = view.frame;
  const degrees = [];
  for (let i = 0; i <= 12; i += 1) {
    for (let k = 0; k <= 12; k += 1) {
      degrees.push(projection.inverse(...view.metres(left + (width * i) / 12, top + (height * k) / 12)));
    }
  }
  const middle = projection.inverse(...view.centre);
  const lats = degrees.map(([, lat]) => lat);
  const lons = degrees.map(([lon]) => middle[0] + wrap(lon - middle[0]));
  let [south, north] = [Math.min(...lats), Math.max(...lats)];
  let [west, east] = [Math.min(...lons), Math.max(...lons)];
  if (projection.pole !== null) {
    const [px, py] = view.pixel(0, 0);
    if (px > left && px < left + width && py > top && py < top + height) {
      [west, east] = [-180, 180];
      if (projection.pole < 0) south = -90;
      else north = 90;
    }
  }
  const found = [];
  const latStep = spacing(north - south);
  for (let lat = Math.ceil(south / latStep) * latStep; lat <= Math.min(north, 89.999); lat += latStep) {
    if (lat <= -89.999) continue;
    found.push({ label: name(lat, latStep, "N", "S"), sides: ["left", "bottom"], points: curve(view, projection, (t) => [west + (east - west) * t, lat]) });
  }
  const whole = east - west >= 359;
  const lonStep = whole ? 30 : spacing(east - west);
  for (let lon = Math.ceil(west / lonStep) * lonStep; lon <= east && !(whole && lon >= 180); lon += lonStep) {
    found.push({ label: name(wrap(lon), lonStep, "E", "W"), sides: ["bottom", "left"], points: curve(view, projection, (t) => [lon, south + (north - south) * t]) });
  }
  return found;
}

function curve(view, projection, at) {
  return Array.from({ length: SAMPLES + 1 }, (_, i) => view.pixel(...projection.forward(...at(i / SAMPLES))));
}

function name(degrees, step, positive, negative) {
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const side = Math.abs(degrees) < 1e-9 || Math.abs(Math.abs(degrees) - 180) < 1e-9 ? "" : degrees > 0 ? positive : negative;
  return `${Math.abs(degrees).toFixed(digits)}°${side}`;
}

/** Where a line first crosses a side of the frame: the pixel, or null. */
export function crossing(points, side, { left, top, width, height }) {
  const axis = side === "left" ? 0 : 1;
  const at = side === "left" ? left : top + height;
  for (let i = 1; i < points.length; i += 1) {
    const [a, b] = [points[i - 1][axis] - at, points[i][axis] - at];
    if (a < 0 === b < 0) continue;
    const t = a / (a - b);
    const p = [0, 1].map((k) => points[i - 1][k] + (points[i][k] - points[i - 1][k]) * t);
    if (side === "left" ? p[1] > top && p[1] < top + height : p[0] > left && p[0] < left + width) return p;
  }
  return null;
}

/** Length and label of a scale bar about a quarter of the frame wide, true at its centre. */
export function scaleBar(view, projection) {
  const [, lat] = projection.inverse(...view.centre);
  const ground = view.scale / projection.scaleFactor(lat);
  const most = 0.24 * view.frame.width * ground;
  const unit = 10 ** Math.floor(Math.log10(most));
  const metres = ([5, 2].find((digit) => most / unit >= digit) ?? 1) * unit;
  return { pixels: metres / ground, label: metres >= 1000 ? `${metres / 1000} km` : `${metres} m` };
}
