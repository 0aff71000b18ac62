//! Well-known binary (OGC 06-103r4, clause 8), little-endian.

const POINT: u32 = 1;
const POLYGON: u32 = 3;
const MULTI_POLYGON: u32 = 6;

pub(crate) fn point([lon, lat]: [f64; 2]) -> Vec<u8> {
    let mut out = head(POINT);
    out.extend(lon.to_le_bytes());
    out.extend(lat.to_le_bytes());
    out
}

/// A multipolygon of polygons of one ring each.
pub(crate) fn multi_polygon(rings: &[Vec<[f64; 2]>]) -> Vec<u8> {
    let mut out = head(MULTI_POLYGON);
    out.extend(count(rings.len()));
    for ring in rings {
        out.extend(polygon(ring));
    }
    out
}

/// A polygon of one ring.
pub(crate) fn polygon(ring: &[[f64; 2]]) -> Vec<u8> {
    let mut out = head(POLYGON);
    out.extend(count(1));
    out.extend(count(ring.len()));
    for place in ring.iter().flatten() {
        out.extend(place.to_le_bytes());
    }
    out
}

fn head(kind: u32) -> Vec<u8> {
    let mut out = vec![1];
    out.extend(kind.to_le_bytes());
    out
}

fn count(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Python: `shapely.to_wkb(shapely.Point(1, 2), hex=True)`.
    #[test]
    fn a_point() {
        let hex: String = point([1.0, 2.0]).iter().map(|byte| format!("{byte:02X}")).collect();
        assert_eq!(hex, "0101000000000000000000F03F0000000000000040");
    }

    #[test]
    fn polygons() {
        let ring = vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]];
        let one = polygon(&ring);
        assert_eq!((one.len(), one[1]), (1 + 4 + 4 + 4 + 64, 3));
        let two = multi_polygon(&[ring.clone(), ring]);
        assert_eq!((two.len(), two[1], two[5]), (9 + 2 * one.len(), 6, 2));
    }
}
