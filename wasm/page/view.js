// From metres of a projection to pixels of a frame, and back.

/** Where the map is looked at: a centre in metres and metres per pixel, y upwards in metres and downwards in pixels. */
export class View {
  constructor(frame, [left, bottom, right, top]) {
    this.frame = frame;
    this.home = [left, bottom, right, top];
    this.reset();
  }

  reset() {
    const [left, bottom, right, top] = this.home;
    const { width, height } = this.frame;
    this.centre = [(left + right) / 2, (bottom + top) / 2];
    this.scale = Math.max((right - left) / width, (top - bottom) / height) * 1.06 || 1;
    this.widest = this.scale * 4;
  }

  /** The same view in another frame. */
  fit(frame) {
    const zoom = this.scale / this.homeScale();
    this.frame = frame;
    this.scale = this.homeScale() * zoom;
    this.widest = this.homeScale() * 4;
  }

  homeScale() {
    const [left, bottom, right, top] = this.home;
    return Math.max((right - left) / this.frame.width, (top - bottom) / this.frame.height) * 1.06 || 1;
  }

  pixel(x, y) {
    const { left, top, width, height } = this.frame;
    return [left + width / 2 + (x - this.centre[0]) / this.scale, top + height / 2 - (y - this.centre[1]) / this.scale];
  }

  metres(px, py) {
    const { left, top, width, height } = this.frame;
    return [this.centre[0] + (px - left - width / 2) * this.scale, this.centre[1] - (py - top - height / 2) * this.scale];
  }

  /** Magnifies around a pixel; never further out than four times the cell. */
  zoom(factor, [px, py]) {
    const [x, y] = this.metres(px, py);
    this.scale = Math.min(this.widest, Math.max(this.homeScale() / 64, this.scale / factor));
    const [x2, y2] = this.metres(px, py);
    this.centre = [this.centre[0] + x - x2, this.centre[1] + y - y2];
    this.hold();
  }

  pan(dx, dy) {
    this.centre = [this.centre[0] - dx * this.scale, this.centre[1] + dy * this.scale];
    this.hold();
  }

  /** The cell stays within reach. */
  hold() {
    const [left, bottom, right, top] = this.home;
    this.centre = [Math.min(right, Math.max(left, this.centre[0])), Math.min(top, Math.max(bottom, this.centre[1]))];
  }
}
