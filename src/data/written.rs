//! The cells as written, for findings about values that were already numbers when they were found wrong.
//!
//! Whoever looks for `1.10` in a file does not find `1.1`. Costs nothing while nothing is wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    finding::{Finding, Findings},
    layout::TimeCells,
    parse::delimiter_of,
    split::{each_record, show},
    table::Table,
};

/// Gives every error that names a row and a column the cell's own text as its value.
pub(super) fn quote_cells(text: &[u8], table: &Table, findings: &mut Findings) {
    let placed = |finding: &Finding| finding.column.as_ref().and(finding.row);
    let rows: BTreeSet<u64> = findings.errors_mut().filter_map(|finding| placed(finding)).collect();
    let starts = line_starts(text, &rows);
    let delimiter = delimiter_of(text);
    for finding in findings.errors_mut() {
        let Some(start) = placed(finding).and_then(|row| starts.get(&row)) else { continue };
        let name = finding.column.as_deref().unwrap_or_default();
        let cells = if name == table.time_name {
            Some(table.time)
        } else {
            table.columns.iter().find(|column| column.name == name).map(|column| TimeCells::One(column.cell))
        };
        let written = cells.and_then(|cells| read_cells(&text[*start..], delimiter, cells));
        finding.value = written.or_else(|| finding.value.take());
    }
}

/// The byte at which each of `rows` begins; the first line is row 1.
fn line_starts(text: &[u8], rows: &BTreeSet<u64>) -> BTreeMap<u64, usize> {
    let Some(last) = rows.last() else { return BTreeMap::new() };
    let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|end| end + 1));
    (1..=*last).zip(starts).filter(|(row, _)| rows.contains(row)).collect()
}

/// The cell, or date and time, of the record that `text` starts with.
fn read_cells(text: &[u8], delimiter: u8, cells: TimeCells) -> Option<String> {
    let mut found = None;
    each_record(text, delimiter, |record| {
        let written = |i: usize| (i < record.len()).then(|| show(record.cell(i)));
        found = match cells {
            TimeCells::One(i) => written(i),
            TimeCells::DateAndTime(d, t) => written(d).zip(written(t)).map(|(date, time)| format!("{date} {time}")),
        };
        false
    });
    found
}
