//! The vector kernel compiled for the wider registers of x86-64: the crate's only unsafe code.
#![expect(
    unsafe_code,
    reason = "a function compiled for optional instructions may only run after asking the processor"
)]

use crate::{
    InstructionSet,
    kernel::{Points, blocks},
};

/// Runs the kernel at `level`, or at the portable level if this machine lacks it.
pub(crate) fn run<const AUTHALIC: bool>(level: InstructionSet, points: Points<'_>) {
    match level {
        // SAFETY: the processor has the features the function is compiled for, asked in this very arm.
        InstructionSet::Avx512 if level.is_available() => unsafe { avx512::<AUTHALIC>(points) },
        // SAFETY: as above.
        InstructionSet::Avx2 if level.is_available() => unsafe { avx2::<AUTHALIC>(points) },
        _ => blocks::<AUTHALIC>(points),
    }
}

#[target_feature(enable = "avx2")]
fn avx2<const AUTHALIC: bool>(points: Points<'_>) {
    blocks::<AUTHALIC>(points);
}

#[target_feature(enable = "avx2,avx512f,avx512dq,avx512vl")]
fn avx512<const AUTHALIC: bool>(points: Points<'_>) {
    blocks::<AUTHALIC>(points);
}
