//! Polygons cut to a rectangle (Sutherland and Hodgman, Communications of the ACM 17, 1974).

use crate::layout::Rect;

/// The part of a closed polygon inside the rectangle, its cut edges running along the rectangle's.
pub(crate) fn clip(polygon: &[[f64; 2]], frame: Rect) -> Vec<[f64; 2]> {
    let sides = [(0, 1.0, frame.left), (0, -1.0, frame.right), (1, 1.0, frame.top), (1, -1.0, frame.bottom)];
    let mut points: Vec<[f64; 2]> = polygon.iter().copied().filter(|p| p.iter().all(|x| x.is_finite())).collect();
    for (axis, sign, bound) in sides {
        let depth = |p: [f64; 2]| sign * (p[axis] - bound);
        let Some(&last) = points.last() else { break };
        let mut from = last;
        let mut cut = Vec::with_capacity(points.len() + 4);
        for &to in &points {
            let (a, b) = (depth(from), depth(to));
            if (a < 0.0) != (b < 0.0) {
                let t = a / (a - b);
                cut.push([0, 1].map(|i| from[i] + (to[i] - from[i]) * t));
            }
            if b >= 0.0 {
                cut.push(to);
            }
            from = to;
        }
        points = cut;
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_goes() {
        let frame = Rect { left: 0.0, top: 0.0, right: 10.0, bottom: 10.0 };
        let inside = vec![[1.0, 1.0], [2.0, 1.0], [2.0, 2.0]];
        assert_eq!(clip(&inside, frame), inside);
        assert!(clip(&[[20.0, 1.0], [22.0, 1.0], [22.0, 2.0]], frame).is_empty());
        let around = clip(&[[-5.0, -5.0], [15.0, -5.0], [15.0, 15.0], [-5.0, 15.0]], frame);
        assert_eq!(around.len(), 4);
        assert!(around.iter().all(|p| frame.contains(*p)));
        assert!(clip(&[], frame).is_empty());
    }
}
