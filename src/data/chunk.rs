//! Rows of one piece of a CSV file into columns.
//!
//! A row that cannot be read is left out with a finding, and its line remembered, so that the rows after it keep theirs.

use chrono_tz::Tz;

use super::{
    clock::{Clock, TimeProblem},
    finding::{Finding, Findings, Severity},
    layout::{Layout, TimeCells},
    spelling::Spelling,
    split::{Record, each_record, show},
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

/// Reads a piece; it ends at a record's end or at the file's.
pub(super) fn read_piece(piece: &[u8], reading: &Reading<'_>) -> Rows {
    let mut sink = Sink::new(reading, piece);
    each_record(piece, reading.delimiter, |record| {
        sink.take(record);
        true
    });
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
        let line = piece.iter().take(1 << 12).position(|b| *b == b'\n').unwrap_or(64).max(16);
        let guess = piece.len() / line * 21 / 20 + 1;
        let columns = reading.layout.fields.iter().map(|_| Vec::with_capacity(guess)).collect();
        let rows =
            Rows { at: Vec::with_capacity(guess), columns, skips: Vec::new(), lines: 0, findings: Findings::default(), saw_local: false };
        Self { reading, clock: reading.clock.clone(), row: vec![0.0; reading.layout.fields.len()], rows }
    }

    fn take(&mut self, record: &Record<'_, '_>) {
        self.rows.lines += 1;
        if !self.read(record) {
            self.rows.skips.push(self.rows.at.len());
        }
        // Further lines of a record hold no row of their own.
        self.rows.skips.extend((1..record.lines).map(|_| self.rows.at.len()));
        self.rows.lines += record.lines - 1;
    }

    /// Whether the record became a row; if not, a finding says why, unless it is blank.
    fn read(&mut self, record: &Record<'_, '_>) -> bool {
        let layout = self.reading.layout;
        if record.len() != layout.width || record.is_unclosed {
            if let Some(footer) = layout.format.footer().filter(|footer| record.cell(0).starts_with(footer.as_bytes())) {
                let message = format!("the line '{footer} …' is the vendor's word and was left out");
                self.refuse(Finding::new(Severity::Info, "footer", message).value(show(record.text())));
            } else if !record.is_blank() {
                self.refuse(odd_row(record, layout).unwrap_or_else(|| wrong_count(record, layout)));
            }
            return false;
        }
        let at = match layout.time {
            TimeCells::One(i) => self.clock.read_as(self.reading.spelling, record.cell(i)),
            TimeCells::DateAndTime(d, t) => self.clock.read_two(record.cell(d), record.cell(t)),
        };
        if let Err(problem) = at {
            if let Some(finding) = odd_row(record, layout) {
                self.refuse(finding);
                return false;
            }
            self.refuse(unreadable_time(record, layout, problem, self.clock.zone()));
        }
        let whole = self.read_numbers(record);
        let (Ok(at), true) = (at, whole) else { return false };
        self.rows.at.push(at);
        self.rows.columns.iter_mut().zip(&self.row).for_each(|(column, value)| column.push(*value));
        true
    }

    /// Fills `self.row`; false where a cell is no number.
    fn read_numbers(&mut self, record: &Record<'_, '_>) -> bool {
        let layout = self.reading.layout;
        let mut whole = true;
        for (slot, (i, _, name)) in layout.fields.iter().enumerate() {
            let cell = record.cell(*i);
            match read_number(cell) {
                Some(value) => self.row[slot] = value,
                None if layout.carries_quotes && cell.is_empty() => self.row[slot] = f64::NAN,
                None => {
                    whole = false;
                    self.refuse(unreadable_number(cell, name));
                }
            }
        }
        whole
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

/// A record that is no row at all, whatever its number of cells.
fn odd_row(record: &Record<'_, '_>, layout: &Layout) -> Option<Finding> {
    let time = match layout.time {
        TimeCells::One(i) | TimeCells::DateAndTime(i, _) => i,
    };
    let text = show(record.text().split(|b| *b == b'\n').next().unwrap_or_default());
    let message = if record.is_unclosed {
        "a quote opens in this row and never closes; mend the row".to_owned()
    } else if record.text().contains(&0) {
        "the row holds NUL bytes, as a write that was interrupted leaves them; take it out".to_owned()
    } else if record.text().trim_ascii_start().starts_with(b"#") {
        format!("'{text}' is a comment; take the line out")
    } else if record.cells().all(<[u8]>::is_empty) {
        "the row holds nothing but delimiters; take it out".to_owned()
    } else if record.len() == layout.width && record.cell(time).eq_ignore_ascii_case(layout.time_name.as_bytes()) {
        format!("'{text}' is the header again; take the line out")
    } else {
        return None;
    };
    Some(Finding::error("unparsable", message).value(text))
}

fn wrong_count(record: &Record<'_, '_>, layout: &Layout) -> Finding {
    let (cells, width) = (record.len(), layout.width);
    let remedy = if !record.is_ended && cells < width {
        "the file ends inside this row: fetch the rest of it, or take the row out"
    } else {
        "mend the line or the header"
    };
    let s = if cells == 1 { "" } else { "s" };
    Finding::error("column_count", format!("{cells} cell{s} where the file has {width} columns; {remedy}")).value(cells.to_string())
}

fn unreadable_time(record: &Record<'_, '_>, layout: &Layout, problem: TimeProblem, zone: Tz) -> Finding {
    let text = match layout.time {
        TimeCells::One(i) => show(record.cell(i)),
        TimeCells::DateAndTime(d, t) => format!("{} {}", show(record.cell(d)), show(record.cell(t))),
    };
    Finding::error(problem.kind(), problem.message(&text, zone)).column(&layout.time_name).value(text)
}

/// A finite number.
fn read_number(cell: &[u8]) -> Option<f64> {
    fast_float2::parse::<f64, _>(cell).ok().filter(|value| value.is_finite())
}

fn unreadable_number(cell: &[u8], name: &str) -> Finding {
    let text = show(cell);
    let message = match text.as_str() {
        "" => "the cell is empty; fill it in or take the row out".to_owned(),
        _ if text.contains(',') => format!("'{text}' is not a number; write a decimal point and no thousands separators"),
        _ => format!("'{text}' is not a finite number; mend the cell or take the row out"),
    };
    Finding::error("unparsable", message).column(name).value(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_scientific_but_not_infinite() {
        assert_eq!(read_number(b"3.60E-05"), Some(0.000036));
        for wrong in ["", "nan", "inf", "-", "1,5", "1.2.3", "0x10", "1e999"] {
            assert_eq!(read_number(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
