//! Jenkins' lookup3 hash, the checksum of all version 2 structures and the hash of names in dense storage.
use super::primitive::{Parsed, bad};

/// `lookup3` ("hashlittle") of `bytes` with the initial value 0.
pub(crate) fn lookup3(bytes: &[u8]) -> u32 {
    // The hash takes the length modulo 2^32.
    let length = (bytes.len() as u64 & 0xffff_ffff) as u32;
    let start = 0xdead_beef_u32.wrapping_add(length);
    let mut state = [start; 3];
    let mut rest = bytes;
    while rest.len() > 12 {
        let (block, tail) = rest.split_at(12);
        add(&mut state, block);
        mix(&mut state);
        rest = tail;
    }
    if !rest.is_empty() {
        add(&mut state, rest);
        finish(&mut state);
    }
    state[2]
}

/// Checks that the last four bytes of `input` are the checksum of the rest; answers the rest.
pub(crate) fn verify(input: &[u8]) -> Parsed<'_, &[u8]> {
    let Some((body, stored)) = input.split_last_chunk::<4>() else {
        return bad(input, "ends too early");
    };
    let stored = u32::from_le_bytes(*stored);
    let computed = lookup3(body);
    // Under a fuzzer any checksum is right: an attacker can compute one, a mutator cannot.
    if stored == computed || cfg!(fuzzing) {
        Ok((body, body))
    } else {
        bad(input, format!("checksum {computed:08x} computed, {stored:08x} stored"))
    }
}

/// Adds up to 12 bytes, read as little-endian words padded with zeros.
fn add(state: &mut [u32; 3], block: &[u8]) {
    for (word, bytes) in state.iter_mut().zip(block.chunks(4)) {
        let value = bytes.iter().rev().fold(0u32, |n, &b| n << 8 | u32::from(b));
        *word = word.wrapping_add(value);
    }
}

fn mix([a, b, c]: &mut [u32; 3]) {
    *a = a.wrapping_sub(*c) ^ c.rotate_left(4);
    *c = c.wrapping_add(*b);
    *b = b.wrapping_sub(*a) ^ a.rotate_left(6);
    *a = a.wrapping_add(*c);
    *c = c.wrapping_sub(*b) ^ b.rotate_left(8);
    *b = b.wrapping_add(*a);
    *a = a.wrapping_sub(*c) ^ c.rotate_left(16);
    *c = c.wrapping_add(*b);
    *b = b.wrapping_sub(*a) ^ a.rotate_left(19);
    *a = a.wrapping_add(*c);
    *c = c.wrapping_sub(*b) ^ b.rotate_left(4);
    *b = b.wrapping_add(*a);
}

fn finish([a, b, c]: &mut [u32; 3]) {
    *c = (*c ^ *b).wrapping_sub(b.rotate_left(14));
    *a = (*a ^ *c).wrapping_sub(c.rotate_left(11));
    *b = (*b ^ *a).wrapping_sub(a.rotate_left(25));
    *c = (*c ^ *b).wrapping_sub(b.rotate_left(16));
    *a = (*a ^ *c).wrapping_sub(c.rotate_left(4));
    *b = (*b ^ *a).wrapping_sub(a.rotate_left(14));
    *c = (*c ^ *b).wrapping_sub(b.rotate_left(24));
}

#[cfg(test)]
mod tests {
    use super::lookup3;

    /// The self-test values of the hash's author.
    #[test]
    fn known_values() {
        assert_eq!(lookup3(b""), 0xdead_beef);
        assert_eq!(lookup3(b"Four score and seven years ago"), 0x1777_0551);
    }
}
