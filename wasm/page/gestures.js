// Hands on the map: pointer, wheel, fingers, keys.

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 60; // pixels that a key moves the map

/** Wires a canvas to a map; `point(cell)` is told the cell in question, `repaint()` that the view has changed. */
export function attach(canvas, map, { point, repaint }) {
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const fingers = new Map();
  let dragged = 0;

  canvas.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, at(event));
    dragged = 0;
    if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
    else point(map.hit(...at(event)));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!map.view) return;
    const now = at(event);
    const before = fingers.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") point(map.hit(...now));
      return;
    }
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    if (others.length === 1) {
      const other = others[0][1];
      const spread = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      map.view.zoom(spread(now) / Math.max(1, spread(before)), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2]);
      map.view.pan(dx / 2, dy / 2);
    } else if (event.pointerType === "mouse") {
      dragged += Math.abs(dx) + Math.abs(dy);
      if (dragged > 4) map.view.pan(dx, dy);
    }
    fingers.set(event.pointerId, now);
    repaint();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  canvas.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse" && fingers.size === 0 && document.activeElement !== canvas) point(-1);
  });
  canvas.addEventListener("wheel", (event) => {
    // The page scrolls as everywhere; with Ctrl (or a pinch) the map zooms.
    if (!map.view || !(event.ctrlKey || event.metaKey || document.activeElement === canvas)) return;
    event.preventDefault();
    map.view.zoom(Math.exp(-event.deltaY * 0.0022), at(event));
    repaint();
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    if (!map.geometry || event.ctrlKey || event.metaKey) return;
    const { left, top, width, height } = map.view.frame;
    const centre = [left + width / 2, top + height / 2];
    const direction = KEYS[event.key];
    if (direction && event.shiftKey) map.view.pan(-STEP * direction[0], -STEP * direction[1]);
    else if (direction) point(map.neighbour(direction, !event.altKey));
    else if (event.key === "+" || event.key === "=") map.view.zoom(1.5, centre);
    else if (event.key === "-") map.view.zoom(1 / 1.5, centre);
    else if (event.key === "0") map.view.reset();
    else if (event.key === "Escape") point(-1);
    else return;
    event.preventDefault();
    repaint();
  });
}
