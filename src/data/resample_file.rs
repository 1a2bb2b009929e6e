//! A file of ticks or bars into longer bars.

use std::path::Path;

use super::{
    DayEnd,
    finding::Finding,
    read::{ReadOptions, bars_of, examine, read_bytes},
    resample::resample_bars,
    stream::{Surveyed, survey_held, survey_stored},
    stream_parquet::StoredTicks,
    table::Kind,
};
use crate::{
    error::{Error, Result},
    market::Bars,
    time::Timeframe,
};

/// Longer bars, and what they are made of.
#[derive(Clone, Debug)]
pub struct Resampled {
    /// The longer bars; the first and the last may have been cut off by the file's ends.
    pub bars: Bars,
    /// Rows of the file.
    pub rows: u64,
    /// The length of the file's bars; `None` where it holds ticks.
    pub from: Option<Timeframe>,
    /// Warnings and information about the file.
    pub findings: Vec<Finding>,
}

/// Reads a file of ticks or bars and makes bars of length `to`; Parquet files of ticks are not held in memory. `options.timeframe` is the
/// length of the file's own bars, where that must be said.
///
/// # Errors
/// As [`read_bars`](super::read_bars), and as [`resample_bars`] with the file's name.
pub fn resample_file(path: &Path, options: &ReadOptions, to: Timeframe, day_end: DayEnd) -> Result<Resampled> {
    let for_ticks = ReadOptions { timeframe: Some(to), ..options.clone() };
    if let Some(file) = StoredTicks::open(path, options)? {
        return survey_stored(file, &for_ticks, day_end).map(of_ticks);
    }
    let mut examined = examine(&read_bytes(path)?, options);
    if let Some(finding) = examined.findings.first_error() {
        return Err(finding.to_error(path));
    }
    if examined.table.as_ref().is_some_and(|table| table.kind == Kind::Ticks) {
        return survey_held(path, String::new(), examined, &for_ticks, day_end).map(of_ticks);
    }
    let findings = std::mem::take(&mut examined.findings).into_sorted();
    let bars = bars_of(path, examined, options)?;
    let longer = resample_bars(&bars, to, day_end).map_err(|problem| Error::data(path, problem))?;
    Ok(Resampled { bars: longer, rows: bars.len() as u64, from: Some(bars.timeframe()), findings })
}

fn of_ticks(surveyed: Surveyed) -> Resampled {
    let findings = surveyed.findings.into_sorted();
    Resampled { bars: surveyed.bars, rows: surveyed.source.count(), from: None, findings }
}
