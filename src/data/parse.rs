//! A text file in memory into a [`Table`]: delimiter, header, pieces in parallel, and back together in file order.

use rayon::prelude::{IntoParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::{
    chunk::{Reading, Rows, read_piece},
    clock::{LEAST_EPOCH, epoch_unit, small_epoch},
    detect::{self, Detected},
    finding::{Finding, Findings, Severity},
    format::Format,
    hints,
    json::parse_json,
    layout::{Layout, TimeCells, plain},
    read::ReadOptions,
    spelling::Spelling,
    split::{each_record, show},
    table::{Column, Kind, Table},
};
use crate::time::{DAY, Nanos};

/// A file's table, where it has one, and what was found on the way.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) table: Option<Table>,
    pub(super) findings: Findings,
    /// What was decided about the file, and why, in sentences.
    pub(super) explained: Vec<String>,
}

impl Parsed {
    pub(super) fn refused(finding: Finding) -> Self {
        let mut findings = Findings::default();
        findings.push(finding);
        Self { table: None, findings, explained: Vec::new() }
    }
}

/// Bytes a piece should have; small enough to balance two cores, large enough not to matter.
const PIECE: usize = 1 << 20;

/// Reads a text file: CSV, or the vendors' JSON.
pub(super) fn parse_text(bytes: &[u8], options: &ReadOptions) -> Parsed {
    if matches!(bytes.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return parse_json(bytes, options);
    }
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
    let body = if headed { &text[first.after..] } else { text };
    let before = blank_lines as u64 + if headed { first.lines } else { 0 };
    let decided = detect(&first, body, headed, delimiter, options).and_then(|detected| {
        let layout =
            if headed { Layout::of_header(&first.cells, detected.format) } else { Layout::of_first_row(&first.cells, detected.format) };
        layout.map(|layout| (detected, if options.split_adjust { layout } else { layout.without_adjustments() }))
    });
    match decided {
        Err(finding) => Parsed::refused(finding.at(line)),
        Ok((detected, layout)) => parse_body(body, &layout, detected, (delimiter, before), options),
    }
}

/// Rows looked at to tell a format.
const SAMPLE: usize = 200;

fn detect(first: &First, body: &[u8], headed: bool, delimiter: u8, options: &ReadOptions) -> Result<Detected, Finding> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let wanted = if headed { 1 } else { SAMPLE };
    each_record(body, delimiter, |record| {
        if !record.is_blank() {
            rows.push(record.cells().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect());
        }
        rows.len() < wanted
    });
    if headed {
        return detect::of_header(&first.cells, rows.first().map_or(&[], Vec::as_slice)).or_named(options);
    }
    detect::of_rows(&rows, delimiter, options)?.or_named(options)
}

fn parse_body(body: &[u8], layout: &Layout, detected: Detected, (delimiter, lines_before): (u8, u64), options: &ReadOptions) -> Parsed {
    let rest = body.trim_ascii_start();
    if rest.is_empty() {
        return Parsed::refused(Finding::error("empty", "a header and no rows; nothing to run on").at(lines_before.max(1)));
    }
    let first = First::of(rest, delimiter);
    let spelling = match layout.time {
        TimeCells::One(i) => Spelling::of(first.cells.get(i).map_or(&b""[..], |cell| cell.as_bytes())),
        TimeCells::DateAndTime(..) => Spelling::Civil,
    };
    let clock = options.clock(layout.format);
    let reading = Reading { layout, spelling, clock, delimiter };
    // A line end inside quotes is no place to cut.
    let texts = if memchr::memchr(b'"', body).is_some() { vec![body] } else { cut(body) };
    let pieces: Vec<Rows> = texts.par_iter().map(|piece| read_piece(piece, &reading)).collect();
    let mut parsed = join(pieces, &reading, lines_before, options);
    let hints = hints::look(&texts, &reading, lines_before);
    parsed.findings.extend(hints.findings);
    parsed.table.iter_mut().for_each(|table| table.instrument.clone_from(&hints.instrument));
    let order = match (options.date_order, layout.format.date_order()) {
        (Some(order), _) => Some(format!("dates: {order:?}, as named").to_lowercase()),
        (None, Some(order)) => Some(format!("dates: {order:?}, as {} documents", layout.format).to_lowercase()),
        (None, None) => None,
    };
    parsed.explained.insert(0, format!("format: {}; {}", layout.format, detected.why));
    parsed.explained.extend(order);
    detected.warning.into_iter().for_each(|finding| parsed.findings.push(finding));
    parsed
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
        format: layout.format,
        kind: layout.kind,
        at,
        time_name: layout.time_name.clone(),
        time: layout.time,
        columns: columns.collect(),
        first_line: lines_before + 1,
        skips,
        is_reversed: false,
        is_scaled: false,
        instrument: None,
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
    findings.extend(missing_zone(layout, saw_local, &table, options));
    findings.extend(doubtful_times(layout, saw_local, options));
    findings.extend(numbered_by_time(layout, &table));
    if table.at.is_empty() && findings.first_error().is_none() {
        findings.push(Finding::error("empty", "no rows; nothing to run on"));
    }
    let mut explained = vec![layout.explain()];
    if !table.at.is_empty() {
        explained.push(detect::explain_zone(layout.format, options, saw_local, layout.names_utc()));
    }
    Parsed { table: Some(table), findings, explained }
}

/// The day on which the first bitcoin was made; numbers that are times of trades lie behind it.
const FIRST_TRADES: i64 = 1_230_940_800_000_000_000;

/// Trades that have a number and no time: Mt. Gox numbered them by the microsecond; a plain count is no time.
fn numbered_by_time(layout: &Layout, table: &Table) -> Option<Finding> {
    let first = table.at.first().filter(|_| layout.is_numbered())?;
    Some(if *first < FIRST_TRADES {
        Finding::error("missing_column", "no column for a time, and the trades' numbers are none; add a timestamp")
            .column(&layout.time_name)
    } else {
        let message = format!(
            "there is no time; the trades' numbers are read as epoch numbers, as Mt. Gox made them, the first as {}",
            Nanos(*first)
        );
        Finding::new(Severity::Warning, "numbered_by_time", message).at(table.line(0)).column(&layout.time_name)
    })
}

/// Where times carry no offset and nobody says which clock they show: what that means, or the question.
pub(super) fn missing_zone(layout: &Layout, saw_local: bool, table: &Table, options: &ReadOptions) -> Option<Finding> {
    if !saw_local || options.zone.is_some() || layout.format.zone().is_some() || layout.names_utc() {
        return None;
    }
    // A date without a time of day is the date of a session in any zone.
    if let Some(row) = table.at.iter().position(|at| at.rem_euclid(DAY) != 0)
        && options.must_name_zone
    {
        let whose = if layout.format.keeps_a_brokers_clock() { "the broker's server and UTC both fit" } else { "more than one clock fits" };
        let message = format!("times carry no offset and no zone is named, and {whose}; name the clock with --tz, as UTC or Europe/Athens");
        let finding = Finding::error("ambiguous_zone", message).column(&layout.time_name);
        return Some(finding.at(table.line(row)).value(Nanos(table.at[row]).to_string()));
    }
    let (severity, why) = if layout.names_a_clock() {
        (Severity::Warning, ", although the column's name points at another clock")
    } else if layout.format.keeps_a_brokers_clock() {
        (Severity::Warning, ", although MetaTrader writes the broker's clock")
    } else {
        (Severity::Info, "")
    };
    let message =
        format!("times carry no offset and are read as UTC{why}; name the zone if the file keeps another (--tz, or zone in an experiment)");
    Some(Finding::new(severity, "missing_zone", message).column(&layout.time_name))
}

/// What the time column's own name says against the way it is read.
pub(super) fn doubtful_times(layout: &Layout, saw_local: bool, options: &ReadOptions) -> Vec<Finding> {
    let (name, mut found) = (&layout.time_name, Vec::new());
    let mut warn = |kind, message: String| found.push(Finding::new(Severity::Warning, kind, message).column(name));
    if layout.kind == Kind::Bars && layout.names_an_end() && !layout.format.stamps_ends() {
        warn(
            "stamps_unknown",
            format!(
                "the name '{name}' says that bars are stamped with their end, and they are read as stamped with their opening; \
                 name --format ninjatrader where these are ends, or call the column time where they are openings"
            ),
        );
    }
    let zone = options.zone.filter(|zone| saw_local && layout.names_utc() && !is_utc(*zone));
    if let Some(zone) = zone {
        warn("zone_contradicted", format!("the name '{name}' says UTC, and the zone named, {zone}, was used; name --tz UTC or none"));
    }
    found
}

/// Whether a zone is another name of UTC.
fn is_utc(zone: chrono_tz::Tz) -> bool {
    let name = zone.name().trim_start_matches("Etc/");
    matches!(name, "UTC" | "UCT" | "GMT" | "GMT0" | "GMT+0" | "GMT-0" | "Greenwich" | "Universal" | "Zulu")
}

/// Turns epoch numbers into nanoseconds by the largest of them.
pub(super) fn scale_epoch(table: &mut Table, findings: &mut Findings) {
    let largest = table.at.iter().map(|at| at.unsigned_abs()).max().unwrap_or(0);
    findings.extend(too_small(table, largest));
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

/// Numbers too small to be times, unless the vendor documents that it writes epoch numbers. Trades' numbers are judged elsewhere.
fn too_small(table: &Table, largest: u64) -> Option<Finding> {
    let is_documented = matches!(table.format, Format::Binance | Format::DukascopyNode | Format::DukascopyDelta);
    let is_number = table.kind == Kind::Trades && plain(&table.time_name) == "id";
    let first = table.at.first().filter(|_| !is_documented && !is_number)?;
    let may_be = small_epoch(largest)?;
    // What counts whole minutes from 0 can be nothing else than seconds of 1970, as examples are written.
    if *first == 0 && table.at.iter().all(|at| at % 60 == 0) {
        return None;
    }
    let message = format!(
        "no time reaches {LEAST_EPOCH}, so that as seconds since 1970 all would lie before March 1973; {may_be}; write the times as 2024-01-31"
    );
    Some(Finding::error("doubtful_epoch", message).at(table.line(0)).column(&table.time_name).value(first.to_string()))
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
    Some(Finding::error(
        "unknown_format",
        format!("the file is {what}; {remedy} (CSV and JSON, plain or under gzip, and Parquet are read)"),
    ))
}

fn starts_like_a_page(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"<!") || start.starts_with(b"<?") || start.get(..5).is_some_and(|tag| tag.eq_ignore_ascii_case(b"<html"))
}
