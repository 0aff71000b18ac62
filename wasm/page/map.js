// The map: children of a cell as polygons on a canvas, with all that a map needs.
import { colours } from "./colours.js";
import { crossing, lines, scaleBar } from "./graticule.js";
import { projectionFor } from "./projection.js";
import { position, tickLabel, ticks } from "./scale.js";
import { fit } from "./tracks.js";
import { View } from "./view.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** What is shown and how; `draw` paints it on any canvas. */
export class CellMap {
  geometry = null;
  values = null;
  style = { colours: "dusk", limits: [0, 1], log: false, tracks: true, unit: "", label: "" };
  cursor = -1;
  #tracks = [];
  #lines = new Map();

  /** Takes the geometry of a job and forgets what was shown before. */
  setGeometry(geometry) {
    this.geometry = geometry;
    this.values = null;
    this.cursor = -1;
    this.#tracks = [];
    const n = geometry.ids.length;
    const { corners, outline } = geometry;
    this.projection = projectionFor(corners[0], corners[1]);
    this.corners = new Float64Array(n * 8);
    this.centres = new Float64Array(n * 2);
    for (let cell = 0; cell < n; cell += 1) {
      for (let k = 0; k < 8; k += 2) {
        const [x, y] = this.projection.forward(corners[8 * cell + k], corners[8 * cell + k + 1]);
        this.corners[8 * cell + k] = x;
        this.corners[8 * cell + k + 1] = y;
        this.centres[2 * cell] += x / 4;
        this.centres[2 * cell + 1] += y / 4;
      }
    }
    this.outline = [];
    for (let k = 0; k < outline.length; k += 2) this.outline.push(this.projection.forward(outline[k], outline[k + 1]));
    const [xs, ys] = [this.outline.map(([x]) => x), this.outline.map(([, y]) => y)];
    this.view = new View({ left: 0, top: 0, width: 100, height: 100 }, [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)]);
  }

  /** Lines of a file whose coordinates were read, as arrays of lon, lat pairs: drawn in place of fitted ones. */
  setLines(granule, linesOfTracks) {
    this.#lines.set(granule, linesOfTracks);
  }

  /** Adds tracks by the children that they cross, in the order of flight. */
  addTracks(tracks) {
    for (const { granule, children } of tracks) {
      if (this.#lines.has(granule)) continue;
      const line = fit(children, this.centres);
      if (line) this.#tracks.push(line);
    }
  }

  /** Index of the child under a pixel, or -1. */
  hit(px, py) {
    if (!this.geometry) return -1;
    const [x, y] = this.view.metres(px, py);
    const reach = this.#reach();
    for (let cell = 0; cell < this.geometry.ids.length; cell += 1) {
      if (Math.abs(this.centres[2 * cell] - x) > reach || Math.abs(this.centres[2 * cell + 1] - y) > reach) continue;
      if (this.#inside(cell, x, y)) return cell;
    }
    return -1;
  }

  /** The nearest child in a direction (pixels, y downwards) from the cursor; `withData` passes over empty ones. */
  neighbour([dx, dy], withData) {
    if (this.cursor < 0) return this.#start();
    const [x0, y0] = [this.centres[2 * this.cursor], this.centres[2 * this.cursor + 1]];
    let best = this.cursor;
    let least = Infinity;
    for (let cell = 0; cell < this.geometry.ids.length; cell += 1) {
      if (cell === this.cursor || (withData && !Number.isFinite(this.values?.[cell]))) continue;
      const [x, y] = [this.centres[2 * cell] - x0, y0 - this.centres[2 * cell + 1]];
      const ahead = x * dx + y * dy;
      const aside = Math.abs(x * dy - y * dx);
      if (ahead <= aside) continue;
      const far = ahead + 1.5 * aside;
      if (far < least) [best, least] = [cell, far];
    }
    return best;
  }

  // The child nearest to the middle of the view, with data where there is any.
  #start() {
    const any = this.values?.some((value) => Number.isFinite(value));
    let [best, least] = [-1, Infinity];
    for (let cell = 0; cell < this.geometry.ids.length; cell += 1) {
      if (any && !Number.isFinite(this.values[cell])) continue;
      const far = Math.hypot(this.centres[2 * cell] - this.view.centre[0], this.centres[2 * cell + 1] - this.view.centre[1]);
      if (far < least) [best, least] = [cell, far];
    }
    return best;
  }

  #reach() {
    const c = this.corners;
    return 1.5 * Math.max(Math.hypot(c[0] - c[4], c[1] - c[5]), Math.hypot(c[2] - c[6], c[3] - c[7]));
  }

  #inside(cell, x, y) {
    let inside = false;
    for (let i = 0, j = 6; i < 8; j = i, i += 2) {
      const [xi, yi, xj, yj] = [i, j].flatMap((k) => [this.corners[8 * cell + k], this.corners[8 * cell + k + 1]]);
      if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
    }
    return inside;
  }

  /** Paints everything. `size` in CSS pixels; `theme` holds colours; `heading` (for pictures) a title and a footer. */
  draw(ctx, size, theme, heading = null) {
    const em = Math.max(11, Math.min(14, size.width / 48));
    ctx.font = `${em}px ${FONT}`;
    ctx.fillStyle = theme.paper;
    ctx.fillRect(0, 0, size.width, size.height);
    const above = heading ? 3.6 * em : 0.6 * em;
    const below = 6.1 * em + (heading ? 1.8 * em : 0);
    const frame = { left: 3.9 * em, top: above, width: size.width - 4.7 * em, height: size.height - above - below };
    if (heading) this.#heading(ctx, size, theme, em, heading);
    if (!this.geometry) return;
    const kept = this.view.frame;
    this.view.fit(frame);
    const graticule = lines(this.view, this.projection);
    ctx.save();
    ctx.beginPath();
    ctx.rect(frame.left, frame.top, frame.width, frame.height);
    ctx.clip();
    ctx.fillStyle = theme.sea;
    ctx.fillRect(frame.left, frame.top, frame.width, frame.height);
    this.#graticule(ctx, graticule, theme);
    this.#cells(ctx, theme);
    if (this.style.tracks) this.#groundTracks(ctx, theme);
    this.#cursor(ctx, theme);
    this.#scaleBar(ctx, frame, theme, em);
    ctx.restore();
    ctx.strokeStyle = theme.line;
    ctx.lineWidth = 1;
    ctx.strokeRect(frame.left + 0.5, frame.top + 0.5, frame.width - 1, frame.height - 1);
    this.#labels(ctx, graticule, frame, theme, em);
    this.#bar(ctx, { left: frame.left, top: frame.top + frame.height + 2.1 * em, width: frame.width, height: 0.9 * em }, theme, em);
    if (heading) this.view.fit(kept);
  }

  #path(points, ctx) {
    points.forEach(([x, y], i) => ctx[i === 0 ? "moveTo" : "lineTo"](...this.view.pixel(x, y)));
  }

  #outlinePath(ctx) {
    ctx.beginPath();
    this.#path(this.outline, ctx);
    ctx.closePath();
  }

  #cells(ctx, theme) {
    this.#outlinePath(ctx);
    ctx.fillStyle = theme.empty;
    ctx.fill();
    ctx.fillStyle = hatch(ctx, theme);
    ctx.fill();
    if (this.values) {
      const { limits, log } = this.style;
      const table = colours(this.style.colours);
      const buckets = new Map();
      for (let cell = 0; cell < this.values.length; cell += 1) {
        const at = position(this.values[cell], limits, log);
        if (Number.isNaN(at)) continue;
        const step = Math.round(255 * at);
        if (!buckets.has(step)) buckets.set(step, []);
        buckets.get(step).push(cell);
      }
      ctx.lineWidth = 0.6;
      for (const [step, cells] of buckets) {
        ctx.beginPath();
        for (const cell of cells) this.#cellPath(ctx, cell);
        ctx.fillStyle = table[step];
        ctx.strokeStyle = table[step];
        ctx.fill();
        ctx.stroke(); // closes the hairlines between neighbours
      }
    }
    this.#outlinePath(ctx);
    ctx.strokeStyle = theme.ink;
    ctx.lineWidth = 1.2;
    ctx.stroke();
  }

  #cellPath(ctx, cell) {
    for (let k = 0; k < 8; k += 2) {
      const at = this.view.pixel(this.corners[8 * cell + k], this.corners[8 * cell + k + 1]);
      if (k === 0) ctx.moveTo(...at);
      else ctx.lineTo(...at);
    }
    ctx.closePath();
  }

  #groundTracks(ctx, theme) {
    ctx.save();
    this.#outlinePath(ctx);
    ctx.clip();
    ctx.beginPath();
    for (const line of this.#tracks) this.#path(line, ctx);
    for (const tracks of this.#lines.values()) {
      for (const line of tracks) {
        const points = [];
        for (let k = 0; k < line.length; k += 2) points.push(this.projection.forward(line[k], line[k + 1]));
        this.#path(points, ctx);
      }
    }
    ctx.strokeStyle = theme.track;
    ctx.lineWidth = this.#tracks.length > 60 ? 0.6 : 0.9;
    ctx.stroke();
    ctx.restore();
  }

  #cursor(ctx, theme) {
    if (this.cursor < 0) return;
    ctx.beginPath();
    this.#cellPath(ctx, this.cursor);
    ctx.lineJoin = "round";
    ctx.strokeStyle = theme.halo;
    ctx.lineWidth = 4.5;
    ctx.stroke();
    ctx.strokeStyle = theme.cursor;
    ctx.lineWidth = 2;
    ctx.stroke();
  }

  #graticule(ctx, graticule, theme) {
    ctx.beginPath();
    for (const { points } of graticule) points.forEach((p, i) => ctx[i === 0 ? "moveTo" : "lineTo"](...p));
    ctx.strokeStyle = theme.grid;
    ctx.lineWidth = 1;
    ctx.stroke();
  }

  #labels(ctx, graticule, frame, theme, em) {
    ctx.fillStyle = theme.quiet;
    ctx.textBaseline = "middle";
    const taken = [];
    for (const { points, label, sides } of graticule) {
      for (const side of sides) {
        const at = crossing(points, side, frame);
        if (!at) continue;
        const width = ctx.measureText(label).width;
        const most = frame.left + frame.width + 0.7 * em - width; // the picture ends there
        const [x, y] = side === "left" ? [frame.left - 0.4 * em - width, at[1]] : [Math.min(at[0] - width / 2, most), frame.top + frame.height + 0.9 * em];
        const fits = x > 0 && taken.every(([x2, y2, w2]) => x > x2 + w2 + 8 || x + width + 8 < x2 || Math.abs(y - y2) > 1.4 * em);
        if (!fits) continue;
        taken.push([x, y, width]);
        ctx.textAlign = "left";
        ctx.fillText(label, x, y);
        break;
      }
    }
  }

  #scaleBar(ctx, frame, theme, em) {
    const { pixels, label } = scaleBar(this.view, this.projection);
    const pad = 0.5 * em;
    const width = Math.max(pixels, ctx.measureText(label).width) + 2 * pad;
    const [left, top] = [frame.left + 0.6 * em, frame.top + frame.height - 3.2 * em];
    ctx.fillStyle = theme.veil;
    ctx.fillRect(left, top, width, 2.6 * em);
    ctx.fillStyle = theme.ink;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    ctx.fillText(label, left + width / 2, top + 0.95 * em);
    ctx.strokeStyle = theme.ink;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    const [a, b, y] = [left + (width - pixels) / 2, left + (width + pixels) / 2, top + 2 * em];
    ctx.moveTo(a, y - 0.35 * em);
    ctx.lineTo(a, y);
    ctx.lineTo(b, y);
    ctx.lineTo(b, y - 0.35 * em);
    ctx.stroke();
  }

  /** The colour bar: limits that cut values off end in points; no data has a swatch of its own. */
  #bar(ctx, box, theme, em) {
    const { limits, log, unit, label, cut = [false, false] } = this.style;
    const swatch = 1.5 * em;
    const none = "no data";
    const noneWidth = ctx.measureText(none).width;
    const width = box.width - swatch - noneWidth - 2.2 * em;
    const tip = 0.6 * em;
    const [from, to] = [box.left + (cut[0] ? tip : 0), box.left + width - (cut[1] ? tip : 0)];
    const table = colours(this.style.colours);
    for (let i = 0; i < 256; i += 1) {
      ctx.fillStyle = table[i];
      const x = from + ((to - from) * i) / 256;
      ctx.fillRect(x, box.top, (to - from) / 256 + 0.6, box.height);
    }
    for (const [on, x, end, colour] of [[cut[0], from + 0.3, box.left, table[0]], [cut[1], to - 0.3, box.left + width, table[255]]]) {
      if (!on) continue;
      ctx.beginPath();
      ctx.moveTo(x, box.top);
      ctx.lineTo(end, box.top + box.height / 2);
      ctx.lineTo(x, box.top + box.height);
      ctx.fillStyle = colour;
      ctx.fill();
    }
    ctx.fillStyle = theme.quiet;
    ctx.strokeStyle = theme.quiet;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.lineWidth = 1;
    const marks = ticks(limits, log, Math.max(2, Math.min(6, width / (5.5 * em))));
    marks.forEach((mark, i) => {
      const x = from + (to - from) * position(mark, limits, log);
      ctx.beginPath();
      ctx.moveTo(x, box.top + box.height);
      ctx.lineTo(x, box.top + box.height + 4);
      ctx.stroke();
      const step = log ? mark : (marks[1] ?? mark) - marks[0] || mark;
      const text = tickLabel(mark, step);
      const half = ctx.measureText(text).width / 2;
      if (i > 0 || x - half > box.left - 2 * em) ctx.fillText(text, Math.min(x, box.left + width + tip), box.top + box.height + 6);
    });
    ctx.fillStyle = theme.ink;
    ctx.textAlign = "left";
    ctx.fillText(unit ? `${label} (${unit})` : label, box.left, box.top + box.height + 1.7 * em);
    const x = box.left + box.width - noneWidth - swatch - 0.5 * em;
    ctx.fillStyle = theme.empty;
    ctx.fillRect(x, box.top, swatch, box.height);
    ctx.fillStyle = hatch(ctx, theme);
    ctx.fillRect(x, box.top, swatch, box.height);
    ctx.strokeRect(x + 0.5, box.top + 0.5, swatch - 1, box.height - 1);
    ctx.fillStyle = theme.quiet;
    ctx.textBaseline = "middle";
    ctx.fillText(none, x + swatch + 0.5 * em, box.top + box.height / 2);
  }

  #heading(ctx, size, theme, em, { title, subtitle, footer }) {
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = theme.ink;
    ctx.font = `600 ${1.25 * em}px ${FONT}`;
    ctx.fillText(title, 3.9 * em, 1.2 * em);
    ctx.font = `${em}px ${FONT}`;
    ctx.fillStyle = theme.quiet;
    ctx.fillText(subtitle, 3.9 * em, 2.7 * em);
    ctx.fillText(footer, 3.9 * em, size.height - em);
    ctx.textAlign = "right";
    ctx.fillText(this.projection?.name ?? "", size.width - 0.8 * em, size.height - em);
  }
}

const patterns = new Map();

/** Thin diagonal lines: no data, told from every colour. */
function hatch(ctx, theme) {
  if (!patterns.has(theme.hatch)) {
    const tile = document.createElement("canvas");
    tile.width = 8;
    tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = theme.hatch;
    pen.lineWidth = 1;
    pen.beginPath();
    for (const at of [-8, 0, 8]) {
      pen.moveTo(at - 1, 9);
      pen.lineTo(at + 9, -1);
    }
    pen.stroke();
    patterns.set(theme.hatch, ctx.createPattern(tile, "repeat"));
  }
  return patterns.get(theme.hatch);
}
