// Map projections on the WGS 84 ellipsoid (J. P. Snyder, Map Projections: A Working Manual, USGS PP 1395, 1987).

const A = 6378137;
const E = 0.08181919084262149;
const RADIAN = Math.PI / 180;

/** Degrees of longitude brought into -180 (included) to 180. */
export const wrap = (degrees) => ((((degrees + 180) % 360) + 360) % 360) - 180;

/** The projection for an area around a point: polar beyond 60 degrees, else plain with that centre. */
export function projectionFor(lon, lat) {
  if (lat <= -60) return polar("EPSG:3031", -1, 71, 0);
  if (lat >= 60) return polar("EPSG:3413", 1, 70, -45);
  return plain(lon, lat);
}

// Equation 15-9: the tangent of half the colatitude, on the conformal sphere.
function halfAngle(phi) {
  const es = E * Math.sin(phi);
  return Math.tan((Math.PI / 2 - phi) / 2) / ((1 - es) / (1 + es)) ** (E / 2);
}

// Equation 14-15: the radius of a parallel over the semi-major axis.
function parallel(phi) {
  const es = E * Math.sin(phi);
  return Math.cos(phi) / Math.sqrt(1 - es * es);
}

// Polar stereographic (chapter 21), with the pole at the origin. `sign` is 1 in the north, -1 in the south.
function polar(name, sign, trueScale, meridian) {
  const scale = (A * parallel(trueScale * RADIAN)) / halfAngle(trueScale * RADIAN);
  const radius = (lat) => scale * halfAngle(sign * lat * RADIAN);
  return {
    name,
    pole: sign * 90,
    forward(lon, lat) {
      const [r, angle] = [radius(lat), (lon - meridian) * RADIAN];
      return [r * Math.sin(angle), -sign * r * Math.cos(angle)];
    },
    inverse(x, y) {
      const t = Math.hypot(x, y) / scale;
      // Equation 7-9, iterated.
      let phi = Math.PI / 2 - 2 * Math.atan(t);
      for (let i = 0; i < 8; i += 1) {
        const es = E * Math.sin(phi);
        phi = Math.PI / 2 - 2 * Math.atan(t * ((1 - es) / (1 + es)) ** (E / 2));
      }
      return [wrap(meridian + Math.atan2(x, -sign * y) / RADIAN), (sign * phi) / RADIAN];
    },
    // Equation 21-32, away from the pole itself.
    scaleFactor(lat) {
      const phi = Math.min(sign * lat, 89.999) * RADIAN;
      return (scale * halfAngle(phi)) / (A * parallel(phi));
    },
  };
}

// Equirectangular on a sphere, true along one parallel; longitudes within 180 degrees of the centre.
function plain(lon0, lat0) {
  const shrink = Math.cos(lat0 * RADIAN);
  return {
    name: "equirectangular",
    pole: null,
    forward: (lon, lat) => [A * wrap(lon - lon0) * RADIAN * shrink, A * (lat - lat0) * RADIAN],
    inverse: (x, y) => [wrap(lon0 + x / (A * shrink) / RADIAN), lat0 + y / A / RADIAN],
    scaleFactor: (lat) => shrink / Math.cos(lat * RADIAN),
  };
}
