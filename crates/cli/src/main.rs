//! The `icestream` command: flags and glue. The work is done in the other crates.
#![forbid(unsafe_code)]

mod append;
mod args;
mod catalog;
mod cell;
mod cells;
mod checksum;
mod compare;
mod demo;
mod docs;
mod event;
mod export;
mod grid;
mod index;
mod inspect;
mod login;
mod merge;
mod overviews;
mod plot;
mod points;
mod product;
mod run;
mod series;
mod serve;
mod validate;

use args::{Args, Command};
use clap::Parser as _;
use flags::{access, exit, files, json, tables, target, time};
use std::process::ExitCode;
use terminal::{log, out, progress};

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Help and version are answers, not errors; clap writes each to the right stream.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    log::start(args.verbose, args.log_format);
    let done = match args.command {
        Command::Cell(args) => cell::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Cells(args) => cells::run(&args),
        Command::Catalog(args) => catalog::run(&args),
        Command::Grid(args) => grid::run(&args),
        Command::Points(args) => points::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Product(args) => product::run(&args),
        Command::Index(args) => index::run(&args),
        Command::Login(args) => login::run(&args),
        Command::Checksum(args) => checksum::run(&args),
        Command::Plot(args) => plot::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Docs(args) => docs::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Overviews(args) => overviews::run(&args),
        Command::Extend(args) => append::extend(&args),
        Command::Change(args) => append::change(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Validate(args) => validate::run(&args),
        Command::Series(args) => series::run(&args),
        Command::Serve(args) => serve::run(&args),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            tracing::error!(target: log::NOTE, "{failure}");
            ExitCode::from(failure.code)
        }
    }
}
