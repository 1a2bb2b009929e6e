//! `synth = { kind = "regimes", bars = 100000 }`: a market that is made, where another table names a file.
//!
//! The same table makes the same bars: by its own `seed` where it has one, which then are those of `data synth` with that seed, else by
//! the experiment's seed and the symbol.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{group::Share, spec::DataSpec};
use crate::{
    data::{Dataset, Manifest, ReadOptions, read_bars},
    error::{Error, Result, suggest},
    feed::synth::{Frame, KindInfo, Recipe, START},
    market::{Bars, Calendar, Instrument, PriceSide},
    seed::Seed,
    time::{HOUR, Nanos, Timeframe},
};

/// What a market is called that nobody named.
pub(super) const SYMBOL: &str = "SYNTH";
/// Keys of the table that are no parameters.
const KEYS: [&str; 9] = ["kind", "bars", "timeframe", "calendar", "start", "seed", "source", "group", "group_correlation"];

/// A market to make. Keys that are not named here are the kind's parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SynthSpec {
    /// Which kind, as listed by `data synth list`.
    pub kind: String,
    /// How many bars.
    pub bars: usize,
    /// How long each; an hour where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeframe: Option<Timeframe>,
    /// Trading hours; the instrument's where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// When the first bar may open; 2020-01-06 where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Nanos>,
    /// Makes the same bars whatever the experiment's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The price file that a bootstrap draws from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Tables of one group share their shocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Correlation of its shocks with those of the group's earlier tables: one number for all, or one for each in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_correlation: Option<With>,
    /// The kind's parameters.
    #[serde(flatten)]
    pub params: BTreeMap<String, f64>,
}

/// A correlation with each of several others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or a list with one for each earlier table of the group")]
pub enum With {
    /// The same with all.
    All(f64),
    /// One for each.
    Each(Vec<f64>),
}

impl SynthSpec {
    /// The kind with its parameters, and its series read where it has one.
    ///
    /// # Errors
    /// For an unknown kind or key, with the nearest known one; for a value outside its range; for a source that cannot be read.
    pub fn recipe(&self) -> Result<Recipe> {
        let info = KindInfo::named(&self.kind)?;
        let names = info.all_parameters().map(|p| p.name);
        if let Some(typed) = self.params.keys().find(|typed| !names.clone().any(|name| name == *typed)) {
            let problem = format!("there is no parameter '{typed}'{}", suggest(typed, names.chain(KEYS)));
            return Err(Error::config(info.name, problem));
        }
        match &self.source {
            None => Recipe::new(&self.kind, &self.params),
            Some(file) => Recipe::of_source(&self.kind, &self.params, Arc::new(read_source(Path::new(file))?)),
        }
    }

    /// The bars to make, on an instrument's point and, where the table names none, in its hours.
    #[must_use]
    pub fn frame(&self, instrument: &Instrument) -> Frame {
        Frame {
            bars: self.bars,
            timeframe: self.timeframe.unwrap_or_else(|| Timeframe::from_ns(HOUR).expect("an hour is positive")),
            calendar: self.calendar.unwrap_or(instrument.calendar),
            start: self.start.unwrap_or(START),
            point: instrument.point,
        }
    }
}

/// The series a bootstrap draws from, read as its manifest says.
fn read_source(path: &Path) -> Result<Bars> {
    let manifest = Manifest::beside(path)?.unwrap_or_default();
    let zone = manifest.zone.map(|name| {
        name.parse()
            .map_err(|_| Error::config(path.display().to_string(), format!("its manifest's zone '{name}' is not in the tz database")))
    });
    read_bars(path, &ReadOptions { zone: zone.transpose()?, date_order: manifest.date_order, ..ReadOptions::default() })
}

/// A market ready to be made, once or on many paths.
#[derive(Clone)]
pub struct Synthesis {
    recipe: Recipe,
    frame: Frame,
    seed: Seed,
    share: Option<Share>,
}

impl Synthesis {
    /// What a table without a file's manifest takes its defaults from; refuses what only a file can have.
    pub(super) fn manifest(spec: &DataSpec) -> Result<Manifest> {
        let of_files = [
            ("path", !spec.path.is_empty()),
            ("zone", spec.zone.as_deref().is_some_and(|zone| zone != "UTC")),
            ("date_order", spec.date_order.is_some()),
            ("price_side", spec.price_side.is_some_and(|side| side != PriceSide::Bid)),
        ];
        if let Some((key, _)) = of_files.iter().find(|(_, is_there)| *is_there) {
            return Err(Error::config(
                format!("data.{key}"),
                "belongs to a price file, and this table has synth; leave out one of the two",
            ));
        }
        Ok(Manifest { symbol: Some(SYMBOL.to_owned()), ..Manifest::default() })
    }

    /// The market that a table asks for; `None` where it names a file. `share` is its place among those of its group.
    pub(super) fn of(spec: &DataSpec, instrument: &Instrument, (experiment_seed, share): (u64, Option<Share>)) -> Result<Option<Self>> {
        let Some(synth) = &spec.synth else { return Ok(None) };
        if let (Some(own), Some(outer)) = (synth.timeframe, spec.timeframe)
            && own != outer
        {
            return Err(Error::config("data.timeframe", format!("{outer} is not the {own} of synth; leave out one of the two")));
        }
        if let (Some(own), Some(outer)) = (synth.calendar, spec.calendar)
            && own != outer
        {
            return Err(Error::config("data.calendar", format!("{outer} is not the {own} of synth; leave out one of the two")));
        }
        let (timeframe, calendar) = (synth.timeframe.or(spec.timeframe), synth.calendar.or(spec.calendar));
        let table = SynthSpec { timeframe, calendar, ..synth.clone() };
        let root = || Seed::new(experiment_seed).child("data");
        let by_name = || match &synth.group {
            Some(group) => root().child("group").child(group),
            None => root().child(&instrument.symbol),
        };
        let seed = synth.seed.map_or_else(by_name, Seed::new);
        Ok(Some(Self { recipe: table.recipe()?, frame: table.frame(instrument), seed, share }))
    }

    /// Its group, where it has one.
    #[must_use]
    pub const fn share(&self) -> Option<&Share> {
        self.share.as_ref()
    }

    pub(super) const fn calendar(&self) -> Calendar {
        self.frame.calendar
    }

    /// How it is made.
    #[must_use]
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The bars it makes.
    #[must_use]
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The same market drawn anew; each path is another.
    pub(super) fn on_path(&self, path: u64) -> Self {
        Self { seed: self.seed.child("path").at(path), ..self.clone() }
    }

    /// Makes the bars.
    pub(super) fn dataset(&self) -> Result<Dataset> {
        let bars = match &self.share {
            None => self.recipe.generate(&self.frame, &self.seed)?.bars,
            Some(share) => self.recipe.generate_one_of(&self.frame, &self.seed, (&share.correlation, share.index))?.bars,
        };
        let (first, last) = (bars.opened_at()[0], bars.opened_at()[bars.len() - 1]);
        Ok(Dataset {
            rows: bars.len() as u64,
            sha256: content_sha256(&bars),
            bars: Arc::new(bars),
            findings: Vec::new(),
            path: PathBuf::from(format!("synthetic {}", self.recipe.info().name)),
            first,
            last,
            zone: chrono_tz::Tz::UTC,
            ticks: None,
        })
    }
}

/// Hex SHA-256 of what bars hold: timeframe, times, prices, volume and ask, each number in its eight bytes, column by column.
fn content_sha256(bars: &Bars) -> String {
    let mut hash = Sha256::new();
    let mut column = |values: &mut dyn Iterator<Item = [u8; 8]>| {
        let bytes: Vec<u8> = values.flatten().collect();
        hash.update(bytes);
    };
    column(&mut std::iter::once(bars.timeframe().ns().to_le_bytes()));
    column(&mut bars.opened_at().iter().map(|at| at.0.to_le_bytes()));
    for values in [bars.open(), bars.high(), bars.low(), bars.close(), bars.volume()] {
        column(&mut values.iter().map(|value| value.to_le_bytes()));
    }
    let sides = |ask: &crate::market::Ohlc| [ask.open, ask.high, ask.low, ask.close];
    column(&mut bars.ask().into_iter().flatten().flat_map(sides).map(f64::to_le_bytes));
    crate::data::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Experiment, Spec};

    fn experiment(data: &str) -> Result<Experiment> {
        let text = format!("strategy = \"sma_crossover\"\n[[data]]\n{data}\n");
        Spec::parse(&text, Path::new("x.toml")).and_then(Experiment::new)
    }

    #[track_caller]
    fn refused(data: &str, words: &[&str]) {
        let problem = experiment(data).err().expect("refused").to_string();
        assert!(words.iter().all(|word| problem.contains(word)), "{problem}");
    }

    #[test]
    fn a_table_makes_the_same_bars_by_its_own_seed_whatever_the_experiments() {
        let sha = |data: &str| experiment(data).unwrap().sources[0].dataset.sha256.clone();
        let own = "synth = { kind = \"gbm\", bars = 100, seed = 3 }";
        assert_eq!(sha(own), sha(&format!("symbol = \"OTHER\"\n{own}")));
        // without it, the symbol tells two tables of one experiment apart
        let none = "synth = { kind = \"gbm\", bars = 100 }";
        assert_eq!(sha(none), sha(none));
        assert_ne!(sha(none), sha(&format!("symbol = \"OTHER\"\n{none}")));
    }

    #[test]
    fn a_known_instrument_brings_its_point_and_hours() {
        let made = experiment("symbol = \"EURUSD\"\nsynth = { kind = \"gbm\", bars = 200, price = 1.1 }").unwrap();
        let source = &made.sources[0];
        assert_eq!((source.days, source.synthesis.as_ref().unwrap().frame().point), (Calendar::Fx, Some(1e-5)));
        assert!(source.dataset.bars.close().iter().all(|p| ((p * 1e5).round() / 1e5).to_bits() == p.to_bits()));
        assert!(made.warnings.iter().any(|w| w.contains("EURUSD are synthetic")), "{:?}", made.warnings);
    }

    #[test]
    fn mistakes_in_a_table_are_named() {
        refused("synth = { kind = \"gmb\", bars = 100 }", &["'gmb'", "did you mean 'gbm'?"]);
        refused("synth = { kind = \"gbm\", bars = 100, volatilty = 0.1 }", &["did you mean 'volatility'?"]);
        refused("synth = { kind = \"gbm\", bars = 100, sed = 1 }", &["did you mean 'seed'?"]);
        refused("synth = { kind = \"gbm\", bars = 100, volatility = -1.0 }", &["volatility = -1 lies outside"]);
        refused("synth = { kind = \"garch\", bars = 100, alpha = 0.5, beta = 0.5 }", &["add up to 1"]);
        refused("synth = { kind = \"gbm\", bars = 1 }", &["at least 2"]);
        refused("synth = { kind = \"bootstrap\", bars = 100 }", &["needs a series"]);
        refused("synth = { kind = \"gbm\", bars = 100, source = \"datasets/sp500_d1.csv.gz\" }", &["belongs to bootstrap"]);
        refused("path = \"x.csv\"\nsynth = { kind = \"gbm\", bars = 100 }", &["data.path", "leave out one"]);
        refused("price_side = \"ask\"\nsynth = { kind = \"gbm\", bars = 100 }", &["data.price_side"]);
        refused("timeframe = \"4h\"\nsynth = { kind = \"gbm\", bars = 100, timeframe = \"1h\" }", &["4h is not the 1h of synth"]);
        refused("symbol = \"X\"", &["neither path nor synth"]);
        refused("calendar = \"fx\"\nsynth = { kind = \"gbm\", bars = 100, calendar = \"24/7\" }", &["fx is not the 24/7 of synth"]);
    }

    #[test]
    fn the_hash_is_over_every_column() {
        let made = |data: &str| experiment(data).unwrap().sources[0].dataset.sha256.clone();
        let base = made("synth = { kind = \"gbm\", bars = 100, seed = 3 }");
        for other in ["volume = 2000.0", "spread_fraction = 0.0002", "price = 101.0", "timeframe = \"2h\"", "start = \"2021-01-04\""] {
            assert_ne!(base, made(&format!("synth = {{ kind = \"gbm\", bars = 100, seed = 3, {other} }}")), "{other}");
        }
    }
}
