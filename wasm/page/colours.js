// Colour maps laid out in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020), where equal
// distances look about equal: lightness alone distinguishes values, so they read in grey and with any colour vision.

// Control points of Bézier curves in OKLab's plane of hues, as [chroma, hue in degrees].
const MAPS = {
  dusk: { label: "Dusk", lightness: (t) => 0.24 + 0.69 * t, points: [[0.1, 300], [0.14, 275], [0.15, 215], [0.15, 160], [0.175, 108]] },
  ember: { label: "Ember", lightness: (t) => 0.22 + 0.7 * t, points: [[0.07, 290], [0.17, 330], [0.22, 20], [0.17, 60], [0.1, 95]] },
  ice: { label: "Ice", lightness: (t) => 0.27 + 0.68 * t, points: [[0.09, 275], [0.13, 255], [0.1, 225], [0.05, 205], [0.015, 200]] },
};
const BLUE = [[0, 0], [0.11, 235], [0.1, 262]];
const BROWN = [[0, 0], [0.11, 75], [0.12, 40]];

/** Names and labels of the colour maps. */
export const colourMaps = [...Object.entries(MAPS).map(([name, { label }]) => [name, label]), ["diverge", "Diverging"]];

const tables = new Map();

/** 256 colours of a map, as `rgb()` text. */
export function colours(name) {
  if (!tables.has(name)) {
    tables.set(name, Array.from({ length: 256 }, (_, i) => `rgb(${colour(name, i / 255).join(" ")})`));
  }
  return tables.get(name);
}

function colour(name, t) {
  if (name === "diverge") {
    const arm = Math.abs(2 * t - 1);
    return srgb(0.965 - 0.605 * arm ** 1.15, bezier(t < 0.5 ? BLUE : BROWN, arm));
  }
  const { lightness, points } = MAPS[name] ?? MAPS.dusk;
  return srgb(lightness(t), bezier(points, t));
}

// A point of the curve, by repeated linear interpolation (de Casteljau).
function bezier(points, t) {
  let ab = points.map(([chroma, hue]) => {
    const angle = (hue * Math.PI) / 180;
    return [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  });
  while (ab.length > 1) {
    ab = ab.slice(1).map((next, i) => [0, 1].map((k) => ab[i][k] + (next[k] - ab[i][k]) * t));
  }
  return ab[0];
}

// OKLab to sRGB, with the matrices of the publication; IEC 61966-2-1 to eight bits.
function srgb(lightness, [a, b]) {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((linear) => {
    const x = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055));
  });
}
