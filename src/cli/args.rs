//! Arguments as typed. What they mean is decided by each command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::time::Nanos;

/// A backtesting and research lab whose events, strategies and models are the ones that trade live.
#[derive(Parser)]
#[command(name = "cthulu-lab", version, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Subcommand)]
pub(super) enum Command {
    /// Plays a strategy over stored prices and writes a report
    #[command(after_help = "Examples:\n  cthulu-lab backtest\n  cthulu-lab backtest experiments/default.toml --param rsi_bars=10\n  \
        cthulu-lab backtest --strategy sma_crossover --data prices.csv:EURUSD --json")]
    Backtest(BacktestArgs),
}

/// Arguments of `backtest`.
#[derive(Args)]
pub(super) struct BacktestArgs {
    /// The experiment file [default: experiments/default.toml, unless --strategy and --data say it all]
    pub(super) experiment: Option<PathBuf>,
    /// A strategy file or a name from `strategies list`
    #[arg(long, value_name = "FILE|NAME")]
    pub(super) strategy: Option<String>,
    /// A price file, with its symbol; may be given several times
    #[arg(long, value_name = "FILE[:SYMBOL]")]
    pub(super) data: Vec<String>,
    /// Sets a strategy parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) param: Vec<(String, f64)>,
    /// First moment used, as 2017-03-01 or RFC 3339
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub(super) from: Option<Nanos>,
    /// Moment before which bars are used
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub(super) to: Option<Nanos>,
    /// Money at the start
    #[arg(long, value_name = "N")]
    pub(super) cash: Option<f64>,
    /// The root of every random number
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Threads to use; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Writes here instead of reports/<run-id>
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Writes no report and keeps no event files: only the run's figures, trades and equity
    #[arg(long)]
    pub(super) no_report: bool,
    /// Prints run.json on stdout
    #[arg(long)]
    pub(super) json: bool,
}

fn parameter(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    let value = value.trim().parse().map_err(|_| format!("'{value}' is not a number"))?;
    Ok((name.trim().to_owned(), value))
}

fn moment(text: &str) -> Result<Nanos, String> {
    Nanos::parse_date_or_moment(text).ok_or_else(|| format!("'{text}' is neither a date (2017-03-01) nor an RFC 3339 moment"))
}
