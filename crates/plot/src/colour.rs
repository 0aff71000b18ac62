//! Colours and colour maps, laid out in OKLab (B. Ottosson, "A perceptual color space for image processing", 2020), where
//! equal distances look about equal.

use std::fmt;

/// An sRGB colour; displays as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Colour(pub [u8; 3]);

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

/// A colour for every place on the colour bar. Lightness alone distinguishes the places (on both sides of the middle, in
/// the diverging map), so the maps also read in grey and with any colour vision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ColourMap {
    /// Dark violet over blue and green to light yellow: for quantities.
    #[default]
    Sequential,
    /// Blue over near-white to brown: for differences, with limits symmetric about zero.
    Diverging,
    /// Brown over near-white to blue: the same for trends, whose losses are drawn in warm colours.
    Losses,
}

/// Number of colours of a map.
pub(crate) const STEPS: u16 = 256;

impl ColourMap {
    /// The colour at a place 0 to 1; places beyond take the nearer end's.
    #[must_use]
    pub fn at(self, place: f64) -> Colour {
        let t = place.clamp(0.0, 1.0);
        match self {
            Self::Sequential => oklab(0.24 + 0.69 * t, bezier(&SEQUENTIAL, t)),
            Self::Losses => Self::Diverging.at(1.0 - t),
            Self::Diverging => {
                let arm = (2.0 * t - 1.0).abs();
                let hues = if t < 0.5 { &BLUE } else { &BROWN };
                oklab(0.965 - 0.605 * arm.powf(1.15), bezier(hues, arm))
            }
        }
    }

    /// The colour at a place, one of 256: few enough that cells of one colour can be drawn together.
    pub(crate) fn step(self, place: f64) -> Colour {
        let steps = f64::from(STEPS - 1);
        self.at((place * steps).round() / steps)
    }
}

// Control points of Bézier curves in OKLab's (a, b) plane, as chroma and hue in degrees. All points of the curves are
// within sRGB.
const SEQUENTIAL: [[f64; 2]; 5] = [[0.10, 300.0], [0.14, 275.0], [0.15, 215.0], [0.15, 160.0], [0.175, 108.0]];
const BLUE: [[f64; 2]; 3] = [[0.0, 0.0], [0.11, 235.0], [0.10, 262.0]];
const BROWN: [[f64; 2]; 3] = [[0.0, 0.0], [0.11, 75.0], [0.12, 40.0]];

/// A point of the curve, by repeated linear interpolation (de Casteljau).
fn bezier(points: &[[f64; 2]], t: f64) -> [f64; 2] {
    let mut ab: Vec<[f64; 2]> = points
        .iter()
        .map(|&[chroma, hue]| [chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin()])
        .collect();
    while ab.len() > 1 {
        ab = ab.windows(2).map(|w| [0, 1].map(|i| w[0][i] + (w[1][i] - w[0][i]) * t)).collect();
    }
    ab.first().copied().unwrap_or_default()
}

/// OKLab to sRGB, with the matrices of the publication.
fn oklab(lightness: f64, [a, b]: [f64; 2]) -> Colour {
    let l = lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b;
    let m = lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b;
    let s = lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b;
    let [l, m, s] = [l, m, s].map(|x| x * x * x);
    let linear = [
        4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
        -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
        -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
    ];
    Colour(linear.map(encode))
}

/// The transfer function of sRGB (IEC 61966-2-1), to eight bits.
fn encode(linear: f64) -> u8 {
    let x = linear.clamp(0.0, 1.0);
    let encoded = if x <= 0.003_130_8 { 12.92 * x } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 255")]
    let byte = (encoded * 255.0).round() as u8;
    byte
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2).
    fn luminance(colour: Colour) -> f64 {
        let linear = colour.0.map(|byte| {
            let x = f64::from(byte) / 255.0;
            if x <= 0.04045 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn the_sequential_map_brightens_all_the_way() {
        let brightness: Vec<f64> = (0..=64).map(|i| luminance(ColourMap::Sequential.at(f64::from(i) / 64.0))).collect();
        assert!(brightness.windows(2).all(|pair| pair[1] > pair[0]));
        assert!(brightness[0] < 0.02 && brightness[64] > 0.75);
    }

    #[test]
    fn the_diverging_map_is_symmetric_in_brightness_and_light_in_the_middle() {
        for i in 0..=32 {
            let place = f64::from(i) / 64.0;
            let [left, right] = [place, 1.0 - place].map(|p| luminance(ColourMap::Diverging.at(p)));
            assert!((left - right).abs() < 0.06, "{place}: {left} {right}");
        }
        assert!(luminance(ColourMap::Diverging.at(0.5)) > 0.88);
    }

    #[test]
    fn colours_display_as_hexadecimal() {
        assert_eq!(Colour([0, 128, 255]).to_string(), "#0080ff");
    }
}
