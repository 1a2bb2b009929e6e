//! Arguments as typed. What they mean is decided by each command.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{
    data::{DateOrder, DayEnd, Format},
    market::Calendar,
    time::{Nanos, Timeframe},
};

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
        cthulu-lab backtest --fill-interval\n  \
        cthulu-lab backtest --strategy sma_crossover --data datasets/sp500_d1.csv.gz:SPX --json")]
    Backtest(BacktestArgs),
    /// Lists every fold of a walk-forward before anything runs
    #[command(after_help = "Examples:\n  cthulu-lab folds experiments/rsi.toml\n  cthulu-lab folds experiments/cpcv.toml --json")]
    Folds(FoldsArgs),
    /// Plays many sets of parameters, chooses one, and says how much of it is luck; an interrupted sweep goes on where it was
    #[command(after_help = "Examples:\n  cthulu-lab sweep experiments/sma_grid.toml\n  \
        cthulu-lab sweep experiments/sma_grid.toml --no-report --json")]
    Sweep(SweepArgs),
    /// Searches, chooses and looks fold by fold, and trades what was chosen; goes on where it was stopped
    #[command(after_help = "Examples:\n  cthulu-lab walkforward experiments/rsi.toml\n  \
        cthulu-lab walkforward experiments/cpcv.toml --threads 2 --json\n  \
        cthulu-lab walkforward experiments/rsi.toml --choose chosen.toml")]
    Walkforward(WalkforwardArgs),
    /// Writes a commented strategy or experiment file that runs as it is
    #[command(after_help = "Examples:\n  cthulu-lab new strategy pullback\n  cthulu-lab new experiment pullback\n  \
        cthulu-lab backtest experiments/pullback.toml")]
    New(NewArgs),
    /// Lists the strategies at hand, or shows one
    #[command(after_help = "Examples:\n  cthulu-lab strategies list\n  cthulu-lab strategies show rsi_reversal")]
    Strategies(StrategiesArgs),
    /// Looks at price files
    #[command(after_help = "Example:\n  cthulu-lab data check datasets/eurusd_h1_2017.csv.gz")]
    Data(DataArgs),
    /// Prints a rule expression as a column: time,value
    #[command(after_help = "Examples:\n  cthulu-lab eval \"rsi(close, 14)\" --data datasets/eurusd_h1_2017.csv.gz\n  \
        cthulu-lab eval \"crosses_above(close, sma(close, 50))\" --data datasets/sp500_d1.csv.gz --out crosses.csv")]
    Eval(EvalArgs),
    /// Cuts and changes the future of a strategy's data and says whether any decision before changes; exits 1 when one does
    #[command(after_help = "Examples:\n  cthulu-lab lookahead --strategy rsi_reversal --data datasets/eurusd_h1_2017.csv.gz\n  \
        cthulu-lab lookahead --strategy strategies/mean_reversion.toml --data datasets/sp500_d1.csv.gz:SPX --json")]
    Lookahead(LookaheadArgs),
    /// Computes the metrics of a column of returns or equity
    #[command(after_help = "Examples:\n  cthulu-lab stats reports/sample/equity.csv --column equity --kind equity --periods 6225\n  \
        cthulu-lab eval \"if(close[1] > 0, close / close[1] - 1, 0)\" --data datasets/sp500_d1.csv.gz --out returns.csv\n  \
        cthulu-lab stats returns.csv --column value --periods 252\n  \
        cthulu-lab stats returns.csv --trials --periods 252 --json")]
    Stats(StatsArgs),
    /// Draws the report of a run again
    #[command(after_help = "Example:\n  cthulu-lab report reports/sample")]
    Report(ReportArgs),
    /// Sets two runs side by side, with the interval of their difference
    #[command(after_help = "Examples:\n  cthulu-lab backtest --param rsi_bars=10 --out reports/fast\n  \
        cthulu-lab compare reports/sample reports/fast")]
    Compare(CompareArgs),
    /// Says what a metric means, and what it is in a run
    #[command(after_help = "Examples:\n  cthulu-lab explain sharpe\n  cthulu-lab explain profit_factor reports/sample")]
    Explain(ExplainArgs),
    /// Works with trained models
    #[command(
        after_help = "Example:\n  cthulu-lab models predict datasets/models/direction.txt --rows datasets/models/rows.csv --out odds.csv"
    )]
    Models(ModelsArgs),
    /// Runs the question of a run folder again and says whether the answer is the same
    #[command(after_help = "Example:\n  cthulu-lab reproduce reports/sample")]
    Reproduce(ReproduceArgs),
}

/// What a price file does not say about itself.
#[derive(Args)]
pub(super) struct FileArgs {
    /// Clock of times without an offset, as UTC or Europe/Athens [default: the file's manifest, then UTC]
    #[arg(long, visible_alias = "zone", value_name = "ZONE")]
    pub(super) tz: Option<String>,
    /// What dates start with, where they do not start with the year: ymd, dmy or mdy [default: the file's manifest]
    #[arg(long, value_name = "ORDER")]
    pub(super) date_order: Option<DateOrder>,
    /// Length of a bar, as 1m, 4h or 1d, which the file must have [default: the usual step between its rows]
    #[arg(long, value_name = "LENGTH")]
    pub(super) timeframe: Option<Timeframe>,
    /// Hours of its market, against which gaps are measured: 24/7, fx, us_equity, or as "Europe/London 08:00-16:30" [default: the file's
    /// manifest, then the instrument's, then those its times keep]
    #[arg(long, value_name = "HOURS")]
    pub(super) calendar: Option<Calendar>,
    /// How the file is written: auto, or a name such as mt5, histdata or csv; docs/data.md lists them [default: the file's manifest, then auto]
    #[arg(long, value_name = "NAME", value_parser = format_name)]
    pub(super) format: Option<FormatName>,
}

/// A format by name, or the wish that the file be asked.
#[derive(Clone, Copy)]
pub(super) enum FormatName {
    /// Tell it from the file.
    Auto,
    /// This one.
    Named(Format),
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
    #[command(flatten)]
    pub(super) file: FileArgs,
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
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub(super) cash: Option<f64>,
    /// The root of every random number
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub(super) seed: Option<u64>,
    /// Settles the order of prices inside bars every way, and reports each figure as an interval
    #[arg(long)]
    pub(super) fill_interval: bool,
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

/// Arguments of `folds`.
#[derive(Args)]
pub(super) struct FoldsArgs {
    /// An experiment file with a [walkforward] section
    #[arg(value_name = "EXPERIMENT.toml")]
    pub(super) experiment: PathBuf,
    /// Prints one JSON document: {"rows":n,"folds":[{"fold":0,"train":[[0,900]],"test":[[924,1100]]}]}, half-open row ranges
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `sweep`.
#[derive(Args)]
pub(super) struct SweepArgs {
    /// An experiment file with a [search] section
    #[arg(value_name = "EXPERIMENT.toml")]
    pub(super) experiment: PathBuf,
    /// Writes here instead of reports/<run-id>
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Writes no report and keeps no event files: only the run's figures, its trials, and the chosen one's trades and equity
    #[arg(long)]
    pub(super) no_report: bool,
    /// Begins anew instead of going on where an interrupted run was
    #[arg(long)]
    pub(super) fresh: bool,
    /// Threads to use; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Prints run.json on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `walkforward`.
#[derive(Args)]
pub(super) struct WalkforwardArgs {
    /// An experiment file with a [walkforward] section
    #[arg(value_name = "EXPERIMENT.toml")]
    pub(super) experiment: PathBuf,
    /// Writes here instead of reports/<run-id>
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Writes no report and keeps no event files: only the run's figures, folds, trials, trades and equity
    #[arg(long)]
    pub(super) no_report: bool,
    /// Begins anew instead of going on where an interrupted run was
    #[arg(long)]
    pub(super) fresh: bool,
    /// Threads to use; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Searches the latest training window too, and writes the strategy with the parameters chosen there, for trading what comes next
    #[arg(long, value_name = "STRATEGY.toml")]
    pub(super) choose: Option<PathBuf>,
    /// Prints run.json on stdout
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `new`.
#[derive(Args)]
pub(super) struct NewArgs {
    /// What to write
    #[arg(value_enum)]
    pub(super) what: NewKind,
    /// Its name; the file is strategies/NAME.toml or experiments/NAME.toml
    pub(super) name: String,
}

/// What `new` can write.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NewKind {
    /// A strategy file
    Strategy,
    /// An experiment file
    Experiment,
}

/// Arguments of `strategies`.
#[derive(Args)]
pub(super) struct StrategiesArgs {
    #[command(subcommand)]
    pub(super) command: StrategiesCommand,
}

/// What to do with strategies.
#[derive(Subcommand)]
pub(super) enum StrategiesCommand {
    /// Lists the shipped strategies and those under strategies/
    #[command(after_help = "Example:\n  cthulu-lab strategies list")]
    List {
        /// Prints one JSON document
        #[arg(long)]
        json: bool,
    },
    /// Shows what a strategy does, its parameters and its file
    #[command(after_help = "Example:\n  cthulu-lab strategies show rsi_reversal")]
    Show {
        /// A strategy file or a name from `strategies list`
        #[arg(value_name = "FILE|NAME")]
        strategy: String,
        /// Prints one JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Arguments of `data`.
#[derive(Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    pub(super) command: DataCommand,
}

/// What to do with price files.
#[derive(Subcommand)]
pub(super) enum DataCommand {
    /// Lists what is wrong with a price file, or odd about it; exits 2 when the contract is broken
    #[command(after_help = "Examples:\n  cthulu-lab data check datasets/eurusd_h1_2017.csv.gz\n  \
        cthulu-lab data check datasets/eurusd_h1_2017.csv.gz --tz UTC --date-order dmy --symbol EURUSD --json")]
    Check(CheckArgs),
    /// Reads price files of any vendor and writes one file, with a manifest beside it; exits 2 when the contract is broken
    #[command(
        after_help = "Examples:\n  cthulu-lab data import DAT_ASCII_EURUSD_M1_2017.csv --format histdata --symbol EURUSD --out eurusd_m1.parquet\n  \
        cthulu-lab data import EURUSD_M1.csv --tz Europe/Athens --symbol EURUSD --explain"
    )]
    Import(ImportArgs),
    /// Makes longer bars out of ticks, trades or bars
    #[command(after_help = "Examples:\n  cthulu-lab data resample ticks.csv.gz --to 1m --out eurusd_1m.parquet\n  \
        cthulu-lab data resample datasets/eurusd_h1_2017.csv.gz --to 1d --day-ends new_york --out eurusd_1d.csv")]
    Resample(ResampleArgs),
    /// Lists the series in a folder of price files: ranges, counts, findings; exits 2 when a file breaks the contract or two overlap
    #[command(after_help = "Examples:\n  cthulu-lab data list datasets\n  cthulu-lab data list prices --json")]
    List(ListArgs),
    /// Makes prices whose law is known, plays a strategy on many paths of them, or audits the lab with a planted edge
    #[command(after_help = "Examples:\n  cthulu-lab data synth list\n  \
        cthulu-lab data synth regimes --bars 20000 --timeframe 15m --seed 3 --out regimes.csv\n  \
        cthulu-lab data synth gbm --bars 5000 --instruments 3 --correlation 0.5,0.2,0.3 --out three.parquet\n  \
        cthulu-lab data synth bootstrap --source datasets/sp500_d1.csv.gz --bars 2000 --timeframe 1d --out drawn.csv\n  \
        cthulu-lab data synth garch --strategy sma_crossover --paths 200 --json\n  \
        cthulu-lab data synth --experiment experiments/mine.toml --paths 200\n  \
        cthulu-lab data synth --audit --paths 400")]
    Synth(SynthArgs),
}

/// Arguments of `data import`.
#[derive(Args)]
pub(super) struct ImportArgs {
    /// The files: CSV, JSON or Parquet, plain or under gzip; several are parts of one series
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) says: FileArgs,
    /// The instrument, for its trading calendar and the size of its point; prices in points are scaled only where it is named
    #[arg(long, value_name = "SYMBOL")]
    pub(super) symbol: Option<String>,
    /// Writes here: .parquet, .csv or .csv.gz [default: the first file's name, with .parquet, in this folder; nothing with --explain]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Says what was decided about each file, and why
    #[arg(long)]
    pub(super) explain: bool,
    /// Leaves out rows that repeat another of the same time in every cell
    #[arg(long)]
    pub(super) dedupe: bool,
    /// Takes warnings for errors
    #[arg(long)]
    pub(super) strict: bool,
    /// Divides prices before a split by its ratio, as the file's adjusted closes or split ratios show it
    #[arg(long)]
    pub(super) split_adjust: bool,
    /// Prints one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `data synth`.
#[derive(Args)]
pub(super) struct SynthArgs {
    /// What to make, or `list` for all kinds with their parameters
    #[arg(required_unless_present_any = ["audit", "experiment"], conflicts_with_all = ["audit", "experiment"])]
    pub(super) kind: Option<String>,
    /// How many bars [default: 10000; days of an audit: 2000]
    #[arg(long, value_name = "N")]
    pub(super) bars: Option<usize>,
    /// How long each bar is, as 1m, 4h or 1d [default: 1h]
    #[arg(long, value_name = "LENGTH")]
    pub(super) timeframe: Option<Timeframe>,
    /// The root of every random number [default: the experiment's, then 7]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub(super) seed: Option<u64>,
    /// Sets a parameter of the kind; may be given several times, and the last of a name wins (of an audit's `sharpe` each is an edge)
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) param: Vec<(String, f64)>,
    /// What the prices are called; a known instrument brings its point and its calendar [default: SYNTH]
    #[arg(long, value_name = "SYMBOL")]
    pub(super) symbol: Option<String>,
    /// Trading hours: 24/7, fx, us_equity, or as "Europe/London 08:00-16:30" [default: the instrument's, then 24/7]
    #[arg(long, value_name = "HOURS")]
    pub(super) calendar: Option<Calendar>,
    /// When the first bar may open [default: 2020-01-06]
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub(super) start: Option<Nanos>,
    /// The price file a bootstrap draws from
    #[arg(long, value_name = "FILE")]
    pub(super) source: Option<String>,
    /// How many instruments, each in a file of its own
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(super) instruments: u16,
    /// Correlation of their shocks: one number for all pairs, or one a pair (12,13,...,23,...)
    #[arg(long, value_name = "R", value_delimiter = ',', allow_negative_numbers = true)]
    pub(super) correlation: Vec<f64>,
    /// The file to write, .csv, .csv.gz or .parquet; its manifest, and a path of regimes, lie beside it. Of many paths, the folder of their report
    /// [default: reports/<id>]
    #[arg(long, value_name = "FILE|DIR")]
    pub(super) out: Option<PathBuf>,
    /// Plays this strategy on many paths instead of writing one
    #[arg(long, value_name = "FILE|NAME", conflicts_with_all = ["instruments", "correlation", "experiment", "audit"])]
    pub(super) strategy: Option<String>,
    /// Sets a parameter of that strategy; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter, requires = "strategy", conflicts_with_all = ["experiment", "audit"])]
    pub(super) strategy_param: Vec<(String, f64)>,
    /// Plays this experiment on many paths of its synthetic markets
    #[arg(long, value_name = "EXPERIMENT.toml", conflicts_with_all = ["bars", "timeframe", "param", "symbol", "calendar", "start", "source",
        "instruments", "correlation"])]
    pub(super) experiment: Option<PathBuf>,
    /// Measures the lab: how often a planted edge is found, and one that is not there
    #[arg(long, conflicts_with_all = ["experiment", "timeframe", "symbol", "calendar", "start", "source", "instruments", "correlation",
        "out", "no_report"])]
    pub(super) audit: bool,
    /// Writes and draws nothing of many paths
    #[arg(long)]
    pub(super) no_report: bool,
    /// How many paths to play [default: 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(super) paths: Option<u64>,
    /// Threads to use; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
    /// Prints one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `data check`.
#[derive(Args)]
pub(super) struct CheckArgs {
    /// The file: CSV or JSON, plain or under gzip, or Parquet; or a folder of one series, as EURUSD/1h
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) says: FileArgs,
    /// The instrument, for its trading calendar and the size of its point
    #[arg(long, value_name = "SYMBOL")]
    pub(super) symbol: Option<String>,
    /// Leaves out rows that repeat the row above in every cell
    #[arg(long)]
    pub(super) dedupe: bool,
    /// Takes warnings for errors
    #[arg(long)]
    pub(super) strict: bool,
    /// Prints one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `data list`.
#[derive(Args)]
pub(super) struct ListArgs {
    /// The folder, as SYMBOL/1h/*.parquet and SYMBOL/ticks/*.parquet, or of files with manifests
    pub(super) folder: PathBuf,
    #[command(flatten)]
    pub(super) says: FileArgs,
    /// Prints one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `data resample`.
#[derive(Args)]
pub(super) struct ResampleArgs {
    /// The file: ticks, trades or bars, as CSV, CSV under gzip, or Parquet; or a folder of one series, as EURUSD/ticks
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) says: FileArgs,
    /// The instrument, for the size of its point
    #[arg(long, value_name = "SYMBOL")]
    pub(super) symbol: Option<String>,
    /// The bar length to make, a multiple of the file's, as 5m, 4h or 1d
    #[arg(long, value_name = "LENGTH")]
    pub(super) to: Timeframe,
    /// When days and weeks end: utc (midnight; weeks with Sunday) or new_york (17:00 there, as FX keeps it)
    #[arg(long, value_name = "END", default_value_t)]
    pub(super) day_ends: DayEnd,
    /// Leaves out rows that repeat the row above in every cell
    #[arg(long)]
    pub(super) dedupe: bool,
    /// The file to write; its name ends in .csv, .csv.gz or .parquet
    #[arg(long, value_name = "FILE")]
    pub(super) out: PathBuf,
}

/// Arguments of `eval`.
#[derive(Args)]
pub(super) struct EvalArgs {
    /// The expression, as a strategy file would have it
    #[arg(value_name = "EXPR")]
    pub(super) expression: String,
    /// The price file or folder of one series, with its symbol
    #[arg(long, value_name = "FILE[:SYMBOL]")]
    pub(super) data: String,
    #[command(flatten)]
    pub(super) file: FileArgs,
    /// Gives a name in the expression a value; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) param: Vec<(String, f64)>,
    /// Writes here instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// Arguments of `lookahead`.
#[derive(Args)]
pub(super) struct LookaheadArgs {
    /// A strategy file or a name from `strategies list`
    #[arg(long, value_name = "FILE|NAME")]
    pub(super) strategy: String,
    /// The price file, with its symbol
    #[arg(long, value_name = "FILE[:SYMBOL]")]
    pub(super) data: String,
    #[command(flatten)]
    pub(super) file: FileArgs,
    /// Sets a strategy parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    pub(super) param: Vec<(String, f64)>,
    /// Prints one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// Arguments of `stats`.
#[derive(Args)]
pub(super) struct StatsArgs {
    /// A CSV file with a header
    pub(super) file: PathBuf,
    /// The column to measure
    #[arg(long, value_name = "NAME", required_unless_present = "trials", conflicts_with = "trials")]
    pub(super) column: Option<String>,
    /// Every column is a trial's period returns: the odds that the best of them is luck
    #[arg(long)]
    pub(super) trials: bool,
    /// Periods a year, as 252 for trading days
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub(super) periods: f64,
    /// What the column holds
    #[arg(long, value_enum, default_value = "returns")]
    pub(super) kind: SeriesKind,
    /// A CSV file with the same column of a benchmark, row for row
    #[arg(long, value_name = "FILE", conflicts_with = "trials")]
    pub(super) benchmark: Option<PathBuf>,
    /// Blocks of the cross-validation behind the probability of backtest overfitting; an even number
    #[arg(long, value_name = "N", default_value_t = 16, requires = "trials", value_parser = clap::value_parser!(u16).range(2..=20))]
    pub(super) blocks: u16,
    /// Prints one JSON document
    #[arg(long)]
    pub(super) json: bool,
}

/// What a column of `stats` holds.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SeriesKind {
    /// Simple returns per period, 0.01 for one percent
    Returns,
    /// Account values, the first being the start
    Equity,
}

/// Arguments of `report`.
#[derive(Args)]
pub(super) struct ReportArgs {
    /// Run folders
    #[arg(required = true, value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
}

/// Arguments of `compare`.
#[derive(Args)]
pub(super) struct CompareArgs {
    /// The first run folder
    #[arg(value_name = "RUN")]
    pub(super) a: PathBuf,
    /// The second run folder; differences are the second less the first
    #[arg(value_name = "RUN")]
    pub(super) b: PathBuf,
    /// Writes the comparison as a page too
    #[arg(long, value_name = "FILE.html")]
    pub(super) out: Option<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Args)]
pub(super) struct ExplainArgs {
    /// A key of run.json's metrics, as sharpe; without one, lists them
    pub(super) metric: Option<String>,
    /// A run folder, to show its value there
    #[arg(value_name = "RUN_DIR")]
    pub(super) run: Option<PathBuf>,
}

/// Arguments of `reproduce`.
#[derive(Args)]
pub(super) struct ReproduceArgs {
    /// The run folder
    #[arg(value_name = "RUN_DIR")]
    pub(super) run: PathBuf,
    /// Threads to use; the result does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
}

fn format_name(text: &str) -> Result<FormatName, String> {
    if text == "auto" { Ok(FormatName::Auto) } else { text.parse().map(FormatName::Named) }
}

fn parameter(text: &str) -> Result<(String, f64), String> {
    let (name, value) = text.split_once('=').ok_or("write it as name=value")?;
    if name.trim().is_empty() {
        return Err("write it as name=value".to_owned());
    }
    let value = value.trim().parse().ok().filter(|v: &f64| v.is_finite()).ok_or(format!("'{value}' is not a number"))?;
    Ok((name.trim().to_owned(), value))
}

fn moment(text: &str) -> Result<Nanos, String> {
    Nanos::parse_date_or_moment(text).ok_or_else(|| format!("'{text}' is neither a date (2017-03-01) nor an RFC 3339 moment"))
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("'{text}' is not a whole number of 0 or more"))
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|v: &f64| v.is_finite() && *v > 0.0).ok_or_else(|| format!("'{text}' is not a number above 0"))
}

/// Arguments of `models`.
#[derive(Args)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    pub(super) command: ModelsCommand,
}

/// What to do with a model.
#[derive(Subcommand)]
pub(super) enum ModelsCommand {
    /// Predicts rows of features: one column a class, or the one score of two classes or of a number
    #[command(
        after_help = "Examples:\n  cthulu-lab models predict datasets/models/direction.txt --rows datasets/models/rows.csv --out odds.csv\n  \
        cthulu-lab models predict datasets/models/direction.txt --rows datasets/models/rows.csv --raw"
    )]
    Predict(PredictArgs),
}

/// Arguments of `models predict`.
#[derive(Args)]
pub(super) struct PredictArgs {
    /// A LightGBM text model, as save_model writes it
    #[arg(value_name = "LIGHTGBM.txt")]
    pub(super) model: PathBuf,
    /// A CSV file with a column for each of the model's features, by name; an empty cell is a missing value
    #[arg(long, value_name = "FILE.csv")]
    pub(super) rows: PathBuf,
    /// Prints the sums of the trees instead of what they predict
    #[arg(long)]
    pub(super) raw: bool,
    /// Writes here instead of the terminal
    #[arg(long, value_name = "FILE.csv")]
    pub(super) out: Option<PathBuf>,
}
