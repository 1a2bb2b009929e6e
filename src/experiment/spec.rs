//! The experiment file as typed: names, defaults, and nothing checked beyond its shape.
//!
//! Unknown keys are refused with the nearest known name. Each default stands here once; `docs/experiment.md` lists them for users.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use super::{CostSpec, SearchSpec, SynthSpec, WalkforwardSpec, typed};
use crate::{
    data::{DateOrder, Format},
    error::Result,
    market::{Calendar, PriceSide, intrabar::Intrabar},
    risk::{Limits, Lots, Sizing},
    time::{Nanos, Timeframe},
};

/// One question, as a TOML file asks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What the run is called.
    #[serde(default = "unnamed")]
    pub name: String,
    /// The root of every random number.
    #[serde(default = "seed")]
    pub seed: u64,
    /// A strategy file or catalogue name, or several with their symbols and weights.
    pub strategy: StrategyChoice,
    /// Fixed parameter values.
    #[serde(default)]
    pub params: BTreeMap<String, f64>,
    /// The price files.
    pub data: Vec<DataSpec>,
    /// The account.
    #[serde(default)]
    pub account: AccountSpec,
    /// What trading costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub costs: Option<CostSpec>,
    /// Trading conditions by symbol, over those of the instruments' file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instrument: BTreeMap<String, toml::Table>,
    /// How orders fill.
    #[serde(default)]
    pub fills: FillSpec,
    /// When not to trade.
    #[serde(default)]
    pub risk: Limits,
    /// Which parameters a search tries, and how; a backtest keeps it as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchSpec>,
    /// How a walk-forward cuts the data and chooses; a backtest keeps it in its manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walkforward: Option<WalkforwardSpec>,
    /// What training does with this file; a backtest keeps it as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<toml::Table>,
}

/// One strategy, or several.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum StrategyChoice {
    /// A file or a catalogue name, on every symbol of the data.
    One(String),
    /// Several, each with its symbols and weight.
    Several(Vec<StrategySpec>),
}

/// One of several strategies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategySpec {
    /// A file or a catalogue name.
    pub strategy: String,
    /// Symbols it trades; all of the data where empty.
    #[serde(default)]
    pub symbols: Vec<String>,
    /// Share of the account's sizing.
    #[serde(default = "one")]
    pub weight: f64,
    /// Parameter values, over those of the experiment.
    #[serde(default)]
    pub params: BTreeMap<String, f64>,
}

/// One price file, or one synthetic market.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSpec {
    /// The file; empty where `synth` says what to make instead.
    #[serde(default)]
    pub path: String,
    /// A market to make instead of a file to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub synth: Option<SynthSpec>,
    /// What it prices; that of the file's manifest where absent, and then the file's name up to its first `_`, `-` or dot.
    #[serde(default)]
    pub symbol: Option<String>,
    /// Length of a bar, checked against the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeframe: Option<Timeframe>,
    /// Clock of times without an offset, as `UTC` or `Europe/Athens`; that of the file's manifest where absent, and then UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What dates start with, where they do not start with the year; as the file's manifest says where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
    /// How the file is written, as `mt5` or `histdata`; as its manifest says where absent, and then told from the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What a one-price file holds; that of the file's manifest where absent, and then the bid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_side: Option<PriceSide>,
    /// Hours of the market, as `fx` or `us_equity`; as the file's manifest says where absent, and then the instrument's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// A file of the same symbol's finer bars or ticks, for the true path inside each bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finer: Option<String>,
    /// First moment used.
    #[serde(default, deserialize_with = "typed::moment", skip_serializing_if = "Option::is_none")]
    pub from: Option<Nanos>,
    /// Moment before which bars are used.
    #[serde(default, deserialize_with = "typed::moment", skip_serializing_if = "Option::is_none")]
    pub to: Option<Nanos>,
    /// Whether strategies trade it; otherwise it is there for its prices, as a rate between currencies.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub trade: bool,
}

/// The account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSpec {
    /// Money at the start.
    pub cash: f64,
    /// What it is counted in.
    pub currency: String,
    /// How many times the margin a position may be; 1 for none.
    pub leverage: f64,
    /// Which sizes are accepted.
    pub lots: Lots,
    /// How sizes are chosen.
    pub sizing: Sizing,
}

impl Default for AccountSpec {
    fn default() -> Self {
        Self { cash: 10_000.0, currency: "USD".into(), leverage: 1.0, lots: Lots::Fractional, sizing: Sizing::Fraction(1.0) }
    }
}

/// How orders fill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FillSpec {
    /// When market orders fill.
    pub market: MarketFillSpec,
    /// What came first inside a bar.
    pub intrabar: Intrabar,
    /// Points by which a price must pass a limit for it to fill, 0 for a touch; absent, by anything at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_through: Option<f64>,
    /// Plays every way of settling the order of prices inside a bar, and reports each figure as an interval.
    #[serde(skip_serializing_if = "is_off")]
    pub interval: bool,
    /// Closes what is open at the last close.
    pub close_at_end: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_off(on: &bool) -> bool {
    !*on
}

/// When market orders fill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarketFillSpec {
    /// At the next bar's open.
    #[default]
    NextOpen,
    /// At the close that decided: optimistic.
    Close,
}

fn unnamed() -> String {
    "backtest".into()
}

const fn seed() -> u64 {
    7
}

const fn one() -> f64 {
    1.0
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_yes(value: &bool) -> bool {
    *value
}

impl DataSpec {
    /// A file of which nothing else is said.
    #[must_use]
    pub fn of(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            synth: None,
            symbol: None,
            timeframe: None,
            zone: None,
            date_order: None,
            format: None,
            price_side: None,
            calendar: None,
            finer: None,
            from: None,
            to: None,
            trade: true,
        }
    }
}

impl Spec {
    /// The least experiment: a strategy and price files, every default for the rest.
    #[must_use]
    pub fn of(name: impl Into<String>, strategy: impl Into<String>, data: Vec<DataSpec>) -> Self {
        Self {
            name: name.into(),
            seed: seed(),
            strategy: StrategyChoice::One(strategy.into()),
            params: BTreeMap::new(),
            data,
            account: AccountSpec::default(),
            costs: None,
            instrument: BTreeMap::new(),
            fills: FillSpec::default(),
            risk: Limits::default(),
            search: None,
            walkforward: None,
            model: None,
        }
    }

    /// Reads an experiment file's text; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Config`](crate::error::Error::Config) with the line, and the nearest known key for one that is unknown.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|error| typed::explain(path, text, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "strategy = \"sma_crossover\"\n[[data]]\npath = \"x.csv\"\n";

    #[test]
    fn the_least_file_has_every_default() {
        let spec = Spec::parse(LEAST, Path::new("x.toml")).unwrap();
        assert_eq!(spec.account, AccountSpec::default());
        assert_eq!((spec.seed, spec.costs.is_none(), spec.data[0].price_side), (7, true, None));
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_known() {
        let error = Spec::parse(&format!("{LEAST}[account]\nlevrage = 2.0\n"), Path::new("x.toml")).unwrap_err().to_string();
        assert_eq!(error, "x.toml, line 5: unknown key 'levrage'; did you mean 'leverage'?");
    }

    #[test]
    fn what_is_typed_wrong_is_told_in_plain_words() {
        let told = |more: &str| Spec::parse(&format!("{LEAST}{more}"), Path::new("x.toml")).unwrap_err().to_string();
        let cases = [
            ("[account]\ncash = \"10000\"", "x.toml, line 5, cash: \"10000\" is text in quotes where a number is expected"),
            ("[account]\nsizing = 0.01", "0.01 is a number where a table such as { method = \"risk\", value = 0.01 } is expected"),
            (
                "[account]\nsizing = { method = \"kelly\", value = 1 }",
                "'kelly' is planned and not built yet; use one of: fraction, risk, lots",
            ),
            ("[account]\nsizing = { method = \"risk\" }", "the key 'value' is missing"),
            ("[account]\nsizing = { method = \"risk\", value = 0.01, x = 1 }", "unknown key 'x'"),
            ("[fills]\nintrabar = \"optimstic\"", "did you mean 'optimistic'?"),
            ("[fills]\nlimit_throgh = 1", "did you mean 'limit_through'?"),
            ("[fills]\nmarket = 1", "line 5, market: a word in quotes is expected"),
            ("[fills]\nintrabar = \"pesimistic\"", "did you mean 'pessimistic'?"),
            ("synth = { kind = \"regimes\" }", "synth: the key 'bars' is missing"),
            ("[costs]\nspread = \"dta\"", "line 5, spread: unknown value 'dta'; did you mean 'data'?"),
            ("[costs]\nspread = true", "true is a yes or no where a number of points, or \"data\" is expected"),
            ("[risk]\nmax_positions = -1", "-1 is a number where a whole number of 0 or more is expected"),
            ("from = \"1 May\"", "'1 May' is neither a date"),
            ("from = 10:00:00", "neither a date"),
        ];
        for (more, words) in cases {
            assert!(told(more).contains(words), "{more}: {}", told(more));
        }
        let strategy = |typed: &str| Spec::parse(&format!("{typed}\n[[data]]\npath = \"x\""), Path::new("x.toml")).unwrap_err().to_string();
        assert!(strategy("strategy = 5").contains("5 is a number where a strategy's name or file, or [[strategy]] tables is expected"));
        assert!(strategy("[[strategy]]\nstrategy = \"a\"\nweihgt = 2").contains("line 3: unknown key 'weihgt'; did you mean 'weight'?"));
        assert!(strategy("name = \"a\"").contains("the key 'strategy' is missing; it names a strategy file"));
        assert!(strategy("about = \"a\"\nstrategy = \"b\"").contains("--strategy x.toml"));
    }

    #[test]
    fn dates_may_stand_without_quotes() {
        let from = |typed: &str| Spec::parse(&format!("{LEAST}from = {typed}"), Path::new("x.toml")).unwrap().data[0].from;
        assert_eq!(from("2017-05-01"), from("\"2017-05-01\""));
        assert_eq!(from("2017-05-01T10:00:00Z"), from("\"2017-05-01T10:00:00Z\""));
        assert!(from("2017-05-01").is_some());
    }

    #[test]
    fn a_written_spec_reads_back() {
        let spec = Spec::parse(&format!("{LEAST}[costs]\nspread = \"data\"\nslippage_points = 2.0\n"), Path::new("x.toml")).unwrap();
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(Spec::parse(&text, Path::new("x.toml")).unwrap(), spec);
    }
}
