//! Filter 32018, FCIDECOMP: one JPEG-LS image (ITU-T T.87) per chunk, as EUMETSAT's FCI products use it. One component,
//! lossless or near-lossless; section and variable names of T.87 in the comments.

use super::Fault;
use super::cursor::Cursor;

/// Undoes the filter; client data word 0 is the number of bytes a sample takes in the dataset.
pub(crate) fn decode(words: &[u32], data: &[u8], limit: usize) -> Result<Vec<u8>, Fault> {
    let (params, scan) = Params::read(data)?;
    let bytes = match (words.first(), params.precision) {
        (Some(1), 2..=8) => 1,
        (Some(2), 2..=16) => 2,
        _ => return Err(Fault::corrupt("sample size")),
    };
    let total = params.width.checked_mul(params.height).and_then(|n| n.checked_mul(bytes));
    let total = total.filter(|&n| n <= limit).ok_or(Fault::TooLarge)?;
    let mut out = Vec::new();
    let mut decoder = Decoder::new(&params, scan);
    let (mut above, mut line) = (vec![0; params.width + 2], vec![0; params.width + 2]);
    for _ in 0..params.height {
        decoder.line(&above, &mut line)?;
        let samples = line.iter().skip(1).take(params.width);
        if bytes == 1 {
            out.extend(samples.map(|s| s.to_le_bytes()[0]));
        } else {
            out.extend(samples.flat_map(|s| [s.to_le_bytes()[0], s.to_le_bytes()[1]]));
        }
        std::mem::swap(&mut above, &mut line);
    }
    if out.len() == total { Ok(out) } else { Err(Fault::truncated()) }
}

/// Frame, scan and preset parameters (annex C).
struct Params {
    precision: u32,
    width: usize,
    height: usize,
    near: i32,
    max_value: i32,
    thresholds: [i32; 3],
    reset: i32,
}

impl Params {
    /// Parses the marker segments up to the scan; what follows is entropy-coded data.
    fn read(data: &[u8]) -> Result<(Self, &[u8]), Fault> {
        let mut input = Cursor::new(data);
        if input.u16_be()? != 0xffd8 {
            return Err(Fault::corrupt("not a JPEG-LS image"));
        }
        let (mut frame, mut preset) = (None, [0; 5]);
        loop {
            let marker = input.u16_be()?;
            let len = usize::from(input.u16_be()?);
            let mut segment = Cursor::new(input.take(len.saturating_sub(2))?);
            match marker {
                // SOF55: precision, lines, samples per line, component count.
                0xfff7 => {
                    let (precision, height, width) = (segment.u8()?, segment.u16_be()?, segment.u16_be()?);
                    if segment.u8()? != 1 {
                        return Err(Fault::Unsupported("more than one component"));
                    }
                    frame = Some((u32::from(precision), usize::from(height), usize::from(width)));
                }
                // LSE, id 1: preset coding parameters.
                0xfff8 if segment.u8()? == 1 => {
                    for value in &mut preset {
                        *value = i32::from(segment.u16_be()?);
                    }
                }
                0xfff8 => return Err(Fault::Unsupported("mapping tables")),
                // SOS: one component, its id and table, NEAR, interleave mode, point transform.
                0xffda => {
                    let [count, _, table, near, _, transform] = segment.array()?;
                    if count != 1 || table != 0 || transform != 0 {
                        return Err(Fault::Unsupported("scan parameters"));
                    }
                    let (precision, height, width) = frame.ok_or(Fault::corrupt("scan before frame"))?;
                    if !(2..=16).contains(&precision) || width == 0 || height == 0 {
                        return Err(Fault::corrupt("frame parameters"));
                    }
                    let [max_value, t1, t2, t3, reset] = preset;
                    let max_value = if max_value == 0 { (1 << precision) - 1 } else { max_value };
                    let near = i32::from(near);
                    let mut params =
                        Self { precision, width, height, near, max_value, thresholds: [t1, t2, t3], reset };
                    params.fill_defaults()?;
                    return Ok((params, input.rest()));
                }
                0xffe0..=0xffef | 0xfffe => {}
                _ => return Err(Fault::corrupt("unexpected marker")),
            }
        }
    }

    /// C.2.4.1.1: thresholds and RESET that are 0 take their defaults.
    fn fill_defaults(&mut self) -> Result<(), Fault> {
        let (max, near) = (self.max_value, self.near);
        if max < 1 || max >= 1 << self.precision || near > max / 2 {
            return Err(Fault::corrupt("MAXVAL or NEAR"));
        }
        let clamp = |value: i32, low: i32| if value > max || value < low { low } else { value };
        let default = |base: i32, widen: i32, low: i32| {
            if max >= 128 {
                let factor = (max.min(4095) + 128) / 256;
                clamp(factor * (base - widen) + widen + (2 * widen - 1) * near, low)
            } else {
                let factor = 256 / (max + 1);
                clamp((base / factor + (2 * widen - 1) * near).max(widen), low)
            }
        };
        let [t1, t2, t3] = self.thresholds;
        let t1 = if t1 == 0 { default(3, 2, near + 1) } else { t1 };
        let t2 = if t2 == 0 { default(7, 3, t1) } else { t2 };
        let t3 = if t3 == 0 { default(21, 4, t2) } else { t3 };
        self.thresholds = [t1, t2, t3];
        if self.reset == 0 {
            self.reset = 64;
        }
        if !(near < t1 && t1 <= t2 && t2 <= t3 && t3 <= max && (3..=max.max(255)).contains(&self.reset)) {
            return Err(Fault::corrupt("preset parameters"));
        }
        Ok(())
    }
}

/// Statistics of one context (A.2.1): sums of errors and magnitudes, bias correction, count; `nn` of run contexts.
#[derive(Clone, Copy)]
struct Stats {
    a: i32,
    b: i32,
    c: i32,
    n: i32,
    nn: i32,
}

impl Stats {
    /// A.5.1: the Golomb parameter.
    fn golomb(&self, a: i32) -> u32 {
        (0..31).find(|&k| i64::from(self.n) << k >= i64::from(a)).unwrap_or(31)
    }
}

/// J of A.2.1: log2 of run segment lengths.
const RUN_ORDERS: [u32; 32] =
    [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

struct Decoder<'a> {
    params: &'a Params,
    bits: Bits<'a>,
    /// RANGE, qbpp and LIMIT of A.2.1.
    range: i32,
    value_bits: u32,
    limit: u32,
    regular: Vec<Stats>,
    run: [Stats; 2],
    run_index: usize,
}

impl<'a> Decoder<'a> {
    fn new(params: &'a Params, scan: &'a [u8]) -> Self {
        let range = (params.max_value + 2 * params.near) / (2 * params.near + 1) + 1;
        let ceil_log2 = |n: i32| 32 - (n - 1).max(0).leading_zeros();
        let bits_per_sample = ceil_log2(params.max_value + 1).max(2);
        let start = Stats { a: ((range + 32) / 64).max(2), b: 0, c: 0, n: 1, nn: 0 };
        Self {
            params,
            bits: Bits { rest: scan, window: 0, valid: 0, after_ff: false },
            range,
            value_bits: ceil_log2(range),
            limit: 2 * (bits_per_sample + bits_per_sample.max(8)),
            regular: vec![start; 365],
            run: [start; 2],
            run_index: 0,
        }
    }

    /// Decodes one line. Lines have a sample before and after: Rc of the line above at the start, Rb at the end (A.2.1).
    fn line(&mut self, above: &[i32], line: &mut [i32]) -> Result<(), Fault> {
        let width = self.params.width;
        let sample = |line: &[i32], at: usize| line.get(at).copied().unwrap_or(0);
        // The sample left of the line is the first one above; the one left of that is the first of the line before it.
        if let Some(first) = line.first_mut() {
            *first = sample(above, 1);
        }
        let right_of_above = |at: usize| sample(above, (at + 1).min(width));
        let mut at = 1;
        while at <= width {
            let (ra, rb, rc, rd) = (sample(line, at - 1), sample(above, at), sample(above, at - 1), right_of_above(at));
            let gradients = [self.quantize(rd - rb), self.quantize(rb - rc), self.quantize(rc - ra)];
            if gradients == [0; 3] {
                let run = self.run_length(width + 1 - at)?;
                line.get_mut(at..at + run).unwrap_or_default().fill(ra);
                at += run;
                if at <= width {
                    let value = self.run_end(ra, sample(above, at))?;
                    set(line, at, value);
                    at += 1;
                }
            } else {
                let value = self.regular_sample(gradients, ra, rb, rc)?;
                set(line, at, value);
                at += 1;
            }
        }
        Ok(())
    }

    /// A.3.3: gradient to one of nine regions.
    fn quantize(&self, d: i32) -> i32 {
        let [t1, t2, t3] = self.params.thresholds;
        let magnitude = match d.abs() {
            m if m >= t3 => 4,
            m if m >= t2 => 3,
            m if m >= t1 => 2,
            m if m > self.params.near => 1,
            _ => 0,
        };
        if d < 0 { -magnitude } else { magnitude }
    }

    /// A.4, A.5, A.6: prediction with bias correction, error, update.
    fn regular_sample(&mut self, [q1, q2, q3]: [i32; 3], ra: i32, rb: i32, rc: i32) -> Result<i32, Fault> {
        let signed = (q1 * 9 + q2) * 9 + q3;
        let sign = if signed < 0 { -1 } else { 1 };
        let index = usize::try_from(signed.abs()).unwrap_or(0);
        let mut stats = self.regular.get(index).copied().ok_or(Fault::corrupt("context"))?;
        let edge = if rc >= ra.max(rb) {
            ra.min(rb)
        } else if rc <= ra.min(rb) {
            ra.max(rb)
        } else {
            ra + rb - rc
        };
        let predicted = (edge + sign * stats.c).clamp(0, self.params.max_value);
        let k = stats.golomb(stats.a);
        let mapped = self.code(k, self.limit)?;
        let mut error = if mapped & 1 == 0 { mapped >> 1 } else { -(mapped >> 1) - 1 };
        // A.5.2: with k = 0 and a strongly negative bias the mapping is inverted.
        if self.params.near == 0 && k == 0 && 2 * stats.b <= -stats.n {
            error = -error - 1;
        }
        self.update(&mut stats, error)?;
        if let Some(slot) = self.regular.get_mut(index) {
            *slot = stats;
        }
        Ok(self.reconstruct(predicted, sign * error))
    }

    fn update(&self, stats: &mut Stats, error: i32) -> Result<(), Fault> {
        let step = 2 * self.params.near + 1;
        stats.b = stats.b.checked_add(error.saturating_mul(step)).ok_or(Fault::corrupt("error sum"))?;
        stats.a = stats.a.checked_add(error.saturating_abs()).ok_or(Fault::corrupt("error sum"))?;
        if stats.n == self.params.reset {
            stats.a >>= 1;
            stats.b >>= 1;
            stats.n >>= 1;
        }
        stats.n += 1;
        if stats.b <= -stats.n {
            stats.b = (stats.b + stats.n).max(1 - stats.n);
            stats.c = (stats.c - 1).max(-128);
        } else if stats.b > 0 {
            stats.b = (stats.b - stats.n).min(0);
            stats.c = (stats.c + 1).min(127);
        }
        Ok(())
    }

    /// A.4.5: prediction plus error, modulo the range.
    fn reconstruct(&self, predicted: i32, error: i32) -> i32 {
        let (near, max) = (self.params.near, self.params.max_value);
        let step = 2 * near + 1;
        let span = self.range * step;
        let mut value = predicted.saturating_add(error.saturating_mul(step));
        if value < -near {
            value = value.saturating_add(span);
        } else if value > max + near {
            value = value.saturating_sub(span);
        }
        value.clamp(0, max)
    }

    /// A.7.1: length of a run, at most `left`.
    fn run_length(&mut self, left: usize) -> Result<usize, Fault> {
        let mut run = 0;
        loop {
            let order = RUN_ORDERS.get(self.run_index).copied().unwrap_or(15);
            if self.bits.bit()? {
                let segment = 1 << order;
                if run + segment <= left {
                    run += segment;
                    self.run_index = (self.run_index + 1).min(31);
                } else {
                    run = left;
                }
                if run == left {
                    return Ok(run);
                }
            } else {
                run += self.bits.read(order)? as usize;
                return if run < left { Ok(run) } else { Err(Fault::corrupt("a run leaves its line")) };
            }
        }
    }

    /// A.7.2: the sample that ends a run.
    fn run_end(&mut self, ra: i32, rb: i32) -> Result<i32, Fault> {
        let near = self.params.near;
        let flat = (ra - rb).abs() <= near;
        let which = usize::from(flat);
        let mut stats = self.run.get(which).copied().ok_or(Fault::corrupt("context"))?;
        let temp = if flat { stats.a + (stats.n >> 1) } else { stats.a };
        let k = stats.golomb(temp);
        let order = RUN_ORDERS.get(self.run_index).copied().unwrap_or(15);
        let mapped = self.code(k, self.limit.saturating_sub(order + 1))?;
        self.run_index = self.run_index.saturating_sub(1);
        // EMErrval = 2 |Errval| - RItype - map
        let sum = mapped + i32::from(flat);
        let (map, magnitude) = (sum & 1 == 1, (sum + 1) >> 1);
        let positive_maps = k == 0 && 2 * stats.nn < stats.n;
        let error = if map == positive_maps { magnitude } else { -magnitude };
        if error < 0 {
            stats.nn += 1;
        }
        let grown = (mapped + 1 - i32::from(flat)) >> 1;
        stats.a = stats.a.checked_add(grown).ok_or(Fault::corrupt("error sum"))?;
        if stats.n == self.params.reset {
            stats.a >>= 1;
            stats.n >>= 1;
            stats.nn >>= 1;
        }
        stats.n += 1;
        if let Some(slot) = self.run.get_mut(which) {
            *slot = stats;
        }
        let (predicted, sign) = if flat { (ra, 1) } else { (rb, if ra > rb { -1 } else { 1 }) };
        Ok(self.reconstruct(predicted, sign * error))
    }

    /// A.5.3: a limited-length Golomb code.
    fn code(&mut self, k: u32, limit: u32) -> Result<i32, Fault> {
        let escape = limit.saturating_sub(self.value_bits + 1);
        let mut high = 0;
        while !self.bits.bit()? {
            high += 1;
            if high > escape {
                return Err(Fault::corrupt("code too long"));
            }
        }
        let value = if high < escape {
            u64::from(high) << k | u64::from(self.bits.read(k)?)
        } else {
            u64::from(self.bits.read(self.value_bits)?) + 1
        };
        // Mapped errors are below twice the range, and the range is at most 65,536.
        i32::try_from(value).ok().filter(|&v| v < 1 << 20).ok_or(Fault::corrupt("code out of range"))
    }
}

fn set(line: &mut [i32], at: usize, value: i32) {
    if let Some(slot) = line.get_mut(at) {
        *slot = value;
    }
}

/// Entropy-coded bits, most significant first; after a byte 0xff the next one carries seven bits (A.1).
struct Bits<'a> {
    rest: &'a [u8],
    window: u64,
    valid: u32,
    after_ff: bool,
}

impl Bits<'_> {
    fn read(&mut self, n: u32) -> Result<u32, Fault> {
        while self.valid < n {
            let (&byte, rest) = self.rest.split_first().ok_or(Fault::truncated())?;
            let width = if self.after_ff { 7 } else { 8 };
            if self.after_ff && byte >= 0x80 {
                return Err(Fault::truncated());
            }
            self.window = self.window << width | u64::from(byte);
            self.valid += width;
            self.after_ff = byte == 0xff;
            self.rest = rest;
        }
        self.valid -= n;
        let value = self.window >> self.valid & ((1 << n) - 1);
        u32::try_from(value).map_err(|_| Fault::corrupt("bit field too wide"))
    }

    fn bit(&mut self) -> Result<bool, Fault> {
        Ok(self.read(1)? == 1)
    }
}
