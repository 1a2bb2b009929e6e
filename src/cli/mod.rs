//! The command line: the only place that prints, and the one place below `live` that reads the wall clock.
//!
//! Results go to stdout, progress and messages to stderr. Exit code 0 is done, 1 the work failed, 2 the arguments or files are wrong.

mod args;
mod backtest;
mod summary;

use std::{io::Write, process::ExitCode};

use clap::Parser;

use args::{Cli, Command};

use crate::error::Error;

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is the reader's choice, not our failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = match cli.command {
        Command::Backtest(args) => backtest::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(if error.is_input() { 2 } else { 1 })
        }
    }
}

/// Prints a line for people, to stderr.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a result, to stdout.
fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::io("stdout", "cannot be written", e)),
        _ => Ok(()),
    }
}
