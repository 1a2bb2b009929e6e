//! The experiment with its files read and everything checked: nothing in it can still be wrong when the loop starts.

use std::{collections::BTreeSet, path::Path};

use crate::{
    broker::{Costs, Venue},
    data::{self, Dataset, Finding, Instruments, Manifest, ReadOptions},
    error::{Error, Result, suggest},
    market::{Bars, Calendar, Instrument, InstrumentId, PriceSide, Quoting},
    risk::Lots,
    rule::StrategyFile,
    strategy::strategy_text,
    time::DAY,
};

use super::spec::{CostSpec, DataSpec, Spec, SpreadSpec, StrategyChoice, StrategySpec};

/// The clock of times without an offset, where nobody names one.
const UTC: &str = "UTC";

/// One price file, read.
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
}

/// One strategy on one instrument.
pub struct Placed {
    /// The strategy, its parameters set.
    pub file: StrategyFile,
    /// Its file as written.
    pub text: String,
    /// Which source it trades.
    pub instrument: InstrumentId,
    /// Share of the account's sizing.
    pub weight: f64,
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
            return Err(Error::config("data", "there is no [[data]]; name at least one price file"));
        }
        let costs = spec.costs.get_or_insert_default().clone();
        let instruments = Instruments::at_hand()?;
        let mut sources = Vec::new();
        for data in &mut spec.data {
            sources.push(source(data, &spec.account, &costs, &instruments)?);
        }
        let symbols: BTreeSet<&str> = sources.iter().map(|s| s.instrument.symbol.as_str()).collect();
        if symbols.len() < sources.len() {
            return Err(Error::config("data", "two files have the same symbol; give each its own"));
        }
        let placed = place(&spec, &sources)?;
        let warnings = warnings(&spec, &sources);
        Ok(Self { spec, sources, placed, warnings })
    }
}

fn check_numbers(spec: &Spec) -> Result<()> {
    let costs = spec.costs.clone().unwrap_or_default();
    let spread = if let SpreadSpec::Points(points) = costs.spread { points } else { 0.0 };
    let sizing = match spec.account.sizing {
        crate::risk::Sizing::Fraction(v) | crate::risk::Sizing::Risk(v) | crate::risk::Sizing::Lots(v) => v,
    };
    let positive = [("account.cash", spec.account.cash), ("account.leverage", spec.account.leverage), ("account.sizing.value", sizing)];
    let not_negative = [
        ("costs.spread", spread),
        ("costs.slippage_points", costs.slippage_points),
        ("costs.commission_fraction", costs.commission_fraction),
        ("costs.commission_per_lot", costs.commission_per_lot),
        ("costs.commission_per_order", costs.commission_per_order),
    ];
    for (place, value) in positive {
        if !(value.is_finite() && value > 0.0) {
            return Err(Error::config(place, format!("{value} is not above 0")));
        }
    }
    for (place, value) in not_negative {
        if !(value.is_finite() && value >= 0.0) {
            return Err(Error::config(place, format!("{value} is negative; costs are written as positive numbers")));
        }
    }
    let fractions = [
        ("risk.max_daily_loss_fraction", spec.risk.max_daily_loss_fraction),
        ("risk.max_drawdown_fraction", spec.risk.max_drawdown_fraction),
    ];
    for (place, value) in fractions.into_iter().filter_map(|(p, v)| v.map(|v| (p, v))) {
        if !(value > 0.0 && value <= 1.0) {
            return Err(Error::config(place, format!("{value} is not a fraction between 0 and 1")));
        }
    }
    Ok(())
}

fn source(spec: &mut DataSpec, account: &super::AccountSpec, costs: &CostSpec, instruments: &Instruments) -> Result<Source> {
    let path = Path::new(&spec.path).to_owned();
    let series = data::find_series(&path, spec.symbol.as_deref(), spec.timeframe)?;
    let mut manifest = Manifest::beside(&series.files[0])?.unwrap_or_default();
    if path.is_dir() {
        // The first file's words stand for all; its hash is its own.
        manifest = Manifest { symbol: Some(series.symbol), sha256: None, ..manifest };
    }
    fill_in(spec, &path, &manifest);
    let symbol = spec.symbol.clone().unwrap_or_default();
    let known = instruments.get(&symbol);
    let instrument = match known {
        Some(instrument) if account.lots == Lots::Broker => instrument.clone(),
        // Any size means units: one lot is one unit, whatever a broker's lot holds.
        Some(instrument) => Instrument { contract_size: 1.0, lot_step: 0.0, min_lots: 0.0, max_lots: f64::INFINITY, ..instrument.clone() },
        None if account.lots == Lots::Broker => {
            let problem = format!(
                "'{symbol}' is not in instruments.toml{}; lots = \"broker\" needs its lot size",
                suggest(&symbol, instruments.symbols())
            );
            return Err(Error::config("data.symbol", problem));
        }
        None => Instrument::fractional(symbol.clone()),
    };
    if let Some(quote) = instrument.quote_currency.as_ref().filter(|quote| **quote != account.currency) {
        let problem =
            format!("{symbol} is quoted in {quote} and the account is in {}; set account.currency = \"{quote}\"", account.currency);
        return Err(Error::config("account.currency", problem));
    }
    let options = ReadOptions {
        zone: Some(zone(spec.zone.as_deref().unwrap_or(UTC))?),
        date_order: spec.date_order,
        timeframe: spec.timeframe,
        point: instrument.point,
        calendar: Some(instrument.calendar),
        ..ReadOptions::default()
    };
    let mut dataset = data::load_series(&path, &series.files, &options, instrument.calendar, (spec.from, spec.to))?;
    if !manifest.is_of(&dataset.sha256) {
        dataset.findings.push(Finding::changed_since_manifest());
    }
    spec.timeframe = Some(dataset.bars.timeframe());
    let span = dataset.bars.span(spec.from, spec.to);
    if span.is_empty() {
        return Err(Error::data(
            &path,
            format!("no bar lies in the span asked for; the file runs from {} to {}", dataset.first, dataset.last),
        ));
    }
    if span.len() < dataset.bars.len() {
        dataset.bars = std::sync::Arc::new(dataset.bars.slice(span));
    }
    // The ticks of whole bars, so that a run on the ticks and one on their bars see the same bars.
    let last = dataset.bars.bar(dataset.bars.len() - 1);
    dataset.ticks = dataset.ticks.map(|ticks| ticks.between(dataset.bars.opened_at()[0], last.closed_at));
    let venue = venue(spec, costs, &instrument, &dataset)?;
    let days = if known.is_some() { instrument.calendar } else { days_of(&dataset.bars) };
    Ok(Source { spec: spec.clone(), dataset, instrument, venue, days })
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
    let Manifest { symbol, zone, date_order, price_side, .. } = manifest;
    spec.symbol = spec.symbol.take().or_else(|| symbol.clone()).or_else(|| Some(data::symbol_of(path)));
    spec.zone = spec.zone.take().or_else(|| zone.clone()).or_else(|| Some(UTC.to_owned()));
    spec.date_order = spec.date_order.or(*date_order);
    spec.price_side = spec.price_side.or(*price_side).or(Some(PriceSide::default()));
}

fn zone(name: &str) -> Result<chrono_tz::Tz> {
    name.parse().map_err(|_| Error::config("data.zone", format!("'{name}' is not a zone of the tz database, such as UTC or Europe/Athens")))
}

fn venue(spec: &DataSpec, costs: &CostSpec, instrument: &Instrument, dataset: &Dataset) -> Result<Venue> {
    let points = |key: &str, points: f64| match instrument.point {
        _ if points == 0.0 => Ok(0.0),
        Some(point) => Ok(points * point),
        None => Err(Error::config(
            key,
            format!("{points} points need the size of a point, and '{}' is not in instruments.toml", instrument.symbol),
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
    let costs = Costs {
        commission_fraction: costs.commission_fraction,
        commission_per_lot: costs.commission_per_lot,
        commission_per_order: costs.commission_per_order,
        slippage: points("costs.slippage_points", costs.slippage_points)?,
    };
    Ok(Venue { quoting: Quoting { side: spec.price_side.unwrap_or_default(), spread }, costs, contract_size: instrument.contract_size })
}

fn place(spec: &Spec, sources: &[Source]) -> Result<Vec<Placed>> {
    let several = match &spec.strategy {
        StrategyChoice::One(name) => {
            vec![StrategySpec { strategy: name.clone(), symbols: Vec::new(), weight: 1.0, params: Default::default() }]
        }
        StrategyChoice::Several(several) => several.clone(),
    };
    let mut placed = Vec::new();
    for one in &several {
        let (text, place) = strategy_text(&one.strategy)?;
        let mut params = spec.params.clone();
        params.extend(one.params.clone());
        let file = StrategyFile::parse(&text, &place)?.with_params(&params)?;
        for symbol in &one.symbols {
            if !sources.iter().any(|s| s.instrument.symbol == *symbol) {
                let known = sources.iter().map(|s| s.instrument.symbol.as_str());
                return Err(Error::config("strategy.symbols", format!("there is no data for '{symbol}'{}", suggest(symbol, known))));
            }
        }
        for (index, source) in (0_u16..).zip(sources) {
            if one.symbols.is_empty() || one.symbols.contains(&source.instrument.symbol) {
                placed.push(Placed { file: file.clone(), text: text.clone(), instrument: InstrumentId(index), weight: one.weight });
            }
        }
    }
    if placed.len() > usize::from(u8::MAX) {
        return Err(Error::config("strategy", format!("{} strategy-symbol pairs; at most 255 run on one account", placed.len())));
    }
    Ok(placed)
}

fn warnings(spec: &Spec, sources: &[Source]) -> Vec<String> {
    let mut warnings = Vec::new();
    let free = |s: &Source| {
        let c = &s.venue.costs;
        c.commission_fraction + c.commission_per_lot + c.commission_per_order == 0.0
    };
    let spreadless =
        |s: &Source| s.venue.quoting.spread.is_none_or(|w| w == 0.0) && s.dataset.bars.ask().is_none() && s.dataset.bars.spread().is_none();
    if sources.iter().any(|s| spreadless(s) && free(s)) {
        warnings.push("Neither a spread nor a commission is charged: nobody trades for free, so these results are too good.".into());
    } else if sources.iter().any(spreadless) {
        warnings.push("No spread is charged: the file has one price and the experiment names no spread.".into());
    }
    if spec.account.lots == Lots::Fractional && spec.costs.as_ref().is_some_and(|c| c.commission_per_lot > 0.0) {
        warnings.push(
            "A commission per lot is charged per unit: lots = \"fractional\" makes a lot one unit; use commission_fraction, or lots = \"broker\"."
                .into(),
        );
    }
    let undescribed = |s: &&Source| s.days != s.instrument.calendar;
    if let Some(s) = sources.iter().find(undescribed) {
        warnings.push(format!(
            "Returns are annualised with 252 days: {} is not in instruments.toml, and its file has no Saturday.",
            s.instrument.symbol
        ));
    }
    if spec.fills.market == super::MarketFillSpec::Close {
        warnings.push("Market orders fill at the close that decided them: optimistic, as no broker gives that price.".into());
    }
    let swap = spec.costs.clone().unwrap_or_default().swap == super::SwapSpec::Instrument;
    if swap && sources.iter().any(|s| s.instrument.swap_long_points != 0.0 || s.instrument.swap_short_points != 0.0) {
        warnings.push("Overnight financing (swap) is not charged.".into());
    }
    warnings
}
