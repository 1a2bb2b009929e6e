//! The experiment with its files read and everything checked: nothing in it can still be wrong when the loop starts.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    broker::Venue,
    data::{self, Dataset, Finding, Instruments, Manifest, ReadOptions},
    error::{Error, Result},
    market::{Bars, Calendar, Gap, Instrument, PriceSide},
    time::DAY,
};

use super::{
    conversion,
    cost_spec::CostSpec,
    finer::{self, FinerSource},
    group::{self, Share},
    seats::{Placed, place},
    spec::{DataSpec, Spec},
    synth::Synthesis,
    terms::{self, SideFile},
    warnings::warnings,
};

/// One price file, read, or one synthetic market, made.
#[derive(Clone)]
pub struct Source {
    /// As asked for, the symbol filled in.
    pub spec: DataSpec,
    /// Its rows.
    pub dataset: Dataset,
    /// What it prices.
    pub instrument: Instrument,
    /// How it trades.
    pub venue: Venue,
    /// Files beside the prices that this depends on.
    pub side_files: Vec<SideFile>,
    /// What its trading days are counted by.
    pub days: Calendar,
    /// Holes in its rows that its market's hours do not explain.
    pub gaps: Arc<[Gap]>,
    /// How its rows were made, where they were not read.
    pub synthesis: Option<Synthesis>,
    /// What its bars were made of, where that is named and looked at.
    pub finer: Option<FinerSource>,
}

/// A checked experiment.
pub struct Experiment {
    /// The question, defaults filled in.
    pub spec: Spec,
    /// The prices.
    pub sources: Vec<Source>,
    /// The strategies, in seat order.
    pub placed: Vec<Placed>,
    /// What the reader of the report should know.
    pub warnings: Vec<String>,
    /// Prices that are there as rates between currencies alone.
    pub(super) rates: Vec<Source>,
    /// The id of the run that this is played for, where that is not its own.
    pub(super) run_id: Option<String>,
}

impl Experiment {
    /// The same question with other parameters.
    pub(super) fn with_placed(&self, placed: Vec<Placed>) -> Self {
        let Self { spec, sources, warnings, rates, run_id, .. } = self;
        let (spec, sources, warnings, rates) = (spec.clone(), sources.clone(), warnings.clone(), rates.clone());
        Self { spec, sources, placed, warnings, rates, run_id: run_id.clone() }
    }

    /// Takes back the warning that a backtest ignores sections: this is to be none.
    pub(super) fn drop_ignored_warning(&mut self) {
        self.warnings.retain(|warning| !warning.starts_with(super::warnings::IGNORED));
    }

    /// Reads the files of a spec and checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and remedy.
    pub fn new(mut spec: Spec) -> Result<Self> {
        check_numbers(&spec)?;
        if spec.data.is_empty() {
            return Err(Error::config("data", "there is no [[data]]; name at least one price file, or make one with synth"));
        }
        let costs = spec.costs.get_or_insert_with(CostSpec::free).clone();
        let asked = spec.clone();
        let instruments = Instruments::at_hand()?;
        let mut sources = Vec::new();
        let shares = group::shares(&spec.data)?;
        for (data, share) in spec.data.iter_mut().zip(shares) {
            sources.push(source(data, &Asked { spec: &asked, costs: &costs, share }, &instruments)?);
        }
        group::check_frames(&sources)?;
        let mut symbols = BTreeSet::new();
        if let Some(again) = sources.iter().find(|s| !symbols.insert(s.instrument.symbol.as_str())) {
            let problem = format!("two files have the symbol '{}'; give each a symbol of its own", again.instrument.symbol);
            return Err(Error::config("data", problem));
        }
        finer::check_named(&spec.fills, &sources)?;
        terms::check_names(&spec, &symbols.into_iter().collect::<Vec<_>>())?;
        let (mut sources, others): (Vec<Source>, Vec<Source>) = sources.into_iter().partition(|source| source.spec.trade);
        if sources.is_empty() {
            return Err(Error::config("data.trade", "no [[data]] is traded; leave trade = false out of one"));
        }
        conversion::convert(&mut sources, &others, &spec)?;
        let placed = place(&spec, &sources)?;
        let warnings = warnings(&spec, &sources, &instruments);
        Ok(Self { spec, sources, placed, warnings, rates: others, run_id: None })
    }
}

fn check_numbers(spec: &Spec) -> Result<()> {
    spec.costs.as_ref().map_or(Ok(()), CostSpec::check)?;
    let sizing = match spec.account.sizing {
        crate::risk::Sizing::Fraction(v) | crate::risk::Sizing::Risk(v) | crate::risk::Sizing::Lots(v) => v,
    };
    // Beyond these a float no longer counts cents, and no account is like that.
    let positive = [
        ("account.cash", spec.account.cash, 1e15),
        ("account.leverage", spec.account.leverage, 1e6),
        ("account.sizing.value", sizing, 1e12),
    ];
    let through = spec.fills.limit_through.unwrap_or(0.0);
    if !through.is_finite() {
        return Err(Error::config("fills.limit_through", format!("{through} is not a number")));
    }
    if through < 0.0 {
        return Err(Error::config("fills.limit_through", format!("{through} is negative; 0 is a touch")));
    }
    for (place, value, most) in positive {
        if !(value.is_finite() && value > 0.0) {
            return Err(Error::config(place, format!("{value} is not a number above 0")));
        }
        if value > most {
            return Err(Error::config(place, format!("{value:e} is more than any account has; at most {most:e} is taken")));
        }
    }
    if let crate::risk::Sizing::Risk(fraction) = spec.account.sizing
        && fraction > 1.0
    {
        return Err(Error::config(
            "account.sizing.value",
            format!("{fraction} is more than the whole equity at risk; 0.01 is one percent"),
        ));
    }
    if spec.risk.max_positions == Some(0) {
        return Err(Error::config("risk.max_positions", "0 refuses every entry; leave the key out for no limit"));
    }
    let fractions = [
        ("risk.max_daily_loss_fraction", spec.risk.max_daily_loss_fraction),
        ("risk.max_drawdown_fraction", spec.risk.max_drawdown_fraction),
    ];
    for (place, value) in fractions.into_iter().filter_map(|(p, v)| v.map(|v| (p, v))) {
        if !(value > 0.0 && value <= 1.0) {
            return Err(Error::config(place, format!("{value} is not a fraction above 0 and up to 1; 0.05 is five percent")));
        }
    }
    if spec.fills.market == super::MarketFillSpec::Close && spec.costs.as_ref().is_some_and(|costs| costs.latency_ms > 0.0) {
        let problem =
            "orders that fill at the close that decided them have no latency; use fills.market = \"next_open\", or latency_ms = 0";
        return Err(Error::config("costs.latency_ms", problem));
    }
    Ok(())
}

/// What the whole experiment asks of each of its price files.
struct Asked<'a> {
    spec: &'a Spec,
    costs: &'a CostSpec,
    share: Option<Share>,
}

fn source(spec: &mut DataSpec, asked: &Asked<'_>, instruments: &Instruments) -> Result<Source> {
    if let Some((from, to)) = spec.from.zip(spec.to).filter(|(from, to)| from >= to) {
        return Err(Error::config("from", format!("{from} is not before to, {to}; nothing lies between them")));
    }
    let (path, files, manifest) = match spec.synth {
        Some(_) => (PathBuf::from(&spec.path), Vec::new(), Synthesis::manifest(spec)?),
        None => stored(spec)?,
    };
    let trades_as_quotes = spec.price_side.or(manifest.price_side).is_some();
    fill_in(spec, &path, &manifest);
    let symbol = spec.symbol.clone().unwrap_or_default();
    let known = instruments.get(&symbol);
    let instrument = terms::instrument(&symbol, asked.spec, instruments, spec.trade)?;
    let is_described = known.is_some() || asked.spec.instrument.contains_key(&symbol);
    let hours = spec.calendar.or(is_described.then_some(instrument.calendar));
    let instrument = Instrument { calendar: hours.unwrap_or(instrument.calendar), ..instrument };
    if let Some(finer) = spec.finer.as_ref().filter(|_| spec.synth.is_some()) {
        return Err(Error::config("data.finer", format!("'{finer}' cannot be what a synthetic market was made of; leave the key out")));
    }
    if let Some(made) = Synthesis::of(spec, &instrument, (asked.spec.seed, asked.share.clone()))? {
        return synthetic(spec, made, instrument, asked);
    }
    let options = ReadOptions { trades_as_quotes, ..read_options(spec, &instrument, hours)? };
    let mut dataset = data::load_series(&path, &files, &options, (spec.from, spec.to))?;
    if !manifest.is_of(&dataset.sha256) {
        dataset.findings.push(Finding::changed_since_manifest());
    }
    spec.timeframe = Some(dataset.bars.timeframe());
    spec.zone = Some(dataset.zone.name().to_owned());
    cut(spec, &mut dataset)?;
    let days = hours.unwrap_or_else(|| days_of(&dataset.bars));
    let gaps = gaps(&dataset.bars, hours);
    let finer = FinerSource::of(spec, &asked.spec.fills, &instrument, &dataset)?;
    Ok(Source { gaps, finer, ..traded(spec, asked, (dataset, instrument, days), None)? })
}

/// How a price file of this instrument is read.
pub(super) fn read_options(spec: &DataSpec, instrument: &Instrument, hours: Option<Calendar>) -> Result<ReadOptions> {
    Ok(ReadOptions {
        format: spec.format,
        zone: spec.zone.as_deref().map(|name| terms::zone("data.zone", name)).transpose()?,
        date_order: spec.date_order,
        timeframe: spec.timeframe,
        point: instrument.point,
        calendar: hours,
        ..ReadOptions::default()
    })
}

/// What is missing in bars, by the market's hours or those that the bars seem to keep.
fn gaps(bars: &Bars, hours: Option<Calendar>) -> Arc<[Gap]> {
    let calendar = hours.unwrap_or_else(|| data::assumed_calendar(bars.opened_at(), bars.timeframe()));
    calendar.gaps(bars.opened_at().iter().copied(), bars.timeframe()).map(|(_, gap)| gap).collect()
}

/// Where the rows are stored: the path named, the files there, and what is said beside them.
fn stored(spec: &DataSpec) -> Result<(PathBuf, Vec<PathBuf>, Manifest)> {
    let path = existing(&spec.path)?;
    let series = data::find_series(&path, spec.symbol.as_deref(), spec.timeframe)?;
    let mut manifest = Manifest::beside(&series.files[0])?.unwrap_or_default();
    if path.is_dir() {
        // The first file's words stand for all; its hash is its own.
        manifest = Manifest { symbol: Some(series.symbol), sha256: None, ..manifest };
    }
    Ok((path, series.files, manifest))
}

fn synthetic(spec: &mut DataSpec, made: Synthesis, instrument: Instrument, asked: &Asked<'_>) -> Result<Source> {
    let mut dataset = made.dataset()?;
    spec.timeframe = Some(dataset.bars.timeframe());
    cut(spec, &mut dataset)?;
    let instrument = Instrument { calendar: made.calendar(), ..instrument };
    let shown = DataSpec { path: dataset.path.display().to_string(), ..spec.clone() };
    let days = instrument.calendar;
    traded(&shown, asked, (dataset, instrument, days), Some(made))
}

/// Prices with the terms on which they are traded.
fn traded(
    spec: &DataSpec,
    asked: &Asked<'_>,
    (dataset, instrument, days): (Dataset, Instrument, Calendar),
    synthesis: Option<Synthesis>,
) -> Result<Source> {
    let mut side_files = Vec::new();
    // A rate is nobody's deal.
    let costs = if spec.trade { asked.costs } else { &CostSpec::free() };
    let venue = terms::venue(spec, (costs, asked.spec), &instrument, &dataset, &mut side_files)?;
    // A market that is made has every bar of its hours.
    let gaps = Arc::new([]);
    Ok(Source { spec: spec.clone(), dataset, instrument, venue, side_files, days, gaps, synthesis, finer: None })
}

/// Leaves the span asked for.
pub(super) fn cut(spec: &DataSpec, dataset: &mut Dataset) -> Result<()> {
    let span = dataset.bars.span(spec.from, spec.to);
    if span.is_empty() {
        let problem = format!("no bar lies in the span asked for; the file runs from {} to {}", dataset.first, dataset.last);
        return Err(Error::data(&dataset.path, problem));
    }
    if span.len() < dataset.bars.len() {
        dataset.bars = Arc::new(dataset.bars.slice(span));
    }
    // The ticks of whole bars, so that a run on the ticks and one on their bars see the same bars.
    let last = dataset.bars.bar(dataset.bars.len() - 1);
    dataset.ticks = dataset.ticks.take().map(|ticks| ticks.between(dataset.bars.opened_at()[0], last.closed_at));
    Ok(())
}

/// The path of a price file that is there.
pub(super) fn existing(path: &str) -> Result<PathBuf> {
    match Path::new(path) {
        _ if path.is_empty() => {
            Err(Error::config("data", "a [[data]] table has neither path nor synth; name a price file or a market to make"))
        }
        there if there.exists() => Ok(there.to_owned()),
        absent => Err(Error::absent(absent)),
    }
}

/// Trading days of a file that nobody describes: every day where it has Saturdays, else those of the FX week, which hold an exchange's too.
fn days_of(bars: &Bars) -> Calendar {
    const SATURDAY: i64 = 5;
    let is_long_enough = bars.opened_at().first().zip(bars.opened_at().last()).is_some_and(|(first, last)| last.0 - first.0 > 14 * DAY);
    let has_saturdays = bars.opened_at().iter().any(|at| at.weekday() == SATURDAY);
    if is_long_enough && !has_saturdays { Calendar::Fx } else { Calendar::RoundTheClock }
}

/// Puts the manifest's words, and then the defaults, where the spec says nothing.
fn fill_in(spec: &mut DataSpec, path: &Path, manifest: &Manifest) {
    let Manifest { symbol, zone, date_order, format, price_side, calendar, .. } = manifest;
    spec.symbol = spec.symbol.take().or_else(|| symbol.clone()).or_else(|| Some(data::symbol_of(path)));
    spec.zone = spec.zone.take().or_else(|| zone.clone());
    spec.date_order = spec.date_order.or(*date_order);
    spec.format = spec.format.or(*format);
    spec.calendar = spec.calendar.or(*calendar);
    spec.price_side = spec.price_side.or(*price_side).or(Some(PriceSide::default()));
}
