//! `icestream docs`: the reference, man pages and shell completions, all from the same definition of the arguments.
use crate::args::{Args, DocsArgs};
use crate::exit::{self, CommandError};
use crate::out::say;
use clap::{Command, CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

pub(crate) fn run(args: &DocsArgs) -> Result<u8, CommandError> {
    if args.markdown {
        say!("{}", markdown().trim_end());
    } else if let Some(shell) = args.completions {
        say!("{}", completions(shell).trim_end());
    } else if let Some(out) = &args.out {
        write(out).map_err(|error| CommandError::new(exit::FAILED, format!("{}: {error}", out.display())))?;
        say!("wrote {}", out.display());
    }
    Ok(exit::DONE)
}

fn write(out: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(out)?;
    std::fs::write(out.join("cli.md"), markdown())?;
    clap_mangen::generate_to(command(), man(out)?)?;
    let folder = out.join("completions");
    std::fs::create_dir_all(&folder)?;
    for shell in Shell::value_variants() {
        std::fs::write(folder.join(format!("icestream.{shell}")), completions(*shell))?;
    }
    Ok(())
}

fn man(out: &Path) -> std::io::Result<PathBuf> {
    let folder = out.join("man");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The command as it is documented: on any terminal the same.
fn command() -> Command {
    let mut command = Args::command().term_width(100);
    command.build();
    command
}

fn completions(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "icestream", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// The help of every command, as the command itself prints it.
fn markdown() -> String {
    let mut command = command();
    let mut text =
        String::from("# The command line\n\nMade by `icestream docs --markdown` from the command's own help.\n");
    let mut section = |command: &mut Command, name: &str| {
        let help = command.render_long_help().to_string();
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        // Writing to a String cannot fail.
        let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    };
    section(&mut command, "icestream");
    let is_shown = |sub: &&mut Command| sub.get_name() != "help" && !sub.is_hide_set();
    for sub in command.get_subcommands_mut().filter(is_shown) {
        let name = format!("icestream {}", sub.get_name());
        section(sub, &name);
        for below in sub.get_subcommands_mut().filter(is_shown) {
            let name = format!("{name} {}", below.get_name());
            section(below, &name);
        }
    }
    text
}
