//! The finer file of a symbol: what its bars were made of.

use std::sync::Arc;

use super::{
    DataSpec, FillSpec, Source,
    check::{existing, read_options},
};
use crate::{
    data::{self, Dataset, Manifest},
    error::{Error, Result},
    market::{Finer, Instrument, Ticks, intrabar::Intrabar},
};

/// A finer file, read.
#[derive(Clone, Debug)]
pub struct FinerSource {
    /// Its rows.
    pub finer: Finer,
    /// Where it was read.
    pub path: String,
    /// Hex SHA-256 of the file.
    pub sha256: String,
    /// Bars of the coarser file that it does not cover.
    pub uncovered_bars: u64,
}

impl FinerSource {
    /// The finer file of a price file, where one is named and the fills look at it.
    pub(super) fn of(spec: &DataSpec, fills: &FillSpec, instrument: &Instrument, coarse: &Dataset) -> Result<Option<Self>> {
        let Some(path) = spec.finer.as_deref().filter(|_| fills.intrabar == Intrabar::LowerTimeframe || fills.interval) else {
            return Ok(None);
        };
        let place = existing(path)?;
        let series = data::find_series(&place, spec.symbol.as_deref(), None)?;
        let manifest = Manifest::beside(&series.files[0])?.unwrap_or_default();
        // Its own words stand before those of the coarser file.
        let own = DataSpec {
            path: path.to_owned(),
            zone: manifest.zone.or_else(|| spec.zone.clone()),
            date_order: manifest.date_order.or(spec.date_order),
            format: manifest.format,
            ..DataSpec::of(path)
        };
        let mut options = read_options(&own, instrument, Some(instrument.calendar))?;
        // Ticks are read with the bars that they would give; of bars, the file's own length is taken.
        let dataset = match data::load_series(&place, &series.files, &options, (spec.from, spec.to)) {
            Err(_) => {
                options.timeframe = Some(coarse.bars.timeframe());
                data::load_series(&place, &series.files, &options, (spec.from, spec.to))?
            }
            read => read?,
        };
        let finer = rows(&dataset)?;
        check(path, &finer, coarse)?;
        let side = spec.price_side.unwrap_or_default();
        Ok(Some(Self { uncovered_bars: finer.uncovered(&coarse.bars, side), finer, path: path.to_owned(), sha256: dataset.sha256 }))
    }
}

fn rows(dataset: &Dataset) -> Result<Finer> {
    let Some(source) = &dataset.ticks else { return Ok(Finer::Bars(Arc::clone(&dataset.bars))) };
    let (mut at, mut bid, mut ask) = (Vec::new(), Vec::new(), Vec::new());
    for piece in source.stream()? {
        let piece = piece?;
        for row in piece.rows {
            let tick = piece.ticks.tick(row);
            at.push(tick.at);
            bid.push(tick.bid);
            ask.push(tick.ask);
        }
    }
    Ok(Finer::Ticks(Arc::new(Ticks::from_columns(at, bid, ask))))
}

fn check(path: &str, finer: &Finer, coarse: &Dataset) -> Result<()> {
    let Finer::Bars(bars) = finer else { return Ok(()) };
    if bars.timeframe().ns() >= coarse.bars.timeframe().ns() {
        let problem =
            format!("its bars of {} are not finer than those of {}, {}", bars.timeframe(), coarse.path.display(), coarse.bars.timeframe());
        return Err(Error::data(path, problem));
    }
    if coarse.bars.ask().is_some() != bars.ask().is_some() || coarse.bars.spread().is_some() != bars.spread().is_some() {
        let problem = format!("it and {} must quote alike: both sides in both, a spread column in both, or neither", coarse.path.display());
        return Err(Error::data(path, problem));
    }
    Ok(())
}

/// Refuses fills on finer prices that nobody names.
///
/// # Errors
/// Where no price file has a finer one and none holds ticks.
pub(super) fn check_named(fills: &FillSpec, sources: &[Source]) -> Result<()> {
    let has_any = sources.iter().any(|s| s.finer.is_some() || s.dataset.ticks.is_some());
    if fills.intrabar == Intrabar::LowerTimeframe && !has_any {
        let problem = "lower_timeframe needs the finer prices; name their file in [[data]], as finer = \"eurusd_m1.csv.gz\"";
        return Err(Error::config("fills.intrabar", problem));
    }
    Ok(())
}

/// What a side of the interval needs to know: whether finer prices are there.
pub(super) fn has_finer(sources: &[Source]) -> bool {
    sources.iter().any(|s| s.finer.is_some())
}

/// The sentence for files that do not cover their bars.
pub(super) fn warning(fills: &FillSpec, sources: &[Source]) -> Option<String> {
    if fills.intrabar != Intrabar::LowerTimeframe {
        let idle = sources.iter().find(|s| s.spec.finer.is_some() && !fills.interval)?;
        return Some(format!(
            "The finer file of {} is not looked at: set fills.intrabar = \"lower_timeframe\", or leave it out.",
            idle.instrument.symbol
        ));
    }
    let doubtful = |s: &Source| {
        let bars = s.dataset.bars.len() as u64;
        let uncovered = s.finer.as_ref().map_or(if s.dataset.ticks.is_some() { 0 } else { bars }, |f| f.uncovered_bars);
        (uncovered > 0).then(|| {
            let symbol = &s.instrument.symbol;
            format!("{uncovered} of {bars} bars of {symbol} are not covered by finer prices: there the stop comes before the target.")
        })
    };
    sources.iter().find_map(doubtful)
}
