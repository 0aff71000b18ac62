//! `icestream validate`: checks a store and lists everything that is wrong with it.
use crate::access::AccessArgs;
use crate::exit::{self, CommandError};
use crate::{access, json, out::say};
use clap::Args as ClapArgs;
use pipeline::Job;
use storage::Location;

#[derive(ClapArgs, Debug)]
pub(crate) struct ValidateArgs {
    /// A store of either layout.
    #[arg(value_name = "STORE", allow_hyphen_values = true)]
    store: String,
    /// Read the granules again that the store names, and compare every byte.
    #[arg(long, requires = "granules")]
    deep: bool,
    /// Where these granules are, for --deep: files, folders, globs or URLs.
    #[arg(long, value_name = "GRANULE")]
    granules: Vec<String>,
    /// Print JSON on standard output.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: AccessArgs,
}

pub(crate) fn run(args: &ValidateArgs) -> Result<u8, CommandError> {
    let clients = access::clients(&args.access);
    let granules = args.deep.then_some(args.granules.as_slice());
    let compute = async |job: &Job, granules: &[Location]| jobs::exhaustively(job, granules, &clients).await;
    let validation = stores::validate(&args.store, granules, compute, &clients);
    let report = access::block_on(async { Ok::<_, CommandError>(validation.await?) })?;
    if args.json {
        json::print(&report)?;
    } else {
        words::validation(&report).iter().for_each(|line| say!("{line}"));
    }
    Ok(if report.valid { exit::DONE } else { exit::FAILED })
}
