//! Round numbers for axes, and how they are written.

use crate::{Scale, ValueRange};

/// Places and labels along an axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticks {
    /// Value and label, ascending.
    pub(crate) marks: Vec<(f64, String)>,
    /// A power of ten common to the labels, such as `×10⁻³`.
    pub(crate) factor: Option<String>,
}

impl Ticks {
    /// At most about `wanted` ticks within the limits.
    pub(crate) fn new(limits: ValueRange, scale: Scale, wanted: f64) -> Self {
        match scale {
            Scale::Linear => Self::linear(limits, wanted),
            Scale::Log => Self::log(limits, wanted),
        }
    }

    fn linear(limits: ValueRange, wanted: f64) -> Self {
        let values = nice_values(limits.low(), limits.high(), wanted);
        let step = nice_step((limits.high() - limits.low()) / wanted);
        let largest = limits.low().abs().max(limits.high().abs());
        if (1e-2..1e6).contains(&largest) {
            let decimals = decimals(step);
            return Self { marks: values.iter().map(|&v| (v, number(v, decimals))).collect(), factor: None };
        }
        let exponent = largest.log10().floor();
        let unit = 10_f64.powf(exponent);
        let decimals = decimals(step / unit);
        let marks = values.iter().map(|&v| (v, number(v / unit, decimals))).collect();
        Self { marks, factor: Some(format!("×10{}", superscript(exponent))) }
    }

    fn log(limits: ValueRange, wanted: f64) -> Self {
        let (low, high) = (limits.low().log10(), limits.high().log10());
        if high - low < 1.0 {
            return Self::linear(limits, wanted);
        }
        let mantissas: &[f64] = if (high - low) * 3.0 <= wanted * 1.3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let stride = ((high - low) / wanted).ceil().max(1.0);
        let mut marks = Vec::new();
        let mut decade = (low / stride).floor() * stride;
        while decade <= high {
            for mantissa in mantissas {
                let value = mantissa * 10_f64.powf(decade);
                // A hair of tolerance: a limit that is itself a tick keeps it.
                if value.log10() >= low - 1e-9 && value.log10() <= high + 1e-9 {
                    marks.push((value, power(*mantissa, decade)));
                }
            }
            decade += stride;
        }
        Self { marks, factor: None }
    }
}

/// The least of 1, 2, 5 times a power of ten that is no less than a positive number.
pub(crate) fn nice_step(least: f64) -> f64 {
    let unit = 10_f64.powf(least.log10().floor());
    let mantissa = least / unit;
    let nice = [1.0, 2.0, 5.0].into_iter().find(|nice| mantissa <= nice * (1.0 + 1e-9));
    nice.unwrap_or(10.0) * unit
}

/// Multiples of a nice step within `low..=high`, about `wanted` of them or fewer.
pub(crate) fn nice_values(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    multiples(low, high, nice_step((high - low) / wanted))
}

/// Multiples of a step within `low..=high`, a thousand at most.
pub(crate) fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-9).ceil();
    let mut values = Vec::new();
    let mut index = 0.0;
    while (first + index) * step <= high + step * 1e-9 && index < 1000.0 {
        // `+ 0.0` turns -0 into 0.
        values.push((first + index) * step + 0.0);
        index += 1.0;
    }
    values
}

/// Digits behind the point that a multiple of the step needs.
pub(crate) fn decimals(step: f64) -> usize {
    let mut digits = 0;
    let mut scaled = step;
    while digits < 12 && (scaled - scaled.round()).abs() > 1e-6 * scaled {
        digits += 1;
        scaled *= 10.0;
    }
    digits
}

/// A number with a true minus sign, and thousands set apart from 10 000 on.
pub(crate) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
        out.push('−');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && whole.len() > 4 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// `mantissa * 10^decade`, in full where that is short.
fn power(mantissa: f64, decade: f64) -> String {
    if (-3.0..=4.0).contains(&decade) {
        let value = mantissa * 10_f64.powf(decade);
        return number(value, if decade < 0.0 { decimals(10_f64.powf(decade)) } else { 0 });
    }
    let prefix = if mantissa > 1.0 { format!("{mantissa:.0}×") } else { String::new() };
    format!("{prefix}10{}", superscript(decade))
}

fn superscript(exponent: f64) -> String {
    let raise = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => digit.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(digit),
    };
    format!("{exponent:.0}").chars().map(raise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, scale: Scale) -> Vec<String> {
        Ticks::new(ValueRange::new(low, high).unwrap(), scale, 6.0).marks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn nice_steps() {
        for (least, nice) in [(1.0, 1.0), (1.1, 2.0), (2.0, 2.0), (3.0, 5.0), (7.0, 10.0), (0.03, 0.05), (180.0, 200.0)]
        {
            assert!((nice_step(least) / nice - 1.0).abs() < 1e-9, "{least}");
        }
    }

    #[test]
    fn linear_labels() {
        assert_eq!(labels(3101.3, 3124.8, Scale::Linear), ["3105", "3110", "3115", "3120"]);
        assert_eq!(labels(-0.3, 0.3, Scale::Linear), ["−0.3", "−0.2", "−0.1", "0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(
            labels(9000.0, 12000.0, Scale::Linear),
            ["9000", "9500", "10,000", "10,500", "11,000", "11,500", "12,000"]
        );
        let tiny = Ticks::new(ValueRange::new(0.0, 2.2e-5).unwrap(), Scale::Linear, 6.0);
        assert_eq!(tiny.factor.as_deref(), Some("×10⁻⁵"));
        assert_eq!(
            tiny.marks.iter().map(|mark| mark.1.as_str()).collect::<Vec<_>>(),
            ["0.0", "0.5", "1.0", "1.5", "2.0"]
        );
    }

    #[test]
    fn logarithmic_labels() {
        assert_eq!(labels(1.0, 80.0, Scale::Log), ["1", "2", "5", "10", "20", "50"]);
        assert_eq!(labels(0.5, 2000.0, Scale::Log), ["1", "10", "100", "1000"]);
        assert_eq!(labels(1e-6, 1e-1, Scale::Log), ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1"]);
        assert_eq!(labels(1e-9, 1e9, Scale::Log).len(), 7);
    }
}
