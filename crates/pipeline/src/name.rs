//! Names of files: where a granule's name in them may begin and end, whatever a subsetter, a browser or a person put around it.
use byte_ranges::file_name;

/// Endings of files that hold data; anything else beside a granule's name (`.iso.xml`, `.dmrpp`, `.jpg`) is no granule.
const DATA_ENDINGS: [&str; 7] = ["h5", "hdf5", "hdf", "he5", "nc", "nc4", "cdf"];
/// After the version: a browse file, which is HDF5 too, but holds pictures.
const BROWSE: &[u8] = b"_BRW";
/// The product that the name of a file begins with, prefixes removed: `ATL03`, `GEDI02_A`.
#[must_use]
pub fn product_in_name(text: &str) -> Option<String> {
    let name = file_name(text).as_bytes();
    (0..name.len()).filter(|&at| begins_word(name, at)).find_map(|at| {
        let mut rest = Rest(name.get(at..)?);
        let product = rest.product()?;
        rest.0.first().is_none_or(|next| !next.is_ascii_alphanumeric()).then_some(product)
    })
}

/// Whether a word may begin here: at the start, after what is neither letter nor digit, or after `%20` and its like.
pub(crate) fn begins_word(name: &[u8], at: usize) -> bool {
    let before = name.get(..at).unwrap_or_default();
    let escaped = matches!(before, [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    escaped || before.last().is_none_or(|last| !last.is_ascii_alphanumeric())
}

/// What is left of a name that is read from its front.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Option<&'a str> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        std::str::from_utf8(taken).ok()
    }

    fn digits(&mut self, count: usize) -> Option<&'a str> {
        self.take(count).filter(|taken| taken.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn after(&mut self, separator: u8) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(&[separator])?;
        Some(self)
    }

    /// `ATL06` or `GEDI02_A`, in capitals.
    fn product(&mut self) -> Option<String> {
        let begins =
            |word: &str| self.0.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word.as_bytes()));
        let word = ["ATL", "GEDI"].into_iter().find(|word| begins(word))?;
        self.take(word.len())?;
        let mut product = format!("{word}{}", self.digits(2)?);
        if word == "GEDI" {
            let level =
                self.after(b'_')?.take(1).filter(|level| level.bytes().all(|byte| byte.is_ascii_alphabetic()))?;
            product = format!("{product}_{}", level.to_ascii_uppercase());
        }
        Some(product)
    }
}

/// Whether this may follow a granule's name: nothing, or what does not go on with its last word and has no ending but one of
/// data files. An ending begins with a dot and a letter.
pub(crate) fn is_suffix(rest: &[u8]) -> bool {
    let browse = rest.get(..BROWSE.len()).is_some_and(|text| text.eq_ignore_ascii_case(BROWSE));
    if browse || rest.first().is_some_and(u8::is_ascii_alphanumeric) {
        return false;
    }
    let ending =
        rest.split(|&byte| byte == b'.').skip(1).filter(|part| part.first().is_some_and(u8::is_ascii_alphabetic));
    ending.last().is_none_or(|part| {
        let end = part.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(part.len());
        let ending = part.get(..end).unwrap_or(part);
        DATA_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_told_by_the_front_of_a_name() {
        for (name, product) in [
            ("ATL03_gt1l.h5", Some("ATL03")),
            ("processed_ATL10-01_20220103200708_01921401_006_01.h5", Some("ATL10")),
            ("ATL11_078805_0304_02_v002.h5", Some("ATL11")),
            ("GEDI02_A_2019162222610_O02812_04_T01244_02_003_01_V002.h5", Some("GEDI02_A")),
            ("ATLAS.h5", None),
            ("GEDI.h5", None),
            ("MATL06_1.h5", None),
        ] {
            assert_eq!(product_in_name(name).as_deref(), product, "{name}");
        }
    }
}
