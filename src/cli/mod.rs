//! The command line: the only place that prints, and the one place below `live` that reads the wall clock.
//!
//! Results go to stdout, progress and messages to stderr. Exit code 0 is done, 1 the work failed, 2 the arguments or files are wrong.

mod args;
mod backtest;
mod data;
mod eval;
mod explain;
mod folds;
mod import;
mod interrupt;
mod list;
mod lookahead;
mod models;
mod new;
mod progress;
mod report;
mod reproduce;
mod resample;
mod stats;
mod strategies;
mod summary;
mod sweep;
mod synth;
mod walk_summary;
mod walkforward;

use std::{io::Write, path::Path, process::ExitCode};

use clap::Parser;

use args::{Cli, Command, DataCommand};

use crate::error::Error;

/// The arguments or files are wrong.
const WRONG_INPUT: u8 = 2;
/// Where a line on the terminal ends.
const COLUMNS: usize = 80;
/// The work failed, or came out otherwise than asked.
const FAILED: u8 = 1;

/// Runs the command.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed pipe is the reader's choice, not our failure.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_INPUT));
        }
    };
    match run(&cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::from(if error.is_input() { WRONG_INPUT } else { FAILED })
        }
    }
}

/// Does what the command says, and answers the exit code.
fn run(command: &Command) -> Result<u8, Error> {
    let done = |()| 0;
    match command {
        Command::Backtest(args) => backtest::run(args).map(done),
        Command::Sweep(args) => sweep::run(args).map(done),
        Command::New(args) => new::run(args).map(done),
        Command::Strategies(args) => strategies::run(&args.command).map(done),
        Command::Data(args) => match &args.command {
            DataCommand::Check(args) => data::run_check(args).map(|holds| if holds { 0 } else { WRONG_INPUT }),
            DataCommand::Import(args) => import::run(args).map(|holds| if holds { 0 } else { WRONG_INPUT }),
            DataCommand::List(args) => list::run(args).map(|holds| if holds { 0 } else { WRONG_INPUT }),
            DataCommand::Resample(args) => resample::run(args).map(done),
            DataCommand::Synth(args) => synth::run(args).map(done),
        },
        Command::Folds(args) => folds::run(args).map(done),
        Command::Lookahead(args) => lookahead::run(args).map(|is_honest| if is_honest { 0 } else { FAILED }),
        Command::Walkforward(args) => walkforward::run(args).map(done),
        Command::Eval(args) => eval::run(args).map(done),
        Command::Stats(args) => stats::run(args).map(done),
        Command::Report(args) => report::run(args).map(done),
        Command::Compare(args) => report::compare(args).map(done),
        Command::Explain(args) => explain::run(args).map(done),
        Command::Models(args) => models::run(&args.command).map(done),
        Command::Reproduce(args) => reproduce::run(args).map(|same| if same { 0 } else { FAILED }),
    }
}

/// Sets how many threads the work may use.
fn use_threads(threads: Option<u16>) -> Result<(), Error> {
    let Some(threads) = threads else { return Ok(()) };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global();
    pool.map_err(|e| Error::Failed(format!("threads cannot be started: {e}")))
}

/// The `run.json` of a folder that a run wrote, or what the folder is instead.
fn run_json(folder: &Path) -> Result<serde_json::Value, Error> {
    if !folder.exists() {
        return Err(Error::absent(folder));
    }
    let path = folder.join("run.json");
    if !path.is_file() {
        return Err(Error::config(folder.display().to_string(), "is no run folder: it holds no run.json"));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| Error::io(&path, "cannot read", e))?;
    let damaged = |why: String| Error::data(&path, format!("{why}; the file is damaged, so run the experiment again"));
    let run: serde_json::Value = serde_json::from_str(&text).map_err(|e| damaged(format!("not JSON: {e}")))?;
    let missing = ["id", "manifest", "metrics"].into_iter().find(|key| run.get(key).is_none());
    missing.map_or(Ok(run), |key| Err(damaged(format!("it has no '{key}'"))))
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

/// Prints one JSON document, to stdout.
fn print_json(value: &serde_json::Value) -> Result<(), Error> {
    print(&format!("{value:#}\n"))
}

/// The words of a text in lines of at most `width` characters; a longer word has a line of its own.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let length = lines[last].chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            lines[last] += if length > 0 { " " } else { "" };
            lines[last] += word;
        }
    }
    lines
}

/// Rows in columns as wide as their widest cell; the last column runs free.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text += line.join("  ").trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align_their_columns() {
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        assert_eq!(table(&[row("a", "x"), row("long", "")]), "a     x\nlong\n");
    }

    #[test]
    fn every_command_explains_itself_with_an_example() {
        use clap::CommandFactory;
        fn check(command: &clap::Command) {
            for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
                assert!(sub.get_about().is_some(), "{} has no sentence", sub.get_name());
                assert!(sub.get_after_help().is_some_and(|h| h.to_string().contains("cthulu-lab ")), "{} has no example", sub.get_name());
                check(sub);
            }
        }
        Cli::command().debug_assert();
        check(&Cli::command());
    }
}
