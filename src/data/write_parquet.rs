//! Parquet out: datetimes in UTC nanoseconds and 64-bit floats, so that a file read back is equal to the last bit.

use std::path::Path;

use polars_core::prelude::{Column as Frame, DataFrame, IntoColumn, NamedFrom, PlSmallStr, Series, TimeUnit, TimeZone};
use polars_io::prelude::ParquetWriter;

use super::write::replace_file;
use crate::{
    error::{Error, Result},
    market::{Bars, Ticks},
    time::Nanos,
};

/// Writes bars as Parquet, under the column names of the CSV form.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_parquet(bars: &Bars, path: &Path) -> Result<()> {
    let mut columns = vec![times(bars.opened_at().iter().copied())];
    let number = |name: &str, values: Vec<f64>| Frame::new(PlSmallStr::from_str(name), values);
    let prices = [("open", bars.open()), ("high", bars.high()), ("low", bars.low()), ("close", bars.close())];
    let prefix = if bars.ask().is_some() { "bid_" } else { "" };
    columns.extend(prices.map(|(name, values)| number(&format!("{prefix}{name}"), values.to_vec())));
    if let Some(ask) = bars.ask() {
        columns.push(number("ask_open", ask.iter().map(|p| p.open).collect()));
        columns.push(number("ask_high", ask.iter().map(|p| p.high).collect()));
        columns.push(number("ask_low", ask.iter().map(|p| p.low).collect()));
        columns.push(number("ask_close", ask.iter().map(|p| p.close).collect()));
    }
    columns.push(number("volume", bars.volume().to_vec()));
    columns.extend(bars.spread().map(|spread| number("spread_price", spread.to_vec())));
    write_frame(columns, path)
}

/// Writes ticks as Parquet: `timestamp`, `bid`, `ask`, and `volume` where they have it.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_ticks_parquet(ticks: &Ticks, path: &Path) -> Result<()> {
    let number = |name: &'static str, values: Vec<f64>| Frame::new(PlSmallStr::from_static(name), values);
    let mut columns = vec![
        times(ticks.iter().map(|t| t.at)),
        number("bid", ticks.iter().map(|t| t.bid).collect()),
        number("ask", ticks.iter().map(|t| t.ask).collect()),
    ];
    columns.extend(ticks.volume().map(|volume| number("volume", volume.to_vec())));
    write_frame(columns, path)
}

fn times(at: impl Iterator<Item = Nanos>) -> Frame {
    let nanos: Vec<i64> = at.map(|at| at.0).collect();
    Series::new(PlSmallStr::from_static("timestamp"), nanos).into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_column()
}

fn write_frame(columns: Vec<Frame>, path: &Path) -> Result<()> {
    replace_file(path, |file| {
        let failed = |e: &dyn std::fmt::Display| Error::io(path, "cannot write", std::io::Error::other(e.to_string()));
        let mut frame = DataFrame::new_infer_height(columns).map_err(|e| failed(&e))?;
        ParquetWriter::new(file).finish(&mut frame).map_err(|e| failed(&e))?;
        Ok(())
    })
}
