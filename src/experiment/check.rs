//! The experiment with its files read and everything checked: nothing in it can still be wrong when the loop starts.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    broker::{Costs, Venue},
    data::{self, Dataset, Finding, Instruments, Manifest, ReadOptions},
    error::{Error, Result, suggest},
    market::{Bars, Calendar, Gap, Instrument, PriceSide, Quoting},
    risk::Lots,
    time::DAY,
};

use super::{
    finer::{self, FinerSource},
    group::{self, Share},
    seats::{Placed, place},
    spec::{CostSpec, DataSpec, Spec, SpreadSpec},
    synth::Synthesis,
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
}

impl Experiment {
    /// Reads the files of a spec and checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place and remedy.
    pub fn new(mut spec: Spec) -> Result<Self> {
        check_numbers(&spec)?;
        if spec.data.is_empty() {
            return Err(Error::config("data", "there is no [[data]]; name at least one price file, or make one with synth"));
        }
        let costs = spec.costs.get_or_insert_default().clone();
        let instruments = Instruments::at_hand()?;
        let mut sources = Vec::new();
        let shares = group::shares(&spec.data)?;
        for (data, share) in spec.data.iter_mut().zip(shares) {
            let asked = Asked { account: &spec.account, costs: &costs, fills: &spec.fills, seed: spec.seed, share };
            sources.push(source(data, &asked, &instruments)?);
        }
        group::check_frames(&sources)?;
        let mut symbols = BTreeSet::new();
        if let Some(again) = sources.iter().find(|s| !symbols.insert(s.instrument.symbol.as_str())) {
            let problem = format!("two files have the symbol '{}'; give each a symbol of its own", again.instrument.symbol);
            return Err(Error::config("data", problem));
        }
        finer::check_named(&spec.fills, &sources)?;
        let placed = place(&spec, &sources)?;
        let warnings = warnings(&spec, &sources, &instruments);
        Ok(Self { spec, sources, placed, warnings })
    }
}

fn check_numbers(spec: &Spec) -> Result<()> {
    let costs = spec.costs.clone().unwrap_or_default();
    let spread = if let SpreadSpec::Points(points) = costs.spread { points } else { 0.0 };
    let sizing = match spec.account.sizing {
        crate::risk::Sizing::Fraction(v) | crate::risk::Sizing::Risk(v) | crate::risk::Sizing::Lots(v) => v,
    };
    // Beyond these a float no longer counts cents, and no account is like that.
    let positive = [
        ("account.cash", spec.account.cash, 1e15),
        ("account.leverage", spec.account.leverage, 1e6),
        ("account.sizing.value", sizing, 1e12),
    ];
    let not_negative = [
        ("costs.spread", spread),
        ("costs.slippage_points", costs.slippage_points),
        ("costs.commission_fraction", costs.commission_fraction),
        ("costs.commission_per_lot", costs.commission_per_lot),
        ("costs.commission_per_order", costs.commission_per_order),
        ("fills.limit_through", spec.fills.limit_through.unwrap_or(0.0)),
    ];
    for (place, value, most) in positive {
        if !(value.is_finite() && value > 0.0) {
            return Err(Error::config(place, format!("{value} is not a number above 0")));
        }
        if value > most {
            return Err(Error::config(place, format!("{value:e} is more than any account has; at most {most:e} is taken")));
        }
    }
    for (place, value) in not_negative {
        if !value.is_finite() {
            return Err(Error::config(place, format!("{value} is not a number")));
        }
        if value < 0.0 {
            let remedy = if place.starts_with("costs") { "costs are written as positive numbers" } else { "0 is a touch" };
            return Err(Error::config(place, format!("{value} is negative; {remedy}")));
        }
    }
    if costs.commission_fraction >= 1.0 {
        let problem = format!("{} would be the whole price and more; 0.0002 is two hundredths of a percent", costs.commission_fraction);
        return Err(Error::config("costs.commission_fraction", problem));
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
    Ok(())
}

/// What the whole experiment asks of each of its price files.
struct Asked<'a> {
    account: &'a super::AccountSpec,
    costs: &'a CostSpec,
    fills: &'a super::FillSpec,
    seed: u64,
    share: Option<Share>,
}

fn source(spec: &mut DataSpec, asked: &Asked<'_>, instruments: &Instruments) -> Result<Source> {
    let account = asked.account;
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
    let instrument = instrument(&symbol, known, account.lots, instruments)?;
    let hours = spec.calendar.or(known.map(|known| known.calendar));
    let instrument = Instrument { calendar: hours.unwrap_or(instrument.calendar), ..instrument };
    if let Some(quote) = instrument.quote_currency.as_ref().filter(|quote| **quote != account.currency) {
        let problem =
            format!("{symbol} is quoted in {quote} and the account is in {}; set account.currency = \"{quote}\"", account.currency);
        return Err(Error::config("account.currency", problem));
    }
    if let Some(finer) = spec.finer.as_ref().filter(|_| spec.synth.is_some()) {
        return Err(Error::config("data.finer", format!("'{finer}' cannot be what a synthetic market was made of; leave the key out")));
    }
    if let Some(made) = Synthesis::of(spec, &instrument, (asked.seed, asked.share.clone()))? {
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
    let venue = venue(spec, (asked.costs, asked.fills), &instrument, &dataset)?;
    let days = hours.unwrap_or_else(|| days_of(&dataset.bars));
    let gaps = gaps(&dataset.bars, hours);
    let finer = FinerSource::of(spec, asked.fills, &instrument, &dataset)?;
    Ok(Source { spec: spec.clone(), dataset, instrument, venue, days, gaps, synthesis: None, finer })
}

/// How a price file of this instrument is read.
pub(super) fn read_options(spec: &DataSpec, instrument: &Instrument, hours: Option<Calendar>) -> Result<ReadOptions> {
    Ok(ReadOptions {
        format: spec.format,
        zone: spec.zone.as_deref().map(zone).transpose()?,
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
    let venue = venue(&shown, (asked.costs, asked.fills), &instrument, &dataset)?;
    // A market that is made has every bar of its hours.
    let gaps = Arc::new([]);
    Ok(Source { spec: shown, dataset, days: instrument.calendar, instrument, venue, gaps, synthesis: Some(made), finer: None })
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

/// How `symbol` is traded, `known` or not.
fn instrument(symbol: &str, known: Option<&Instrument>, lots: Lots, instruments: &Instruments) -> Result<Instrument> {
    match known {
        _ if symbol.trim().is_empty() => Err(Error::config("data.symbol", "the symbol is empty; name what the file prices")),
        Some(instrument) if lots == Lots::Broker => Ok(instrument.clone()),
        // Any size means units: one lot is one unit, whatever a broker's lot holds.
        Some(instrument) => {
            Ok(Instrument { contract_size: 1.0, lot_step: 0.0, min_lots: 0.0, max_lots: f64::INFINITY, ..instrument.clone() })
        }
        None if lots == Lots::Broker => {
            let nearest = suggest(symbol, instruments.symbols());
            let problem = format!("'{symbol}' is not in instruments.toml, and lots = \"broker\" needs its lot size{nearest}");
            Err(Error::config("data.symbol", problem))
        }
        None => Ok(Instrument::fractional(symbol)),
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

fn zone(name: &str) -> Result<chrono_tz::Tz> {
    name.parse().map_err(|_| Error::config("data.zone", format!("'{name}' is not a zone of the tz database, such as UTC or Europe/Athens")))
}

fn venue(spec: &DataSpec, (costs, fills): (&CostSpec, &super::FillSpec), instrument: &Instrument, dataset: &Dataset) -> Result<Venue> {
    let points = |key: &str, points: f64| match instrument.point {
        _ if points == 0.0 => Ok(0.0),
        Some(point) => Ok(points * point),
        None => Err(Error::config(
            key,
            format!(
                "{points} points need the size of a point, and '{}' is not in instruments.toml; name its symbol there, add it, or state \
                 costs as commission_fraction",
                instrument.symbol
            ),
        )),
    };
    let quoted = dataset.bars.ask().is_some() || dataset.bars.spread().is_some();
    let spread = match costs.spread {
        SpreadSpec::Named(_) if !quoted => {
            let problem = format!("spread = \"data\", but {} has neither quotes nor a spread column; give the spread in points", spec.path);
            return Err(Error::config("costs.spread", problem));
        }
        SpreadSpec::Named(_) => None,
        // Quotes of both sides are the truth about the spread unless a number is asked for.
        SpreadSpec::Points(p) if p == 0.0 && quoted => None,
        SpreadSpec::Points(p) => Some(points("costs.spread", p)?),
    };
    points("fills.limit_through", fills.limit_through.unwrap_or(0.0))?;
    let costs = Costs {
        commission_fraction: costs.commission_fraction,
        commission_per_lot: costs.commission_per_lot,
        commission_per_order: costs.commission_per_order,
        slippage: points("costs.slippage_points", costs.slippage_points)?,
    };
    Ok(Venue { quoting: Quoting { side: spec.price_side.unwrap_or_default(), spread }, costs, contract_size: instrument.contract_size })
}
