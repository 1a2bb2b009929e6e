//! Parquet out: datetimes in UTC nanoseconds and 64-bit floats, so that a file read back is equal to the last bit.
//!
//! Packed with LZ4: prices hardly shrink further, and reading them is what happens often.

use std::path::Path;

use polars_core::prelude::{Column as Frame, DataFrame, IntoColumn, NamedFrom, PlSmallStr, Series, TimeUnit, TimeZone};
use polars_io::prelude::{ParquetCompression, ParquetWriter};

use super::{trades::Trades, write::replace_file};
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
    save_parquet(bars, path).map(drop)
}

/// Writes the same and answers the hex SHA-256 of the file.
pub(super) fn save_parquet(bars: &Bars, path: &Path) -> Result<String> {
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
    save_ticks_parquet(ticks, path).map(drop)
}

/// Writes the same and answers the hex SHA-256 of the file.
pub(super) fn save_ticks_parquet(ticks: &Ticks, path: &Path) -> Result<String> {
    let number = |name: &'static str, values: Vec<f64>| Frame::new(PlSmallStr::from_static(name), values);
    let mut columns = vec![
        times(ticks.iter().map(|t| t.at)),
        number("bid", ticks.iter().map(|t| t.bid).collect()),
        number("ask", ticks.iter().map(|t| t.ask).collect()),
    ];
    columns.extend(ticks.volume().map(|volume| number("volume", volume.to_vec())));
    write_frame(columns, path)
}

/// Writes trades as Parquet: `timestamp`, `price`, `amount`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_trades_parquet(trades: &Trades, path: &Path) -> Result<()> {
    save_trades_parquet(trades, path).map(drop)
}

/// Writes the same and answers the hex SHA-256 of the file.
pub(super) fn save_trades_parquet(trades: &Trades, path: &Path) -> Result<String> {
    let number = |name: &'static str, values: &[f64]| Frame::new(PlSmallStr::from_static(name), values);
    write_frame(vec![times(trades.at.iter().copied()), number("price", &trades.price), number("amount", &trades.amount)], path)
}

fn times(at: impl Iterator<Item = Nanos>) -> Frame {
    let nanos: Vec<i64> = at.map(|at| at.0).collect();
    Series::new(PlSmallStr::from_static("timestamp"), nanos).into_datetime(TimeUnit::Nanoseconds, Some(TimeZone::UTC)).into_column()
}

fn write_frame(columns: Vec<Frame>, path: &Path) -> Result<String> {
    replace_file(path, |file| {
        let failed = |e: &dyn std::fmt::Display| Error::io(path, "cannot write", std::io::Error::other(e.to_string()));
        let mut frame = DataFrame::new_infer_height(columns).map_err(|e| failed(&e))?;
        ParquetWriter::new(file).with_compression(ParquetCompression::Lz4Raw).finish(&mut frame).map_err(|e| failed(&e))?;
        Ok(())
    })
}
