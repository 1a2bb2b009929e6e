//! A CSV file in memory into a [`Table`]: delimiter, header, pieces in parallel, and back together in file order.

use chrono_tz::Tz;
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{
    chunk::{Reading, Rows, read_piece},
    clock::{Clock, epoch_unit},
    finding::{Finding, Findings, Severity},
    layout::{Layout, TimeCells},
    read::ReadOptions,
    spelling::Spelling,
    split::{each_record, show},
    table::{Column, Table},
};

/// A file's table, where it has one, and what was found on the way.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) table: Option<Table>,
    pub(super) findings: Findings,
}

impl Parsed {
    pub(super) fn refused(finding: Finding) -> Self {
        let mut findings = Findings::default();
        findings.push(finding);
        Self { table: None, findings }
    }
}

/// Bytes a piece should have; small enough to balance two cores, large enough not to matter.
const PIECE: usize = 1 << 20;

/// Reads a CSV file's text.
pub(super) fn parse_csv(bytes: &[u8], options: &ReadOptions) -> Parsed {
    if let Some(finding) = foreign(bytes) {
        return Parsed::refused(finding);
    }
    let blank_lines = bytes.split(|b| *b == b'\n').take_while(|line| line.trim_ascii().is_empty()).count();
    let start = bytes.split(|b| *b == b'\n').take(blank_lines).map(|line| line.len() + 1).sum::<usize>();
    let Some(text) = bytes.get(start..).filter(|rest| !rest.trim_ascii().is_empty()) else {
        return Parsed::refused(Finding::error("empty", "the file is empty; a header and at least one row are needed"));
    };
    let delimiter = delimiter_of(text);
    let first = First::of(text, delimiter);
    let line = blank_lines as u64 + 1;
    if first.cells[0].starts_with('#') {
        let message = format!("'{}' is a comment; take comment lines out, and the '#' off a header", show(first.cells[0].as_bytes()));
        return Parsed::refused(Finding::error("unknown_format", message).at(line));
    }
    // A first cell that starts like a number is a time; anything else names a column.
    let headed = !first.cells[0].trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let layout = if headed { Layout::of_header(&first.cells) } else { Layout::of_first_row(&first.cells) };
    match layout {
        Err(finding) => Parsed::refused(finding.at(line)),
        Ok(layout) if headed => parse_body(&text[first.after..], &layout, delimiter, blank_lines as u64 + first.lines, options),
        Ok(layout) => parse_body(text, &layout, delimiter, blank_lines as u64, options),
    }
}

fn parse_body(body: &[u8], layout: &Layout, delimiter: u8, lines_before: u64, options: &ReadOptions) -> Parsed {
    let rest = body.trim_ascii_start();
    if rest.is_empty() {
        return Parsed::refused(Finding::error("empty", "a header and no rows; nothing to run on").at(lines_before.max(1)));
    }
    let first = First::of(rest, delimiter);
    let spelling = match layout.time {
        TimeCells::One(i) => Spelling::of(first.cells.get(i).map_or(&b""[..], |cell| cell.as_bytes())),
        TimeCells::DateAndTime(..) => Spelling::Civil,
    };
    let clock = Clock::new(options.zone.unwrap_or(Tz::UTC), options.date_order);
    let reading = Reading { layout, spelling, clock, delimiter };
    // A line end inside quotes is no place to cut.
    let texts = if memchr::memchr(b'"', body).is_some() { vec![body] } else { cut(body) };
    let pieces: Vec<Rows> = texts.par_iter().map(|piece| read_piece(piece, &reading)).collect();
    join(pieces, &reading, lines_before, options)
}

/// Pieces of about [`PIECE`] bytes that end at line ends.
fn cut(body: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::with_capacity(body.len() / PIECE + 1);
    let mut rest = body;
    while rest.len() > PIECE {
        let end = memchr::memchr(b'\n', &rest[PIECE..]).map_or(rest.len(), |i| PIECE + i + 1);
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

fn join(mut pieces: Vec<Rows>, reading: &Reading<'_>, lines_before: u64, options: &ReadOptions) -> Parsed {
    let layout = reading.layout;
    let mut findings = Findings::default();
    let (mut lines, mut rows) = (lines_before, 0);
    let mut skips = Vec::new();
    let saw_local = pieces.iter().any(|piece| piece.saw_local);
    for piece in &mut pieces {
        findings.append(std::mem::take(&mut piece.findings), lines);
        skips.extend(piece.skips.iter().map(|rows_before| rows_before + rows));
        lines += piece.lines;
        rows += piece.at.len();
    }
    let gather = |slot: usize| -> Vec<f64> {
        let mut all = Vec::with_capacity(rows);
        pieces.iter().for_each(|piece| all.extend_from_slice(&piece.columns[slot]));
        all
    };
    let gather_times = || {
        let mut all = Vec::with_capacity(rows);
        pieces.iter().for_each(|piece| all.extend_from_slice(&piece.at));
        all
    };
    let (at, values) = rayon::join(gather_times, || (0..layout.fields.len()).into_par_iter().map(gather).collect::<Vec<_>>());
    drop(pieces);
    let columns = layout.fields.iter().zip(values).map(|((cell, field, name), values)| Column {
        field: *field,
        name: name.clone(),
        cell: *cell,
        values,
    });
    let mut table = Table {
        kind: layout.kind,
        at,
        time_name: layout.time_name.clone(),
        time: layout.time,
        columns: columns.collect(),
        first_line: lines_before + 1,
        skips,
    };
    findings.keep_first("ambiguous_date");
    if table.at.is_empty() {
        // Where not one row can be read, what is wrong with the first is wrong with all.
        ["column_count", "unparsable"].iter().for_each(|kind| findings.keep_first(kind));
    }
    if reading.spelling == Spelling::Epoch {
        scale_epoch(&mut table, &mut findings);
    }
    if !layout.ignored.is_empty() {
        findings.push(Finding::new(Severity::Info, "ignored_columns", format!("not used: {}", layout.ignored.join(", "))));
    }
    if saw_local && options.zone.is_none() && !layout.names_utc() {
        findings.push(missing_zone(layout));
    }
    if table.at.is_empty() && findings.first_error().is_none() {
        findings.push(Finding::error("empty", "no rows; nothing to run on"));
    }
    Parsed { table: Some(table), findings }
}

pub(super) fn missing_zone(layout: &Layout) -> Finding {
    let (severity, why) = if layout.names_a_clock() {
        (Severity::Warning, ", although the column's name points at another clock")
    } else {
        (Severity::Info, "")
    };
    let message =
        format!("times carry no offset and are read as UTC{why}; name the zone if the file keeps another (--tz, or zone in an experiment)");
    Finding::new(severity, "missing_zone", message).column(&layout.time_name)
}

/// Turns epoch numbers into nanoseconds by the largest of them.
pub(super) fn scale_epoch(table: &mut Table, findings: &mut Findings) {
    let largest = table.at.iter().map(|at| at.unsigned_abs()).max().unwrap_or(0);
    let unit = epoch_unit(largest);
    if let Some(i) = unit_change(&table.at, unit) {
        let (now, before) = (table.at[i], table.at[i - 1]);
        let message = format!("{now} after {before} in the row above cannot be the same unit (s, ms, µs or ns); write all times in one");
        findings.push(Finding::error("unparsable", message).at(table.line(i)).column(&table.time_name).value(now.to_string()));
    }
    for i in 0..table.at.len() {
        match table.at[i].checked_mul(unit) {
            Some(at) => table.at[i] = at,
            None => {
                let message = format!("{} lies outside 1678 to 2261; mend the cell", table.at[i]);
                findings
                    .push(Finding::error("unparsable", message).at(table.line(i)).column(&table.time_name).value(table.at[i].to_string()));
            }
        }
    }
}

/// The first row whose time is a hundred times the one above or less than a hundredth of it, where smaller units occur: past 1973 no gap is that long.
fn unit_change(at: &[i64], unit: i64) -> Option<usize> {
    let is_late = |at: &i64| at.unsigned_abs() >= 100_000_000;
    if at.iter().filter(|at| is_late(at)).all(|at| epoch_unit(at.unsigned_abs()) == unit) {
        return None;
    }
    (1..at.len()).filter(|i| is_late(&at[*i]) && is_late(&at[i - 1])).find(|i| {
        let (now, before) = (at[*i].unsigned_abs(), at[i - 1].unsigned_abs());
        now.max(before) / now.min(before) >= 100
    })
}

/// The first of tab, semicolon and comma that the first line has; lines without anything do not count.
pub(super) fn delimiter_of(text: &[u8]) -> u8 {
    let line = text.split(|b| *b == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or(text);
    [b'\t', b';', b','].into_iter().find(|d| line.contains(d)).unwrap_or(b',')
}

/// A text's first record.
struct First {
    cells: Vec<String>,
    /// The byte after it.
    after: usize,
    lines: u64,
}

impl First {
    fn of(text: &[u8], delimiter: u8) -> Self {
        let (mut cells, mut lines) = (Vec::new(), 1);
        let after = each_record(text, delimiter, |record| {
            cells = record.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
            lines = record.lines;
            false
        });
        Self { cells, after, lines }
    }
}

/// Files that are no CSV, told by their first bytes.
fn foreign(bytes: &[u8]) -> Option<Finding> {
    let (what, remedy) = match bytes {
        [b'{' | b'[', ..] => ("JSON", "convert it"),
        [b'P', b'K', 3, 4, ..] => ("a zip archive", "unpack it first"),
        [0x1f, 0x8b, ..] => ("packed by gzip twice", "unpack it once"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("packed by zstd", "unpack it first, or pack it with gzip"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => ("UTF-16 text", "save it as UTF-8"),
        [0, b' '..=b'~', ..] | [b' '..=b'~', 0, ..] => ("UTF-16 text without its mark", "save it as UTF-8"),
        _ if starts_like_a_page(bytes) => ("a web page or XML", "convert it, or fetch the file itself"),
        // A NUL further down is a matter of that row.
        _ if bytes.iter().take(4096).take_while(|b| **b != b'\n').any(|b| *b <= 8) => ("binary", "convert it"),
        _ => return None,
    };
    Some(Finding::error("unknown_format", format!("the file is {what}; {remedy} (CSV, plain or under gzip, and Parquet are read)")))
}

fn starts_like_a_page(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"<!") || start.starts_with(b"<?") || start.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<html"))
}
