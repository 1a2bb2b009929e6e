//! Parquet both ways; the one file that names polars.
//!
//! Reads `timestamp` as a datetime of any unit or as an epoch number of any unit, prices as any numeric type, names in any case. Writes
//! datetimes in UTC nanoseconds and 64-bit floats, so that a file read back is equal to the last bit.

use std::{io::Cursor, path::Path};

use chrono_tz::Tz;
use polars_core::prelude::{Column as Frame, DataFrame, DataType, IntoColumn, NamedFrom, PlSmallStr, Series, TimeUnit, TimeZone};
use polars_io::prelude::{ParquetReader, ParquetWriter, SerReader};

use super::{
    clock::{Clock, TimeProblem},
    finding::{Finding, Findings},
    layout::{Layout, TimeCells},
    parse::{Parsed, missing_zone, scale_epoch},
    read::ReadOptions,
    table::{Column, Table},
    write::replace_file,
};
use crate::{
    error::{Error, Result},
    market::{Bars, Ticks},
    time::{Nanos, SECOND},
};

/// Reads a Parquet file's bytes.
pub(super) fn parse_parquet(bytes: &[u8], options: &ReadOptions) -> Parsed {
    match read_frame(bytes, options) {
        Ok(parsed) => parsed,
        Err(finding) => Parsed::refused(*finding),
    }
}

fn read_frame(bytes: &[u8], options: &ReadOptions) -> std::result::Result<Parsed, Box<Finding>> {
    let damaged = |e: &dyn std::fmt::Display| {
        Box::new(Finding::error("damaged_parquet", format!("the Parquet file cannot be read ({e}); write it again")))
    };
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let schema = reader.schema().map_err(|e| damaged(&e))?;
    let names: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let layout = Layout::of_header(&names).map_err(|mut finding| {
        finding.row = None;
        Box::new(finding)
    })?;
    let TimeCells::One(time) = layout.time else {
        return Err(Box::new(Finding::error("missing_column", "date and time stand in two columns; join them into one timestamp")));
    };
    let wanted = layout.fields.iter().map(|(cell, ..)| names[*cell].clone()).chain([names[time].clone()]).collect();
    let mut frame = reader.with_columns(Some(wanted)).finish().map_err(|e| damaged(&e))?;
    let mut findings = Findings::default();
    let mut table = Table {
        kind: layout.kind,
        at: Vec::new(),
        time_name: layout.time_name.clone(),
        columns: Vec::new(),
        first_line: 1,
        skips: Vec::new(),
    };
    read_times(&take(&mut frame, &names[time]), &layout, options, &mut table, &mut findings)?;
    for (cell, field, name) in &layout.fields {
        let values = read_values(&take(&mut frame, &names[*cell]), name, &mut findings)?;
        table.columns.push(Column { field: *field, name: name.clone(), values });
    }
    if table.at.is_empty() {
        findings.push(Finding::error("empty", "no rows; nothing to run on"));
    }
    if !layout.ignored.is_empty() {
        findings.push(Finding::new(super::Severity::Info, "ignored_columns", format!("not used: {}", layout.ignored.join(", "))));
    }
    if findings.first_error().is_some() && (table.columns.iter().any(|c| c.values.len() != table.at.len())) {
        return Ok(Parsed { table: None, findings });
    }
    Ok(Parsed { table: Some(table), findings })
}

/// Moves one column out, so that its memory is free once it is copied.
fn take(frame: &mut DataFrame, name: &str) -> Frame {
    frame.drop_in_place(name).expect("the reader was asked for this column")
}

fn read_times(
    column: &Frame,
    layout: &Layout,
    options: &ReadOptions,
    table: &mut Table,
    findings: &mut Findings,
) -> std::result::Result<(), Box<Finding>> {
    let name = &layout.time_name;
    let wrong = || {
        Box::new(
            Finding::error("unparsable", format!("times are of type {}; write datetimes or epoch integers", column.dtype())).column(name),
        )
    };
    let whole = match column.dtype() {
        DataType::Datetime(..) | DataType::Int64 => column.to_physical_repr(),
        DataType::Int32 | DataType::UInt32 | DataType::UInt64 => column.cast(&DataType::Int64).map_err(|_| wrong())?,
        _ => return Err(wrong()),
    };
    let chunked = whole.i64().map_err(|_| wrong())?;
    if chunked.null_count() > 0 {
        let row = chunked.iter().position(|value| value.is_none()).map_or(1, |i| i as u64 + 1);
        return Err(Box::new(Finding::error("unparsable", "the time is missing; fill it in or take the row out").at(row).column(name)));
    }
    table.at = Vec::with_capacity(chunked.len());
    chunked.downcast_iter().for_each(|array| table.at.extend_from_slice(array.values().as_slice()));
    let DataType::Datetime(unit, zone) = column.dtype() else {
        scale_epoch(table, findings);
        return Ok(());
    };
    let unit_ns = match unit {
        TimeUnit::Nanoseconds => 1,
        TimeUnit::Microseconds => SECOND / 1_000_000,
        TimeUnit::Milliseconds => SECOND / 1_000,
    };
    // A datetime with a zone is a moment; one without is a wall time of the file's zone.
    let mut clock = zone.is_none().then(|| Clock::new(options.zone.unwrap_or(Tz::UTC), options.date_order));
    for (i, at) in table.at.iter_mut().enumerate() {
        let civil = at.checked_mul(unit_ns).ok_or(TimeProblem::OutOfRange);
        match civil.and_then(|civil| clock.as_mut().map_or(Ok(civil), |clock| clock.utc_of(civil))) {
            Ok(utc) => *at = utc,
            Err(problem) => {
                let text = civil.map_or_else(|_| at.to_string(), |civil| Nanos(civil).to_string());
                let message = problem.message(&text, options.zone.unwrap_or(Tz::UTC));
                findings.push(Finding::error(problem.kind(), message).at(i as u64 + 1).column(name).value(text));
            }
        }
    }
    if zone.is_none() && options.zone.is_none() && !layout.names_utc() {
        findings.push(missing_zone(layout));
    }
    Ok(())
}

fn read_values(column: &Frame, name: &str, findings: &mut Findings) -> std::result::Result<Vec<f64>, Box<Finding>> {
    let wrong = || Box::new(Finding::error("unparsable", format!("values are of type {}; write numbers", column.dtype())).column(name));
    if !column.dtype().is_primitive_numeric() {
        return Err(wrong());
    }
    let numbers =
        if *column.dtype() == DataType::Float64 { column.clone() } else { column.cast(&DataType::Float64).map_err(|_| wrong())? };
    let chunked = numbers.f64().map_err(|_| wrong())?;
    if chunked.null_count() > 0 {
        let row = chunked.iter().position(|value| value.is_none()).map_or(1, |i| i as u64 + 1);
        return Err(Box::new(Finding::error("unparsable", "the value is missing; fill it in or take the row out").at(row).column(name)));
    }
    let mut values = Vec::with_capacity(chunked.len());
    chunked.downcast_iter().for_each(|array| values.extend_from_slice(array.values().as_slice()));
    for (i, value) in values.iter().enumerate().filter(|(_, value)| !value.is_finite()) {
        findings.push(
            Finding::error("unparsable", format!("{value} is not a finite number; mend the cell or take the row out"))
                .at(i as u64 + 1)
                .column(name)
                .value(value.to_string()),
        );
    }
    Ok(values)
}

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

/// Writes ticks as Parquet: `timestamp`, `bid`, `ask`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_ticks_parquet(ticks: &Ticks, path: &Path) -> Result<()> {
    let number = |name: &'static str, values: Vec<f64>| Frame::new(PlSmallStr::from_static(name), values);
    let columns = vec![
        times(ticks.iter().map(|t| t.at)),
        number("bid", ticks.iter().map(|t| t.bid).collect()),
        number("ask", ticks.iter().map(|t| t.ask).collect()),
    ];
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
