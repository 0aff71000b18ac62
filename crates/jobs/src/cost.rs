//! What a call costs (lambda.md, "Fan-out", cost model). Prices of us-west-2 in dollars.
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// One request to Lambda.
const INVOCATION: f64 = 0.20 / 1e6;
/// One GET or HEAD to S3.
const GET: f64 = 0.0004 / 1e3;
/// One PUT or LIST to S3.
const PUT: f64 = 0.005 / 1e3;

/// What the function runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Architecture {
    /// 64-bit ARM (Graviton).
    Arm64,
    /// 64-bit x86.
    X86_64,
}

impl Architecture {
    /// The one that this program was compiled for; any but ARM counts as x86.
    pub const HERE: Self = if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86_64 };

    /// Dollars for a GB-second.
    #[must_use]
    pub const fn per_gb_second(self) -> f64 {
        match self {
            Self::Arm64 => 0.000_013_333_4,
            Self::X86_64 => 0.000_016_666_7,
        }
    }
}

impl FromStr for Architecture {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "arm64" => Ok(Self::Arm64),
            "x86_64" => Ok(Self::X86_64),
            _ => Err("write `arm64` or `x86_64`"),
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        })
    }
}

/// What one call or many have used.
#[derive(Clone, Copy, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Memory size times billed duration, in GB-seconds.
    pub gb_seconds: f64,
    /// Calls.
    pub invocations: u64,
    /// Reads of S3: GET and HEAD.
    pub gets: u64,
    /// Writes and listings of S3: PUT and LIST.
    pub puts: u64,
}

impl Usage {
    /// One call of `billed` duration, its init included, in a function of `memory_mib`.
    #[must_use]
    pub fn call(memory_mib: u64, billed: Duration) -> Self {
        let seconds = f64::from(u32::try_from(billed.as_micros().div_ceil(1_000)).unwrap_or(u32::MAX)) / 1e3;
        let gigabytes = f64::from(u32::try_from(memory_mib).unwrap_or(u32::MAX)) / 1024.0;
        Self { gb_seconds: gigabytes * seconds, invocations: 1, ..Self::default() }
    }

    /// Adds what another has used.
    pub fn add(&mut self, other: &Self) {
        self.gb_seconds += other.gb_seconds;
        self.invocations += other.invocations;
        self.gets += other.gets;
        self.puts += other.puts;
    }

    /// Dollars.
    #[must_use]
    pub fn dollars(&self, architecture: Architecture) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "numbers of requests stay far below 2^53")]
        let count = |requests: u64| requests as f64;
        self.gb_seconds * architecture.per_gb_second()
            + count(self.invocations) * INVOCATION
            + count(self.gets) * GET
            + count(self.puts) * PUT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_of_the_system_before_is_met() {
        // lambda.md: 180 s x 2 GB cost about $0.006 (x86_64), requests not counted.
        let call = Usage::call(2048, Duration::from_secs(180));
        assert_eq!(call.gb_seconds, 360.0);
        assert!((call.dollars(Architecture::X86_64) - 0.006_000_2).abs() < 1e-6);
        assert!(call.dollars(Architecture::Arm64) < call.dollars(Architecture::X86_64));
    }

    #[test]
    fn requests_cost_and_milliseconds_are_rounded_up() {
        let mut usage = Usage::call(1024, Duration::from_micros(1_001));
        assert_eq!(usage.gb_seconds, 0.002);
        usage.add(&Usage { gets: 1_000_000, puts: 1_000, ..Usage::default() });
        let beyond = usage.dollars(Architecture::Arm64)
            - Usage::call(1024, Duration::from_micros(2_000)).dollars(Architecture::Arm64);
        assert!((beyond - 0.405).abs() < 1e-9, "{beyond}");
    }
}
