//! See `bodies::open`.
#![no_main]
use hdf5_pure_fuzz::bodies;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    bodies::open(input);
});
