//! A CSV file in memory into a [`Table`]: delimiter, header, pieces in parallel, and back together in file order.

use chrono_tz::Tz;
use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{
    chunk::{Reading, Rows, read_plain, read_quoted},
    clock::{Clock, epoch_unit},
    finding::{Finding, Findings, Severity},
    layout::{Layout, TimeCells},
    read::ReadOptions,
    spelling::Spelling,
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

/// Reads a CSV file's bytes.
pub(super) fn parse_csv(bytes: &[u8], options: &ReadOptions) -> Parsed {
    if let Some(finding) = foreign(bytes) {
        return Parsed::refused(finding);
    }
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let blank_lines = text.split(|b| *b == b'\n').take_while(|line| line.trim_ascii().is_empty()).count();
    let start = text.split(|b| *b == b'\n').take(blank_lines).map(|line| line.len() + 1).sum::<usize>();
    let Some(text) = text.get(start..).filter(|rest| !rest.trim_ascii().is_empty()) else {
        return Parsed::refused(Finding::error("empty", "the file is empty; a header and at least one row are needed"));
    };
    let delimiter = delimiter_of(text);
    let (first, after) = first_record(text, delimiter);
    // A first cell that starts like a number is a time; anything else names a column.
    let headed = !first[0].trim().trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    let (layout, body) = if headed { (Layout::of_header(&first), &text[after..]) } else { (Layout::of_first_row(&first), text) };
    let header_lines = if headed { memchr::memchr_iter(b'\n', &text[..after]).count().max(1) } else { 0 };
    let lines_before = (blank_lines + header_lines) as u64;
    match layout {
        Err(mut finding) => {
            finding.row = finding.row.map(|row| row + blank_lines as u64);
            Parsed::refused(finding)
        }
        Ok(layout) => parse_body(body, &layout, delimiter, lines_before, options),
    }
}

fn parse_body(body: &[u8], layout: &Layout, delimiter: u8, lines_before: u64, options: &ReadOptions) -> Parsed {
    let rest = body.trim_ascii_start();
    if rest.is_empty() {
        return Parsed::refused(Finding::error("empty", "a header and no rows; nothing to run on").at(lines_before.max(1)));
    }
    let (cells, _) = first_record(rest, delimiter);
    let spelling = match layout.time {
        TimeCells::One(i) => Spelling::of(cells.get(i).map_or(&b""[..], |cell| cell.trim().as_bytes())),
        TimeCells::DateAndTime(..) => Spelling::Civil,
    };
    let clock = Clock::new(options.zone.unwrap_or(Tz::UTC), options.date_order);
    let reading = Reading { layout, spelling, clock, delimiter };
    let pieces: Vec<Rows> = if memchr::memchr(b'"', body).is_some() {
        vec![read_quoted(body, &reading)]
    } else {
        cut(body).par_iter().map(|piece| read_plain(piece, &reading)).collect()
    };
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
    let columns =
        layout.fields.iter().zip(values).map(|((_, field, name), values)| Column { field: *field, name: name.clone(), values }).collect();
    let mut table = Table { kind: layout.kind, at, time_name: layout.time_name.clone(), columns, first_line: lines_before + 1, skips };
    findings.keep_first("ambiguous_date");
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
    let message = format!(
        "times carry no offset and are read as UTC{why}; name the zone if the file keeps another (--zone, or zone in an experiment)"
    );
    Finding::new(severity, "missing_zone", message).column(&layout.time_name)
}

/// Turns epoch numbers into nanoseconds by the largest of them.
pub(super) fn scale_epoch(table: &mut Table, findings: &mut Findings) {
    let largest = table.at.iter().map(|at| at.unsigned_abs()).max().unwrap_or(0);
    let unit = epoch_unit(largest);
    for i in 0..table.at.len() {
        match table.at[i].checked_mul(unit) {
            Some(at) => table.at[i] = at,
            None => {
                let message = format!("{} lies outside 1678 to 2261", table.at[i]);
                findings
                    .push(Finding::error("unparsable", message).at(table.line(i)).column(&table.time_name).value(table.at[i].to_string()));
            }
        }
    }
}

/// The first of tab, semicolon and comma that the first line has.
fn delimiter_of(text: &[u8]) -> u8 {
    let line = text.split(|b| *b == b'\n').next().unwrap_or(text);
    [b'\t', b';', b','].into_iter().find(|d| line.contains(d)).unwrap_or(b',')
}

/// The first record's cells, and the byte after it.
fn first_record(text: &[u8], delimiter: u8) -> (Vec<String>, usize) {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(1 << 12).from_reader(text);
    let mut record = csv::ByteRecord::new();
    let found = reader.read_byte_record(&mut record).unwrap_or(false);
    let cells = record.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    let mut after = usize::try_from(reader.position().byte()).unwrap_or(text.len()).min(text.len());
    // After "\r\n" the reader stands between the two.
    if after > 0 && text[after - 1] == b'\r' && text.get(after) == Some(&b'\n') {
        after += 1;
    }
    if found { (cells, after) } else { (vec![String::new()], text.len()) }
}

/// Files that are no CSV, told by their first bytes.
fn foreign(bytes: &[u8]) -> Option<Finding> {
    let what = match bytes {
        [b'{' | b'[', ..] => "JSON",
        [b'P', b'K', 3, 4, ..] => "a zip archive; unpack it first",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16 text; save it as UTF-8",
        [b'<', b'!' | b'h' | b'?', ..] => "a web page or XML",
        _ if bytes.iter().take(4096).any(|b| *b == 0) => "binary",
        _ => return None,
    };
    Some(Finding::error("unknown_format", format!("the file is {what}; CSV (plain or .gz) and Parquet are read")))
}
