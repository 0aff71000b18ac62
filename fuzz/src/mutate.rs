//! A deterministic mutator, for the bounded run that needs no libFuzzer.
use crate::bodies::next;

/// Values that break what adds, multiplies, allocates or follows.
const ODD: [u64; 10] = [0, 1, 8, 0x7f, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 60, u64::MAX];

/// `seed` with one to eight changes, most of them in its first 4 KiB, where metadata tend to lie.
pub fn mutate(seed: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=below(state, 8) {
        change(&mut bytes, state);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, state: &mut u64) {
    let len = bytes.len();
    if len == 0 {
        return bytes.push(next(state) as u8);
    }
    let reach = if below(state, 3) == 0 { len } else { len.min(4096) };
    let at = below(state, reach);
    match below(state, 16) {
        0..=3 => bytes[at] = next(state) as u8,
        4..=6 => bytes[at] ^= 1 << below(state, 8),
        7 | 8 => bytes[at] = bytes[at].wrapping_add(1),
        9 => bytes[at] = bytes[at].wrapping_sub(1),
        10 | 11 => {
            let width = 1 << below(state, 4);
            let odd = ODD[below(state, ODD.len())].to_le_bytes();
            overwrite(bytes, at, &odd[..width]);
        }
        12 | 13 => {
            let from = below(state, len);
            let piece = bytes[from..len.min(from + 1 + below(state, 64))].to_vec();
            overwrite(bytes, at, &piece);
        }
        14 => overwrite(bytes, at, &(below(state, len) as u64).to_le_bytes()),
        _ if below(state, 4) == 0 => bytes.truncate(at),
        _ => {
            bytes.remove(at);
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, piece: &[u8]) {
    let end = bytes.len().min(at + piece.len());
    bytes[at..end].copy_from_slice(&piece[..end - at]);
}

/// A number below `n`.
pub fn below(state: &mut u64, n: usize) -> usize {
    next(state) as usize % n.max(1)
}
