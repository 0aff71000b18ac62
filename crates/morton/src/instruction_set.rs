//! Which instructions the vector kernel may use.

/// An instruction set of the vector kernel. All give the same cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InstructionSet {
    /// What the target guarantees (SSE2, NEON, wasm simd128 if compiled in, or none).
    Portable,
    /// x86-64 with AVX2.
    Avx2,
    /// x86-64 with AVX-512 F, DQ and VL.
    Avx512,
}

impl InstructionSet {
    /// The best this machine has. Cheap: the processor is asked once.
    #[must_use]
    pub fn detect() -> Self {
        [Self::Avx512, Self::Avx2].into_iter().find(|level| level.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this machine has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::is_x86_feature_detected as has;
            match self {
                Self::Portable => true,
                Self::Avx2 => has!("avx2"),
                Self::Avx512 => has!("avx512f") && has!("avx512dq") && has!("avx512vl") && has!("avx2"),
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            self == Self::Portable
        }
    }
}
