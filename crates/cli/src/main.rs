//! The `icestream` command: flags and glue. What it does lives in the crates below it.
#![forbid(unsafe_code)]

mod access;
mod args;
mod catalog;
mod cell;
mod cells;
mod checksum;
mod demo;
mod event;
mod exit;
mod inspect;
mod login;
mod maps;
mod out;
mod progress;
mod report;
mod serve;
mod target;
mod walk;

use args::{Args, Command};
use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // Help and version are answers, not errors; clap writes each to the right stream.
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
        }
    };
    let done = match args.command {
        Command::Cell(args) => cell::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Cells(args) => cells::run(&args),
        Command::Catalog(args) => catalog::run(&args),
        Command::Login(args) => login::run(&args),
        Command::Checksum(args) => checksum::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Serve(args) => serve::run(&args),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(failure.code)
        }
    }
}
