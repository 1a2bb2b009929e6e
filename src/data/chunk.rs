//! Rows of one piece of a CSV file into columns.
//!
//! The plain path finds every delimiter in one sweep; a piece with quoted cells goes through the `csv` crate. Both feed the same
//! [`Rows`], so both give the same numbers, lines and findings.

use super::{
    clock::{Clock, TimeProblem},
    finding::Finding,
    finding::Findings,
    layout::{Layout, TimeCells},
    spelling::Spelling,
    table::Field,
};

/// What every piece of a file is read with.
#[derive(Clone, Debug)]
pub(super) struct Reading<'a> {
    pub(super) layout: &'a Layout,
    pub(super) spelling: Spelling,
    pub(super) clock: Clock,
    pub(super) delimiter: u8,
}

/// The rows of one piece; lines count from 1 at its start. Epoch times are still in the file's unit.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) at: Vec<i64>,
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) skips: Vec<usize>,
    pub(super) lines: u64,
    pub(super) findings: Findings,
    pub(super) saw_local: bool,
}

/// Reads a piece without quoted cells; it ends at a line's end or at the file's.
pub(super) fn read_plain(piece: &[u8], reading: &Reading<'_>) -> Rows {
    let mut sink = Sink::new(reading, piece);
    let mut ends: Vec<usize> = Vec::with_capacity(reading.layout.width + 1);
    let mut line_start = 0;
    let mut take = |ends: &mut Vec<usize>, start: usize| {
        sink.rows.lines += 1;
        let cell = |i: usize| &piece[if i == 0 { start } else { ends[i - 1] + 1 }..ends[i]];
        sink.row(ends.len(), cell);
        ends.clear();
    };
    for end in memchr::memchr2_iter(reading.delimiter, b'\n', piece) {
        if piece[end] == b'\n' {
            ends.push(if end > line_start && piece[end - 1] == b'\r' { end - 1 } else { end });
            take(&mut ends, line_start);
            line_start = end + 1;
        } else {
            ends.push(end);
        }
    }
    if line_start < piece.len() {
        ends.push(piece.len() - usize::from(piece.ends_with(b"\r")));
        take(&mut ends, line_start);
    }
    sink.finish()
}

/// Reads a piece that may have quoted cells, delimiters and line ends among them.
pub(super) fn read_quoted(piece: &[u8], reading: &Reading<'_>) -> Rows {
    let mut sink = Sink::new(reading, piece);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(reading.delimiter).from_reader(piece);
    let mut record = csv::ByteRecord::new();
    // Reading bytes from memory into a flexible record has no way to fail.
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        let line = record.position().map_or(sink.rows.lines + 1, csv::Position::line);
        while sink.rows.lines + 1 < line {
            sink.rows.lines += 1;
            sink.skip();
        }
        sink.rows.lines += 1;
        sink.row(record.len(), |i| &record[i]);
    }
    sink.finish()
}

struct Sink<'a> {
    reading: &'a Reading<'a>,
    clock: Clock,
    row: Vec<f64>,
    rows: Rows,
}

impl<'a> Sink<'a> {
    fn new(reading: &'a Reading<'a>, piece: &[u8]) -> Self {
        let guess = piece.len() / (piece.iter().take(1 << 12).position(|b| *b == b'\n').unwrap_or(64).max(16)) * 21 / 20 + 1;
        let columns = reading.layout.fields.iter().map(|_| Vec::with_capacity(guess)).collect();
        let rows =
            Rows { at: Vec::with_capacity(guess), columns, skips: Vec::new(), lines: 0, findings: Findings::default(), saw_local: false };
        Self { reading, clock: reading.clock.clone(), row: vec![0.0; reading.layout.fields.len()], rows }
    }

    fn skip(&mut self) {
        self.rows.skips.push(self.rows.at.len());
    }

    fn row<'c>(&mut self, cells: usize, cell: impl Fn(usize) -> &'c [u8]) {
        let layout = self.reading.layout;
        if cells != layout.width {
            if cells > 1 || !cell(0).trim_ascii().is_empty() {
                let message = format!("{cells} cells where the file has {} columns; mend the line", layout.width);
                self.refuse(Finding::error("column_count", message).value(cells.to_string()));
            }
            return self.skip();
        }
        let at = match layout.time {
            TimeCells::One(i) => self.time(cell(i).trim_ascii()),
            TimeCells::DateAndTime(d, t) => self.clock.read_two(cell(d).trim_ascii(), cell(t).trim_ascii()),
        };
        let mut whole = true;
        for (slot, (i, field, _)) in layout.fields.iter().enumerate() {
            match read_number(cell(*i)) {
                Some(value) => self.row[slot] = value,
                None if layout.carries_quotes && cell(*i).is_empty() && matches!(field, Field::Bid | Field::Ask) => {
                    self.row[slot] = f64::NAN
                }
                None => {
                    whole = false;
                    self.refuse(unreadable_number(cell(*i), &layout.fields[slot].2));
                }
            }
        }
        match at {
            Ok(at) if whole => {
                self.rows.at.push(at);
                self.rows.columns.iter_mut().zip(&self.row).for_each(|(column, value)| column.push(*value));
            }
            Ok(_) => self.skip(),
            Err(problem) => {
                let text = match layout.time {
                    TimeCells::One(i) => show(cell(i)),
                    TimeCells::DateAndTime(d, t) => format!("{} {}", show(cell(d)), show(cell(t))),
                };
                self.refuse(
                    Finding::error(problem.kind(), problem.message(&text, self.clock.zone())).column(&layout.time_name).value(text),
                );
                self.skip();
            }
        }
    }

    fn time(&mut self, cell: &[u8]) -> Result<i64, TimeProblem> {
        match self.reading.spelling {
            Spelling::Epoch => read_whole(cell).ok_or(TimeProblem::Unreadable),
            Spelling::Civil => self.clock.read(cell),
        }
    }

    fn refuse(&mut self, finding: Finding) {
        if self.rows.findings.is_full() {
            self.rows.findings.count_dropped(1)
        } else {
            self.rows.findings.push(finding.at(self.rows.lines))
        }
    }

    fn finish(mut self) -> Rows {
        self.rows.saw_local = self.clock.saw_local();
        self.rows
    }
}

/// A finite number, spaces around it allowed.
fn read_number(cell: &[u8]) -> Option<f64> {
    let value = fast_float2::parse::<f64, _>(cell).or_else(|_| fast_float2::parse(cell.trim_ascii())).ok()?;
    value.is_finite().then_some(value)
}

fn read_whole(cell: &[u8]) -> Option<i64> {
    let (negative, digits) = cell.strip_prefix(b"-").map_or((false, cell), |rest| (true, rest));
    if digits.is_empty() || digits.len() > 18 && digits.len() != 19 {
        return None;
    }
    let magnitude = digits
        .iter()
        .try_fold(0_i64, |n, b| if b.is_ascii_digit() { n.checked_mul(10)?.checked_add(i64::from(b - b'0')) } else { None })?;
    Some(if negative { -magnitude } else { magnitude })
}

fn unreadable_number(cell: &[u8], name: &str) -> Finding {
    let text = show(cell);
    let message = match text.as_str() {
        "" => "the cell is empty; fill it in or take the row out".to_owned(),
        _ if text.contains(',') => format!("'{text}' is not a number; write a decimal point"),
        _ => format!("'{text}' is not a finite number; mend the cell or take the row out"),
    };
    Finding::error("unparsable", message).column(name).value(text)
}

/// A cell as text, short enough for a message.
fn show(cell: &[u8]) -> String {
    String::from_utf8_lossy(cell.trim_ascii()).chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_scientific_but_not_infinite() {
        assert_eq!(read_number(b"3.60E-05"), Some(0.000036));
        assert_eq!(read_number(b" 1.5 "), Some(1.5));
        for wrong in ["", "nan", "inf", "-", "1,5", "1.2.3", "0x10", "1e999"] {
            assert_eq!(read_number(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn whole_numbers_stay_inside_their_range() {
        assert_eq!(read_whole(b"-86400"), Some(-86_400));
        assert_eq!(read_whole(b"9223372036854775807"), Some(i64::MAX));
        for wrong in ["", "-", "9223372036854775808", "1.5", "99999999999999999999"] {
            assert_eq!(read_whole(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
