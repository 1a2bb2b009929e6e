//! The JSON of Dukascopy's tools and of Binance: rows as objects, rows as arrays, and Dukascopy's differences.
//!
//! Rows in findings count from 1. Differences are summed as whole points and divided once, so that a price is the nearest number to its
//! decimal digits, as if the file had spelled it out.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    detect::Detected,
    finding::{Finding, Findings, Severity},
    format::Format,
    hints::{is_same, two_instruments},
    layout::{Layout, TimeCells},
    parse::{Parsed, scale_epoch},
    read::ReadOptions,
    table::{Column, Field, Kind, Table},
};

/// Reads a JSON document.
pub(super) fn parse_json(bytes: &[u8], options: &ReadOptions) -> Parsed {
    let document: Value = match serde_json::from_slice(bytes) {
        Ok(document) => document,
        Err(e) => {
            let message = format!("the JSON cannot be read ({e}); fetch it again, or convert it");
            return Parsed::refused(Finding::error("damaged_json", message).at(e.line() as u64));
        }
    };
    let read = match document {
        Value::Object(map) => read_delta(map, options),
        Value::Array(rows) => read_rows(&rows, options),
        _ => Err(unknown("holds neither rows nor Dukascopy's differences")),
    };
    read.unwrap_or_else(|finding| Parsed::refused(*finding))
}

type Refused<T> = Result<T, Box<Finding>>;

fn unknown(what: &str) -> Box<Finding> {
    let message =
        format!("the JSON {what}; rows as arrays or objects (timestamp, open, high, low, close, or askPrice and bidPrice) are read");
    Box::new(Finding::error("unknown_format", message))
}

fn damaged(row: usize, column: &str, value: &dyn std::fmt::Display, message: impl Into<String>) -> Box<Finding> {
    let (value, message) = (value.to_string(), message.into());
    let shown: String = value.chars().take(60).collect();
    Box::new(Finding::error("unparsable", message).at(row as u64 + 1).column(column).value(shown))
}

/// Dukascopy's differences as the document has them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delta {
    timestamp: i64,
    multiplier: f64,
    #[serde(default = "one")]
    shift: i64,
    times: Vec<i64>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

const fn one() -> i64 {
    1
}

/// First price, column of differences, and field.
const BARS: [(&str, &str, Field); 4] =
    [("open", "opens", Field::Open), ("high", "highs", Field::High), ("low", "lows", Field::Low), ("close", "closes", Field::Close)];
const TICKS: [(&str, &str, Field); 2] = [("bid", "bids", Field::Bid), ("ask", "asks", Field::Ask)];

fn read_delta(map: Map<String, Value>, options: &ReadOptions) -> Refused<Parsed> {
    let delta: Delta = serde_json::from_value(Value::Object(map)).map_err(|e| unknown(&format!("is no table ({e})")))?;
    let detected = Detected::new(Format::DukascopyDelta, "an object with a timestamp, a multiplier and differences").or_named(options)?;
    let (kind, columns): (Kind, &[_]) = if delta.rest.contains_key("opens") { (Kind::Bars, &BARS) } else { (Kind::Ticks, &TICKS) };
    let mut table = empty(detected.format, kind, "times");
    let mut at = delta.timestamp;
    for (row, step) in delta.times.iter().enumerate() {
        let moved = step.checked_mul(delta.shift).and_then(|step| at.checked_add(step));
        at = moved
            .ok_or_else(|| damaged(row, "times", step, format!("a step of {step} leads out of any calendar; fetch the file again")))?;
        table.at.push(at);
    }
    for (i, (base, name, field)) in columns.iter().enumerate() {
        let values = undelta(&delta, base, name)?;
        table.columns.push(Column { field: *field, name: (*name).to_owned(), cell: i, values });
    }
    if kind == Kind::Bars && delta.rest.contains_key("volumes") {
        let values = numbers(&delta.rest, "volumes", delta.times.len())?;
        table.columns.push(Column { field: Field::Volume, name: "volumes".into(), cell: 4, values });
    }
    Ok(finish(table, &detected, Findings::default()))
}

fn empty(format: Format, kind: Kind, time_name: &str) -> Table {
    let time = TimeCells::One(0);
    Table {
        format,
        kind,
        at: Vec::new(),
        time_name: time_name.into(),
        time,
        columns: Vec::new(),
        first_line: 1,
        skips: Vec::new(),
        is_reversed: false,
        is_scaled: false,
        instrument: None,
    }
}

fn numbers(rest: &Map<String, Value>, name: &str, rows: usize) -> Refused<Vec<f64>> {
    let values = rest.get(name).and_then(Value::as_array).ok_or_else(|| unknown(&format!("lacks '{name}'")))?;
    if values.len() != rows {
        let message = format!("'{name}' holds {} values where 'times' holds {rows}; fetch the file again", values.len());
        return Err(Box::new(Finding::error("column_count", message).column(name).value(values.len().to_string())));
    }
    let number = |(row, value): (usize, &Value)| {
        value.as_f64().ok_or_else(|| damaged(row, name, value, format!("'{value}' is not a number; fetch the file again")))
    };
    values.iter().enumerate().map(number).collect()
}

/// Prices from a first one and steps in points.
fn undelta(delta: &Delta, base: &str, name: &str) -> Refused<Vec<f64>> {
    let steps = numbers(&delta.rest, name, delta.times.len())?;
    let first = delta.rest.get(base).and_then(Value::as_f64).ok_or_else(|| unknown(&format!("lacks '{base}'")))?;
    let per_unit = (1.0 / delta.multiplier).round();
    if !(per_unit >= 1.0 && per_unit.is_finite() && (per_unit * delta.multiplier - 1.0).abs() < 1e-9) {
        let message = format!("a multiplier of {} is not one part of a whole number; fetch the file again", delta.multiplier);
        return Err(Box::new(Finding::error("unparsable", message).column("multiplier").value(delta.multiplier.to_string())));
    }
    let mut points = (first * per_unit).round();
    if (points / per_unit - first).abs() > first.abs() * 1e-9 {
        return Err(damaged(0, base, &first, format!("{first} is no multiple of {}; fetch the file again", delta.multiplier)));
    }
    let price = |step: f64| {
        points += step;
        points / per_unit
    };
    Ok(steps.into_iter().map(price).collect())
}

/// Rows as arrays or objects.
fn read_rows(rows: &[Value], options: &ReadOptions) -> Refused<Parsed> {
    let Some(first) = rows.first() else { return Err(Box::new(Finding::error("empty", "no rows; nothing to run on"))) };
    let (layout, detected) = match first {
        Value::Object(map) => of_objects(map, options)?,
        Value::Array(cells) => of_arrays(cells.len(), rows, options)?,
        _ => return Err(unknown("holds rows that are neither arrays nor objects")),
    };
    let layout = layout.without_adjustments();
    let names: Vec<String> = first.as_object().map(|map| map.keys().cloned().collect()).unwrap_or_default();
    let TimeCells::One(time) = layout.time else { return Err(unknown("holds date and time in two columns; join them")) };
    let mut table = empty(detected.format, layout.kind, &layout.time_name);
    table.columns = layout
        .fields
        .iter()
        .map(|(cell, field, name)| Column { field: *field, name: name.clone(), cell: *cell, values: Vec::new() })
        .collect();
    for (row, value) in rows.iter().enumerate() {
        let cell = |i: usize| match value {
            Value::Array(cells) => cells.get(i).filter(|_| cells.len() == layout.width),
            Value::Object(map) => names.get(i).and_then(|name| map.get(name)),
            _ => None,
        };
        let lacking = |name: &str| damaged(row, name, &"", format!("the row has no {name}; mend it or take it out"));
        let at = cell(time).ok_or_else(|| lacking(&layout.time_name))?;
        let wrong = |name: &str, value: &Value, what: &str| damaged(row, name, value, format!("'{value}' is not {what}; mend the row"));
        table.at.push(whole(at).ok_or_else(|| wrong(&layout.time_name, at, "an epoch number"))?);
        for column in &mut table.columns {
            let value = cell(column.cell).ok_or_else(|| lacking(&column.name))?;
            column.values.push(number(value).ok_or_else(|| wrong(&column.name, value, "a number"))?);
        }
    }
    let mut findings = Findings::default();
    table.instrument = one_instrument(rows, &layout, &mut findings);
    if !layout.ignored.is_empty() {
        findings.push(Finding::new(Severity::Info, "ignored_columns", format!("not used: {}", layout.ignored.join(", "))));
    }
    let mut parsed = finish(table, &detected, findings);
    parsed.explained.insert(1, layout.explain());
    Ok(parsed)
}

/// What rows say they are prices of, where they do; an error where they say two names.
fn one_instrument(rows: &[Value], layout: &Layout, findings: &mut Findings) -> Option<String> {
    let (_, column) = layout.instrument.as_ref()?;
    let mut names = (1_u64..).zip(rows).filter_map(|(row, value)| Some((row, value.as_object()?.get(column)?.as_str()?.trim())));
    let (_, first) = names.next()?;
    if let Some((row, other)) = names.find(|(_, name)| !is_same(first, name)) {
        findings.push(two_instruments(column, first, other, row));
    }
    Some(first.to_owned())
}

fn of_objects(map: &Map<String, Value>, options: &ReadOptions) -> Refused<(Layout, Detected)> {
    let detected = Detected::new(Format::DukascopyNode, "rows as objects, as dukascopy-node writes them").or_named(options)?;
    let names: Vec<String> = map.keys().cloned().collect();
    Ok((Layout::of_header(&names, detected.format)?, detected))
}

/// Arrays have no names: their length, and for five cells the prices themselves, say what they are.
fn of_arrays(cells: usize, rows: &[Value], options: &ReadOptions) -> Refused<(Layout, Detected)> {
    let bars = ["timestamp", "open", "high", "low", "close", "volume"];
    let ticks = ["timestamp", "askPrice", "bidPrice", "askVolume", "bidVolume"];
    let (format, names, why): (Format, &[&str], _) = match cells {
        3 => (Format::DukascopyNode, &ticks[..3], "rows of three cells: time, ask, bid, as dukascopy-node writes them"),
        6 => (Format::DukascopyNode, &bars, "rows of six cells: time, prices, volume, as dukascopy-node writes them"),
        12 => (Format::Binance, &bars, "rows of twelve cells, as Binance answers"),
        5 => match (fits(rows, is_bar), fits(rows, is_quote)) {
            (true, false) => (Format::DukascopyNode, &bars[..5], "rows of five cells that are bars everywhere and quotes not everywhere"),
            (false, true) => (Format::DukascopyNode, &ticks, "rows of five cells that are quotes everywhere and bars not everywhere"),
            (both, _) => {
                let fit = if both { "may be bars or quotes" } else { "are neither bars nor quotes throughout" };
                let message = format!(
                    "rows of five cells {fit} (time, open, high, low, close; or time, ask, bid and their volumes); write objects with names"
                );
                return Err(Box::new(Finding::error("ambiguous_format", message).at(1)));
            }
        },
        n => return Err(unknown(&format!("holds rows of {n} cells"))),
    };
    let detected = Detected::new(format, why).or_named(options)?;
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    // What follows the volume has no use here.
    names.resize(cells, String::new());
    Ok((Layout::of_header(&names, detected.format)?, detected))
}

fn fits(rows: &[Value], test: fn([f64; 4]) -> bool) -> bool {
    rows.iter().all(|row| {
        let cells = row.as_array().filter(|cells| cells.len() == 5);
        let four = cells.and_then(|c| Some([number(&c[1])?, number(&c[2])?, number(&c[3])?, number(&c[4])?]));
        four.is_some_and(test)
    })
}

fn is_bar([open, high, low, close]: [f64; 4]) -> bool {
    low <= open && low <= close && high >= open && high >= close
}

fn is_quote([ask, bid, ask_volume, bid_volume]: [f64; 4]) -> bool {
    bid <= ask && ask_volume >= 0.0 && bid_volume >= 0.0
}

/// A number, or a number in quotes as Binance writes prices.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| fast_float2::parse(value.as_str()?).ok())?;
    number.is_finite().then_some(number)
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_f64().filter(|x| x.fract() == 0.0 && x.abs() < 9e18).map(|x| x as i64))
}

fn finish(mut table: Table, detected: &Detected, mut findings: Findings) -> Parsed {
    scale_epoch(&mut table, &mut findings);
    if table.at.is_empty() {
        findings.push(Finding::error("empty", "no rows; nothing to run on"));
    }
    let explained = vec![
        format!("format: {}; {}", detected.format, detected.why),
        "clock: the times are moments (epoch numbers); no zone is needed".to_owned(),
    ];
    Parsed { table: Some(table), findings, explained }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Parsed {
        parse_json(text.as_bytes(), &ReadOptions::default())
    }

    #[test]
    fn differences_are_summed_in_points() {
        let parsed = parse(
            r#"{"timestamp":1783641600000,"multiplier":1.0E-5,"open":1.14331,"high":1.14334,"low":1.14322,"close":1.14324,"shift":60000,
            "times":[0,1,3],"opens":[0,-8,9],"highs":[0,1,4],"lows":[0,-4,5],"closes":[0,9,-2],"volumes":[197.1,104.85,103.5]}"#,
        );
        let table = parsed.table.unwrap();
        let minute = 60_000_000_000;
        assert_eq!(table.at, [0, minute, 4 * minute].map(|ns| 1_783_641_600_000_000_000 + ns)); // 0, then 1, then 3 more
        let column = |field| table.column(field).unwrap().values.clone();
        assert_eq!(column(Field::Open), [1.14331, 1.14323, 1.14332]); // 114331, less 8, plus 9
        assert_eq!(column(Field::Close), [1.14324, 1.14333, 1.14331]);
        assert_eq!(column(Field::Volume), [197.1, 104.85, 103.5]);
    }

    #[test]
    fn five_cells_are_what_only_they_can_be() {
        let kind = |text: &str| parse(text).table.map(|table| table.kind);
        assert_eq!(kind("[[1653635401258, 7195.341, 7188.569, 0.0005, 0.0005]]"), Some(Kind::Ticks));
        assert_eq!(kind("[[1653635401258, 1.1, 1.3, 1.0, 1.2], [1653635461258, 1.2, 1.3, 1.0, 1.1]]"), Some(Kind::Bars));
        assert_eq!(kind("[[1653635401258, 1, 1, 1, 1]]"), None);
        assert_eq!(parse("[[1653635401258, 1, 1, 1, 1]]").findings.first_error().unwrap().kind, "ambiguous_format");
    }

    #[test]
    fn what_is_no_table_is_refused() {
        for (text, kind) in [
            ("[", "damaged_json"),
            ("[]", "empty"),
            ("[1]", "unknown_format"),
            ("{\"open\": 1}", "unknown_format"),
            ("[[1,2]]", "unknown_format"),
            ("[{\"timestamp\":\"x\",\"open\":1,\"high\":1,\"low\":1,\"close\":1}]", "unparsable"),
            ("[{\"timestamp\":1,\"open\":1,\"high\":null,\"low\":1,\"close\":1}]", "unparsable"),
            ("{\"timestamp\":1,\"multiplier\":0.3,\"bid\":1,\"ask\":1,\"times\":[0],\"bids\":[0],\"asks\":[0]}", "unparsable"),
            ("{\"timestamp\":1,\"multiplier\":0.1,\"bid\":1,\"ask\":1,\"times\":[0],\"bids\":[0,1],\"asks\":[0]}", "column_count"),
            (
                "{\"timestamp\":9223372036854775807,\"multiplier\":0.1,\"bid\":1,\"ask\":1,\"times\":[9],\"bids\":[0],\"asks\":[0]}",
                "unparsable",
            ),
        ] {
            assert_eq!(parse(text).findings.first_error().unwrap().kind, kind, "{text}");
        }
    }
}
