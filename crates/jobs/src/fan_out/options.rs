//! What a caller decides about a run.
use crate::Architecture;
use footprint::Area;
use morton::Order;
use pipeline::{JobSpec, Layout};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;
use std::time::Duration;
use storage::Options;

/// Calls at once where the options give none: half of what an account has in the beginning.
pub(super) const USUAL_CONCURRENCY: usize = 500;

/// Cells that a thread reads for together at the most, where the options give no number.
const TOGETHER: usize = 256;

/// Everything about a run but its catalog.
#[derive(Clone)]
pub struct RunOptions {
    /// What every cell shares.
    pub shape: RunShape,
    /// Which cells of the catalog.
    pub cells: CellSelection,
    /// Where cells are computed.
    pub on: RunOn,
    /// Where the credentials for reading granules come from.
    pub keys: KeySource,
    /// How remote places are reached, and with which credentials.
    pub storage: Options,
    /// Cells under way at once; `None`: the processors of this machine, or 500 calls of a function.
    pub concurrency: Option<usize>,
    /// Cells that are read for together, each granule once for all of them; `None`: one a call of a function, and here as many
    /// as the threads share, up to 256.
    pub cells_per_call: Option<usize>,
    /// The processor, for the price.
    pub architecture: Architecture,
    /// Attempts for one cell where another may help, the first included; throttled ones do not count.
    pub tries: u32,
    /// First wait before another attempt; it doubles, and is drawn at random below that.
    pub backoff: Duration,
    /// Dollars: a run that comes near stops beginning cells.
    pub max_cost: Option<f64>,
    /// The report; `None`: the name of the output with `.run.jsonl`.
    pub report: Option<PathBuf>,
    /// Run cells again although the report says that they ended well.
    pub fresh: bool,
    /// Replace what is in the output and not known to the report, without asking.
    pub overwrite: bool,
    /// The plan is for an estimate only: a remote output is not looked at, and no question is asked.
    pub dry_run: bool,
}

/// What every cell of a run shares.
#[derive(Clone)]
pub struct RunShape {
    /// What to compute; its cells are left empty, each cell of the run takes their place.
    pub spec: JobSpec,
    /// Share of the cells, 0 to 1, that are computed both ways; it changes no result.
    pub audit: f64,
    /// Folder or prefix of indexes; it changes what a cell costs, not what comes out.
    pub index: Option<String>,
    /// A folder or `s3://bucket/prefix`; the plan takes slashes from its end.
    pub out: String,
}

/// Which cells of a catalog to run: those that fulfil everything that is given.
#[derive(Clone, Default, Debug)]
pub struct CellSelection {
    /// Those in an area.
    pub area: Option<Area>,
    /// At most this number of cells, the first of the catalog.
    pub max_cells: Option<usize>,
    /// Those that failed, by this report. With `partial_of`: those of either.
    pub failed_of: Option<PathBuf>,
    /// Those that lack granules, by this report; they are run again.
    pub partial_of: Option<PathBuf>,
}

/// Where cells are computed.
#[derive(Clone, Debug)]
pub enum RunOn {
    /// By threads of this process.
    Local,
    /// By calls of a Lambda function.
    Lambda(LambdaOptions),
}

/// A function, and where it is.
#[derive(Clone, Debug)]
pub struct LambdaOptions {
    /// Name or ARN.
    pub function: String,
    /// Lambda's endpoint, where it is not that of the storage options or AWS.
    pub endpoint: Option<String>,
    /// Its memory in MB: for estimates, and for calls whose bill is unknown.
    pub memory_mb: u64,
}

/// Where the credentials for reading granules come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// The Earthdata login for links that only it opens, else the storage options.
    Usual,
    /// The Earthdata login; they are renewed in time.
    Earthdata,
    /// A secret or parameter of this name, which the function reads itself.
    Reference(String),
}

impl RunOptions {
    /// Cells of a call, of so many that are to be run.
    pub(super) fn cells_per_call(&self, work: usize) -> usize {
        let threads = || self.concurrency.unwrap_or_else(threads);
        let usual = || if self.lambda().is_some() { 1 } else { work.div_ceil(threads()).min(TOGETHER) };
        self.cells_per_call.unwrap_or_else(usual).max(1)
    }

    /// The function, if one computes the cells.
    pub(super) const fn lambda(&self) -> Option<&LambdaOptions> {
        match &self.on {
            RunOn::Local => None,
            RunOn::Lambda(lambda) => Some(lambda),
        }
    }
}

impl RunShape {
    /// Whether a cell is among those that are computed both ways: by its name, the same in every run.
    pub(super) fn audits(&self, name: i64) -> bool {
        let digest = Sha256::digest(name.to_string().as_bytes());
        let drawn = digest.iter().take(4).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        f64::from(drawn) < self.audit * 4_294_967_296.0
    }

    /// Where the store of a cell is.
    pub(super) fn store(&self, name: i64) -> String {
        match self.spec.layout {
            Layout::Cell => format!("{}/{name}.zarr", self.out),
            Layout::Sphere | Layout::Region => self.out.clone(),
        }
    }

    /// The orders of a store, coarsest first.
    pub(super) fn orders(&self) -> Vec<Order> {
        let mut orders = self.spec.overviews.clone();
        orders.push(self.spec.child_order);
        orders.sort_unstable();
        orders.dedup();
        orders
    }
}

/// Cells under way at once on this machine, where the options give no number.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
