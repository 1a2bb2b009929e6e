//! Parquet in.
//!
//! Reads times as datetimes or dates of any unit, as epoch numbers of any unit, or as text in the spellings of CSV; prices as any numeric
//! type; names in any case. A damaged file may make the decoder panic or ask for more memory than there is: the first is caught, the second
//! prevented by comparing the file's own counts before anything is decoded.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
};

use chrono_tz::Tz;
use polars_core::{
    datatypes::ArrowDataType,
    prelude::{ArrowSchema, Column as Frame, DataFrame, DataType, TimeUnit},
};
use polars_io::prelude::{ParquetReader, SerReader};

use super::{
    clock::{Clock, TimeProblem},
    detect::{self, Detected},
    finding::{Finding, Findings, Severity},
    format::Format,
    hints::{is_same, two_instruments},
    layout::{Layout, PANDAS_INDEX, TimeCells},
    parquet_pages::check_pages,
    parse::{Parsed, doubtful_times, missing_zone, scale_epoch},
    read::ReadOptions,
    spelling::Spelling,
    split::show,
    table::{Column, Table},
};
use crate::time::{DAY, Nanos, SECOND};

pub(super) type Refused<T> = std::result::Result<T, Box<Finding>>;

/// Reads a Parquet file's bytes.
pub(super) fn parse_parquet(bytes: &[u8], options: &ReadOptions) -> Parsed {
    let read = || -> Refused<Parsed> {
        let detected = detected(options)?;
        let (layout, frame) = read_frame(bytes)?;
        let layout = if options.split_adjust { layout } else { layout.without_adjustments() };
        let mut parsed = read_table(&layout, frame, options)?;
        parsed.explained.insert(0, format!("format: parquet; {}", detected.why));
        Ok(parsed)
    };
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(finding)) => Parsed::refused(*finding),
        Err(_) => Parsed::refused(*damaged(&"its decoder gave up")),
    }
}

/// Why the file is taken for Parquet; refused where another format is named.
pub(super) fn detected(options: &ReadOptions) -> Refused<Detected> {
    Ok(Detected::new(Format::Parquet, "the first bytes are PAR1").or_named(options)?)
}

pub(super) fn damaged(reason: &dyn std::fmt::Display) -> Box<Finding> {
    let message = format!("the Parquet file cannot be read ({reason}); fetch or write it again, with datetimes and plain numbers");
    Box::new(Finding::error("damaged_parquet", message))
}

/// The columns that mean something, still as the file has them.
fn read_frame(bytes: &[u8]) -> Refused<(Layout, DataFrame)> {
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    let metadata = reader.get_metadata().map_err(|e| damaged(&e))?;
    let rows = metadata.row_groups.iter().try_fold(0_usize, |sum, group| sum.checked_add(group.num_rows()));
    if rows != Some(metadata.num_rows) {
        return Err(damaged(&format_args!("its row groups do not add up to {} rows", metadata.num_rows)));
    }
    let schema = reader.schema().map_err(|e| damaged(&e))?;
    let (layout, wanted) = wanted_columns(&schema)?;
    let metadata = reader.get_metadata().map_err(|e| damaged(&e))?;
    for group in &metadata.row_groups {
        let used = group.parquet_columns().iter().filter(|chunk| {
            wanted.iter().any(|name| chunk.descriptor().path_in_schema.first().is_some_and(|first| first.as_str() == name))
        });
        for chunk in used {
            if usize::try_from(chunk.num_values()) != Ok(group.num_rows()) {
                return Err(damaged(&format_args!("{} values stand in a group of {} rows", chunk.num_values(), group.num_rows())));
            }
            check_pages(bytes, chunk).map_err(|problem| damaged(&problem))?;
        }
    }
    let frame = reader.with_columns(Some(wanted)).finish().map_err(|e| damaged(&e))?;
    Ok((layout, frame))
}

/// What the columns mean, and the names of those that are needed.
pub(super) fn wanted_columns(schema: &ArrowSchema) -> Refused<(Layout, Vec<String>)> {
    let names: Vec<String> = schema.iter_names().map(ToString::to_string).collect();
    let layout = Layout::of_header(&names, Format::Parquet).map_err(|mut finding| {
        finding.row = None;
        Box::new(finding)
    })?;
    let TimeCells::One(time) = layout.time else {
        return Err(Box::new(Finding::error("missing_column", "date and time stand in two columns; join them into one timestamp")));
    };
    let instrument = layout.instrument.iter().map(|(cell, _)| names[*cell].clone());
    let instrument = instrument.filter(|name| schema.get(name.as_str()).is_some_and(|field| is_decoded(field.dtype())));
    let numbers = layout.fields.iter().map(|(cell, ..)| names[*cell].clone());
    let wanted: Vec<String> = numbers.chain(instrument).chain([names[time].clone()]).collect();
    for name in &wanted {
        let stored = schema.get(name.as_str()).map(|field| field.dtype());
        stored.filter(|stored| !is_decoded(stored)).map_or(Ok(()), |stored| Err(unknown_type(name, stored)))?;
    }
    Ok((layout, wanted))
}

/// Whether the decoder was built with this type; where it was not, it panics.
fn is_decoded(stored: &ArrowDataType) -> bool {
    use ArrowDataType as A;
    let number = matches!(stored, A::Int32 | A::Int64 | A::UInt32 | A::UInt64 | A::Float32 | A::Float64);
    let time = matches!(stored, A::Date32 | A::Date64 | A::Timestamp(..));
    number || time || matches!(stored, A::Utf8 | A::LargeUtf8 | A::Utf8View | A::Boolean)
}

fn unknown_type(name: &str, stored: &ArrowDataType) -> Box<Finding> {
    let stored = match stored {
        ArrowDataType::Dictionary(..) => "category".to_owned(),
        other => format!("{other:?}"),
    };
    let message = format!("the column is of type {stored}; write it as 64-bit floats (a time as datetimes)");
    Box::new(Finding::error("unparsable", message).column(name.trim()))
}

pub(super) fn read_table(layout: &Layout, mut frame: DataFrame, options: &ReadOptions) -> Refused<Parsed> {
    let mut findings = Findings::default();
    let mut table = Table {
        format: layout.format,
        kind: layout.kind,
        at: Vec::new(),
        time_name: layout.time_name.clone(),
        time: layout.time,
        columns: Vec::new(),
        first_line: 1,
        skips: Vec::new(),
        is_reversed: false,
        is_scaled: false,
        instrument: None,
    };
    let saw_local = read_times(&take(&mut frame, &layout.time_name)?, layout, options, &mut table, &mut findings)?;
    let explained = vec![layout.explain(), detect::explain_zone(layout.format, options, saw_local, layout.names_utc())];
    if findings.first_error().is_some() {
        return Ok(Parsed { table: None, findings, explained });
    }
    for (cell, field, name) in &layout.fields {
        let values = read_values(&take(&mut frame, name)?, name, &mut findings)?;
        table.columns.push(Column { field: *field, name: name.clone(), cell: *cell, values });
    }
    if let Some((_, name)) = &layout.instrument {
        table.instrument = one_instrument(take(&mut frame, name).ok(), name, &mut findings);
    }
    if table.at.is_empty() && findings.first_error().is_none() {
        findings.push(Finding::error("empty", "no rows; nothing to run on"));
    }
    if !layout.ignored.is_empty() {
        findings.push(Finding::new(Severity::Info, "ignored_columns", format!("not used: {}", layout.ignored.join(", "))));
    }
    if table.columns.iter().any(|c| c.values.len() != table.at.len()) {
        return Err(damaged(&"its columns are of different lengths"));
    }
    Ok(Parsed { table: Some(table), findings, explained })
}

/// What a column of instruments holds, where it holds one name; an error where there are two.
fn one_instrument(column: Option<Frame>, name: &str, findings: &mut Findings) -> Option<String> {
    let Some(texts) = column.and_then(|column| column.cast(&DataType::String).ok()) else {
        let message = "the column may say that the file holds several instruments and is of a type that is not read; write it as text";
        findings.push(Finding::new(Severity::Warning, "unread_instrument", message).column(name));
        return None;
    };
    let mut names = texts
        .str()
        .ok()?
        .iter()
        .enumerate()
        .filter_map(|(i, text)| Some((i as u64 + 1, text?.trim())))
        .filter(|(_, text)| !text.is_empty());
    let (_, first) = names.next()?;
    if let Some((row, other)) = names.find(|(_, text)| !is_same(first, text)) {
        findings.push(two_instruments(name, first, other, row));
    }
    Some(first.to_owned())
}

/// Moves one column out, so that its memory is free once it is copied.
fn take(frame: &mut DataFrame, name: &str) -> Refused<Frame> {
    let spelled = frame.get_column_names().into_iter().find(|column| column.trim() == name).cloned();
    let column = spelled.and_then(|spelled| frame.drop_in_place(&spelled).ok());
    column.ok_or_else(|| damaged(&format_args!("column {name} is missing")))
}

/// Whether any time was a wall time.
fn read_times(column: &Frame, layout: &Layout, options: &ReadOptions, table: &mut Table, findings: &mut Findings) -> Refused<bool> {
    let name = &layout.time_name;
    let wrong = || {
        let message = format!("times are of type {}; write datetimes or epoch integers", column.dtype());
        Box::new(Finding::error("unparsable", message).column(name))
    };
    // The numbers of the rows pandas keeps are no times.
    if name == PANDAS_INDEX && column.dtype().is_integer() {
        return Err(Box::new(Finding::error("missing_column", "no column for a time, and the unnamed index holds row numbers")));
    }
    refuse_missing(column, name)?;
    let mut clock = options.clock(layout.format);
    match column.dtype() {
        DataType::String => read_texts(column, name, &mut clock, table, findings)?,
        dtype if dtype.is_integer() => {
            table.at = whole_numbers(column).ok_or_else(wrong)?;
            scale_epoch(table, findings);
        }
        DataType::Date => {
            table.at = whole_numbers(column).ok_or_else(wrong)?;
            place(&mut clock, DAY, name, &mut table.at, findings);
        }
        DataType::Datetime(unit, zone) => {
            table.at = whole_numbers(column).ok_or_else(wrong)?;
            let unit_ns = match unit {
                TimeUnit::Nanoseconds => 1,
                TimeUnit::Microseconds => SECOND / 1_000_000,
                TimeUnit::Milliseconds => SECOND / 1_000,
            };
            // A datetime with a zone is a moment; one without is a wall time of the file's zone.
            let mut utc = Clock::new(Tz::UTC, None);
            place(if zone.is_some() { &mut utc } else { &mut clock }, unit_ns, name, &mut table.at, findings);
        }
        _ => return Err(wrong()),
    }
    findings.extend(missing_zone(layout, clock.saw_local(), table, options));
    findings.extend(doubtful_times(layout, clock.saw_local(), options));
    Ok(clock.saw_local())
}

/// Times as text, read like the cells of a CSV file.
fn read_texts(column: &Frame, name: &str, clock: &mut Clock, table: &mut Table, findings: &mut Findings) -> Refused<()> {
    let texts = column.str().map_err(|e| damaged(&e))?;
    let spelling = texts.iter().flatten().next().map_or(Spelling::Civil, |first| Spelling::of(first.trim().as_bytes()));
    table.at = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        let cell = text.unwrap_or_default().trim().as_bytes();
        table.at.push(clock.read_as(spelling, cell).unwrap_or_else(|problem| {
            let message = problem.message(&show(cell), clock.zone());
            findings.push(Finding::error(problem.kind(), message).at(i as u64 + 1).column(name).value(show(cell)));
            0
        }));
    }
    findings.keep_first("ambiguous_date");
    if spelling == Spelling::Epoch {
        scale_epoch(table, findings);
    }
    Ok(())
}

/// The 64-bit integers below a column of integers, dates or datetimes.
fn whole_numbers(column: &Frame) -> Option<Vec<i64>> {
    let physical = column.to_physical_repr();
    let whole = physical.strict_cast(&DataType::Int64).ok()?;
    let numbers = whole.i64().ok()?;
    let mut values = Vec::with_capacity(numbers.len());
    numbers.downcast_iter().for_each(|array| values.extend_from_slice(array.values().as_slice()));
    Some(values)
}

/// Turns wall times counted in `unit_ns` into UTC nanoseconds.
fn place(clock: &mut Clock, unit_ns: i64, name: &str, at: &mut [i64], findings: &mut Findings) {
    for (i, at) in at.iter_mut().enumerate() {
        let civil = at.checked_mul(unit_ns).ok_or(TimeProblem::OutOfRange);
        match civil.and_then(|civil| clock.utc_of(civil)) {
            Ok(utc) => *at = utc,
            Err(problem) => {
                let text = civil.map_or_else(|_| at.to_string(), |civil| Nanos(civil).to_string());
                let message = problem.message(&text, clock.zone());
                findings.push(Finding::error(problem.kind(), message).at(i as u64 + 1).column(name).value(text));
            }
        }
    }
}

/// Refuses a column with a missing value, naming the first row that lacks one.
fn refuse_missing(column: &Frame, name: &str) -> Refused<()> {
    if column.null_count() == 0 {
        return Ok(());
    }
    let row = column.is_null().iter().position(|missing| missing == Some(true)).map_or(1, |i| i as u64 + 1);
    let others = match column.null_count() - 1 {
        0 => String::new(),
        others => format!(", and in {others} more below"),
    };
    let message = format!("the value is missing{others}; fill it in or take the row out");
    Err(Box::new(Finding::error("unparsable", message).at(row).column(name).value("")))
}

fn read_values(column: &Frame, name: &str, findings: &mut Findings) -> Refused<Vec<f64>> {
    let wrong = || Box::new(Finding::error("unparsable", format!("values are of type {}; write numbers", column.dtype())).column(name));
    if !column.dtype().is_primitive_numeric() {
        return Err(wrong());
    }
    refuse_missing(column, name)?;
    let numbers =
        if *column.dtype() == DataType::Float64 { column.clone() } else { column.cast(&DataType::Float64).map_err(|_| wrong())? };
    let chunked = numbers.f64().map_err(|_| wrong())?;
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
