//! A file of ticks, trades or bars, or a folder of them, into longer bars.

use std::path::{Path, PathBuf};

use super::{
    DayEnd, TickBars,
    finding::Finding,
    folder_load::load_series,
    read::{ReadOptions, bars_of, examine, read_bytes, trades_of},
    resample::{resample_bars, resample_trades, with_finite_volumes},
    stream::{Surveyed, survey_held, survey_stored},
    stream_parquet::StoredTicks,
    table::Kind,
};
use crate::{
    error::{Error, Result},
    market::{Bar, Bars},
    time::Timeframe,
};

/// Longer bars, and what they are made of.
#[derive(Clone, Debug)]
pub struct Resampled {
    /// The longer bars; the first and the last may have been cut off by the file's ends.
    pub bars: Bars,
    /// Rows of the file.
    pub rows: u64,
    /// `bars`, `ticks` or `trades`: what the rows are.
    pub rows_are: &'static str,
    /// The length of the file's bars; `None` where it holds none.
    pub from: Option<Timeframe>,
    /// Warnings and information about the file.
    pub findings: Vec<Finding>,
}

/// Reads a file of ticks, trades or bars and makes bars of length `to`; Parquet files of ticks are not held in memory. `options.timeframe` is the
/// length of the file's own bars, where that must be said.
///
/// # Errors
/// As [`read_bars`](super::read_bars), and as [`resample_bars`] with the file's name.
pub fn resample_file(path: &Path, options: &ReadOptions, to: Timeframe, day_end: DayEnd) -> Result<Resampled> {
    let own = options.timeframe;
    let for_ticks = ReadOptions { timeframe: Some(to), ..options.clone() };
    if let Some(file) = StoredTicks::open(path, options)? {
        without_length(Kind::Ticks, own)?;
        return survey_stored(file, &for_ticks, day_end).map(of_ticks);
    }
    let mut examined = examine(&read_bytes(path)?, options);
    if let Some(finding) = examined.findings.first_error() {
        return Err(finding.to_error(path));
    }
    let kind = examined.table.as_ref().map(|table| table.kind);
    kind.map_or(Ok(()), |kind| without_length(kind, own))?;
    match kind {
        Some(Kind::Ticks) => survey_held(path, String::new(), examined, &for_ticks, day_end).map(of_ticks),
        Some(Kind::Trades) => {
            let findings = std::mem::take(&mut examined.findings).into_sorted();
            let trades = trades_of(path, examined)?;
            let bars = resample_trades(&trades, to, day_end).map_err(|problem| Error::config("--to", problem))?;
            Ok(Resampled { bars, rows: trades.len() as u64, rows_are: Kind::Trades.name(), from: None, findings })
        }
        _ => {
            let findings = std::mem::take(&mut examined.findings).into_sorted();
            of_bars(path, &bars_of(path, examined, options)?, findings, (to, day_end))
        }
    }
}

/// The same for the consecutive files of a folder.
///
/// # Errors
/// As [`resample_file`], and as [`load_series`].
pub fn resample_series(path: &Path, files: &[PathBuf], options: &ReadOptions, to: Timeframe, day_end: DayEnd) -> Result<Resampled> {
    if let [only] = files {
        return resample_file(only, options, to, day_end);
    }
    let kind = kind_of(&files[0], options)?;
    without_length(kind, options.timeframe)?;
    let options = match kind {
        Kind::Bars => options.clone(),
        Kind::Ticks | Kind::Trades => ReadOptions { timeframe: Some(to), trades_as_quotes: true, ..options.clone() },
    };
    let whole = load_series(path, files, &options, (None, None))?;
    let Some(ticks) = whole.ticks else { return of_bars(path, &whole.bars, whole.findings, (to, day_end)) };
    let mut bars = Bars::new(to);
    let mut growing = TickBars::new(to, day_end).map_err(|problem| Error::config("--day-ends", problem))?;
    let is_quoted = whole.bars.ask().is_some();
    let mut push = |bar: &Bar| bars.push(&if is_quoted { *bar } else { Bar { ask: None, ..*bar } });
    for piece in ticks.stream()? {
        growing.extend(&piece?.ticks, &mut push);
    }
    growing.take().iter().for_each(push);
    let bars = with_finite_volumes(bars).map_err(|problem| Error::data(path, problem))?;
    Ok(Resampled { bars, rows: ticks.count(), rows_are: if is_quoted { "ticks" } else { "trades" }, from: None, findings: whole.findings })
}

/// Only bars have a length of their own to be named.
fn without_length(kind: Kind, named: Option<Timeframe>) -> Result<()> {
    match named.filter(|_| kind != Kind::Bars) {
        None => Ok(()),
        Some(named) => {
            let problem = format!(
                "{named} would be the length of the file's own bars, and it holds {}; leave it out: --to names the bars to make",
                kind.name()
            );
            Err(Error::config("--timeframe", problem))
        }
    }
}

/// What a file holds; the contract is not looked at here.
fn kind_of(path: &Path, options: &ReadOptions) -> Result<Kind> {
    if StoredTicks::open(path, options)?.is_some() {
        return Ok(Kind::Ticks);
    }
    Ok(examine(&read_bytes(path)?, options).table.map_or(Kind::Bars, |table| table.kind))
}

fn of_bars(path: &Path, bars: &Bars, findings: Vec<Finding>, (to, day_end): (Timeframe, DayEnd)) -> Result<Resampled> {
    let longer = resample_bars(bars, to, day_end).map_err(|problem| Error::data(path, problem))?;
    Ok(Resampled { bars: longer, rows: bars.len() as u64, rows_are: Kind::Bars.name(), from: Some(bars.timeframe()), findings })
}

fn of_ticks(surveyed: Surveyed) -> Resampled {
    let findings = surveyed.findings.into_sorted();
    Resampled { bars: surveyed.bars, rows: surveyed.source.count(), rows_are: Kind::Ticks.name(), from: None, findings }
}
