//! What columns that are not used say about a whole file all the same: that it holds two instruments, or keeps another time beside the one read.
//!
//! Looked at only where a file has such a column; nothing is read from it.

use super::{
    chunk::Reading,
    clock::{Clock, epoch_unit},
    finding::{Finding, Severity},
    layout::TimeCells,
    spelling::Spelling,
    split::{Record, each_record, show},
};
use crate::time::{HOUR, Nanos};

/// How a column is called that says which instrument a row is of.
pub(super) const INSTRUMENTS: [&str; 6] = ["symbol", "ticker", "instrument", "pair", "asset", "name"];

/// Two times of one moment lie no further apart: a date is its midnight, a session's date the next day's, and a zone half a day off.
const APART: i64 = 38 * HOUR;

/// The error of a file that holds the rows of two instruments.
pub(super) fn two_instruments(column: &str, first: &str, other: &str, row: u64) -> Finding {
    let message = format!("the rows above are of '{first}' and this one is of '{other}'; split the file into one for each instrument");
    Finding::error("two_instruments", message).at(row).column(column).value(other)
}

/// Whether two cells name one instrument.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// What the rows of some pieces of a file say: the instrument's name, and what is wrong.
pub(super) struct Hints {
    pub(super) instrument: Option<String>,
    pub(super) findings: Vec<Finding>,
}

/// What one piece says; lines count from 1 at its start.
#[derive(Default)]
struct Seen {
    lines: u64,
    first: Option<(u64, String)>,
    other: Option<(u64, String)>,
    times: Option<(u64, String, String)>,
}

/// Looks through every piece, in parallel.
pub(super) fn look(pieces: &[&[u8]], reading: &Reading<'_>, lines_before: u64) -> Hints {
    use rayon::prelude::{IntoParallelRefIterator as _, ParallelIterator as _};
    let mut hints = Hints { instrument: None, findings: Vec::new() };
    let layout = reading.layout;
    if layout.instrument.is_none() && layout.second_time.is_none() {
        return hints;
    }
    let seen: Vec<Seen> = pieces.par_iter().map(|piece| look_through(piece, reading)).collect();
    let (mut lines, mut other, mut times) = (lines_before, None, None);
    for piece in seen {
        for (line, name) in piece.first.into_iter().chain(piece.other) {
            match &hints.instrument {
                None => hints.instrument = Some(name),
                Some(first) if is_same(first, &name) => {}
                Some(_) => other = other.or(Some((lines + line, name))),
            }
        }
        times = times.or(piece.times.map(|(line, read, beside)| (lines + line, read, beside)));
        lines += piece.lines;
    }
    if let (Some((_, column)), Some(first), Some((row, other))) = (&layout.instrument, &hints.instrument, other) {
        hints.findings.push(two_instruments(column, first, &other, row));
    }
    if let (Some((_, column)), Some((row, read, beside))) = (&layout.second_time, times) {
        let used = &layout.time_name;
        let message = format!(
            "'{used}' says {read} and '{column}' says {beside}, more than a day apart; '{used}' is used: take the column out that is wrong"
        );
        hints.findings.push(Finding::new(Severity::Warning, "two_times", message).at(row).column(column).value(beside));
    }
    hints
}

fn look_through(piece: &[u8], reading: &Reading<'_>) -> Seen {
    let (mut seen, mut clock) = (Seen::default(), reading.clock.clone());
    let layout = reading.layout;
    each_record(piece, reading.delimiter, |record| {
        let line = seen.lines + 1;
        seen.lines += record.lines;
        if record.len() != layout.width {
            return true;
        }
        if let Some((cell, _)) = &layout.instrument
            && seen.other.is_none()
            && !record.cell(*cell).is_empty()
        {
            let name = record.cell(*cell);
            match &seen.first {
                None => seen.first = Some((line, show(name))),
                Some((_, first)) if first.as_bytes().eq_ignore_ascii_case(name) || is_same(first, &show(name)) => {}
                Some(_) => seen.other = Some((line, show(name))),
            }
        }
        if let Some((cell, _)) = &layout.second_time
            && seen.times.is_none()
        {
            let moments = read_time(record, reading, &mut clock).zip(moment(record.cell(*cell), &mut clock));
            seen.times = moments
                .filter(|(read, beside)| read.abs_diff(*beside) > APART.unsigned_abs())
                .map(|(read, _)| (line, Nanos(read).to_string(), show(record.cell(*cell))));
        }
        true
    });
    seen
}

/// The time of a row, as it is read.
fn read_time(record: &Record<'_, '_>, reading: &Reading<'_>, clock: &mut Clock) -> Option<i64> {
    match reading.layout.time {
        TimeCells::One(cell) => moment(record.cell(cell), clock),
        TimeCells::DateAndTime(date, time) => clock.read_two(record.cell(date), record.cell(time)).ok(),
    }
}

/// The moment a cell spells, if it spells one.
fn moment(cell: &[u8], clock: &mut Clock) -> Option<i64> {
    let spelling = Spelling::of(cell);
    let at = clock.read_as(spelling, cell).ok()?;
    if spelling == Spelling::Epoch { at.checked_mul(epoch_unit(at.unsigned_abs())) } else { Some(at) }
}
