// Files to take home.
import { zip } from "./zip.js";

function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The table of children, as the command writes it. */
export const saveCsv = ({ parent, csv }) => save(`${parent}.csv`, new Blob([csv], { type: "text/csv" }));

/** The store as a zip; unpacked, it is what the command writes. */
export const saveZarr = ({ parent, objects }) =>
  save(`${parent}.zarr.zip`, zip(objects.map(([key, bytes]) => [`${parent}.zarr/${key}`, bytes])));

/** Cells with data as polygons (RFC 7946); ids as text, because they exceed what a JSON number holds. */
export function saveGeojson({ parent, geometry, columns }) {
  const counts = columns.find(({ name }) => name === "count")?.values ?? [];
  const features = [];
  for (let cell = 0; cell < geometry.ids.length; cell += 1) {
    if (!(counts[cell] > 0)) continue;
    const ring = [0, 1, 2, 3, 0].map((k) => [...geometry.corners.subarray(8 * cell + 2 * k, 8 * cell + 2 * k + 2)].map(degrees));
    const properties = { morton: String(geometry.morton[cell]), cell_id: String(geometry.ids[cell]) };
    for (const { name, values } of columns) properties[name] = Number.isFinite(values[cell]) ? values[cell] : null;
    features.push({ type: "Feature", geometry: { type: "Polygon", coordinates: [ring] }, properties });
  }
  const text = JSON.stringify({ type: "FeatureCollection", features });
  save(`${parent}.geojson`, new Blob([text], { type: "application/geo+json" }));
}

const degrees = (value) => Math.round(value * 1e9) / 1e9;

/** The map as a picture. */
export function savePng({ parent }, variable, canvas) {
  canvas.toBlob((blob) => save(`${parent}_${variable}.png`, blob), "image/png");
}
