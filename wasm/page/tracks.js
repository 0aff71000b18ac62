// Ground tracks across a cell.

/**
 * The line of a track across the parent, from the children that hold its rows in the order of flight: a parabola fitted
 * through their centres, which lies within a fraction of a child's width of the track. `centres` are x, y pairs.
 */
export function fit(children, centres) {
  const n = children.length;
  if (n < 3) return null;
  let [mx, my] = [0, 0];
  for (const child of children) {
    mx += centres[2 * child] / n;
    my += centres[2 * child + 1] / n;
  }
  let [xx, xy, yy] = [0, 0, 0];
  for (const child of children) {
    const [dx, dy] = [centres[2 * child] - mx, centres[2 * child + 1] - my];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const points = Array.from(children, (child) => {
    const [dx, dy] = [centres[2 * child] - mx, centres[2 * child + 1] - my];
    return [c * dx + s * dy, c * dy - s * dx];
  });
  const [from, to] = points.reduce(([a, b], [u]) => [Math.min(a, u), Math.max(b, u)], [Infinity, -Infinity]);
  const curve = n >= 12 ? parabola(points, Math.max(1, (to - from) / 2)) : () => 0;
  return Array.from({ length: 25 }, (_, i) => {
    const u = from + ((to - from) * i) / 24;
    const v = curve(u);
    return [mx + c * u - s * v, my + s * u + c * v];
  });
}

/** Least squares of v over 1, u, u^2, with u in units of `unit`. */
function parabola(points, unit) {
  const m = [0, 0, 0, 0, 0];
  const r = [0, 0, 0];
  for (const [u, v] of points) {
    const t = u / unit;
    let power = 1;
    for (let k = 0; k < 5; k += 1) {
      m[k] += power;
      if (k < 3) r[k] += power * v;
      power *= t;
    }
  }
  const det = (a, b, c, d, e, f, g, h, i) => a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const whole = det(m[0], m[1], m[2], m[1], m[2], m[3], m[2], m[3], m[4]);
  if (!(Math.abs(whole) > 1e-9)) return () => 0;
  const a = det(r[0], m[1], m[2], r[1], m[2], m[3], r[2], m[3], m[4]) / whole;
  const b = det(m[0], r[0], m[2], m[1], r[1], m[3], m[2], r[2], m[4]) / whole;
  const d = det(m[0], m[1], r[0], m[1], m[2], r[1], m[2], m[3], r[2]) / whole;
  return (u) => a + b * (u / unit) + d * (u / unit) ** 2;
}
