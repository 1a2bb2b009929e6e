//! Small tables beside the prices: rates by time, funding, dividends, recorded slippage.
//!
//! CSV with a header row, plain or under gzip; columns are found by name and may stand in any order, others are left alone. Times are
//! those of price files: RFC 3339, epoch numbers, or calendar times read as UTC. Whatever cannot be read is refused with its row, column and
//! value. [`read_table`] serves every one of them.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;

use super::{
    clock::{Clock, LEAST_EPOCH, epoch_unit, small_epoch},
    dataset::sha256_hex,
    read::read_bytes,
    spelling::Spelling,
};
use crate::{
    error::{Error, Result, suggest},
    time::Nanos,
};

/// What the time column may be called.
const TIMES: [&str; 6] = ["time", "timestamp", "date", "datetime", "ex_date", "calc_time"];

/// A small table as read: cells by row.
#[derive(Clone, Debug)]
pub struct TableFile {
    path: PathBuf,
    /// SHA-256 of its content.
    pub sha256: String,
    columns: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
}

/// Reads a small table.
///
/// # Errors
/// When the file is not there, is no CSV, has no rows, or lacks one of the `required` columns.
pub fn read_table(path: &Path, required: &[&str]) -> Result<TableFile> {
    if !path.is_file() {
        return Err(Error::absent(path));
    }
    let stored = read_bytes(path)?;
    let text = unpacked(path, &stored)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_slice());
    let wrong = |e: csv::Error| Error::data(path, format!("is no CSV with a header row: {e}"));
    let columns: Vec<String> =
        reader.headers().map_err(wrong)?.iter().map(|name| name.trim_start_matches('\u{feff}').to_lowercase()).collect();
    let mut rows = Vec::new();
    for record in reader.into_records() {
        let record = record.map_err(wrong)?;
        rows.push((record.position().map_or(0, csv::Position::line), record));
    }
    let table = TableFile { path: path.to_owned(), sha256: sha256_hex(&stored), columns, rows };
    for name in required {
        table.column(name)?;
    }
    if table.rows.is_empty() { Err(Error::data(path, "has no rows")) } else { Ok(table) }
}

fn unpacked(path: &Path, stored: &[u8]) -> Result<Vec<u8>> {
    use std::io::Read;
    if !stored.starts_with(&[0x1f, 0x8b]) {
        return Ok(stored.to_vec());
    }
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(stored).read_to_end(&mut text).map_err(|e| Error::io(path, "cannot unpack", e))?;
    Ok(text)
}

impl TableFile {
    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether there is a column of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.columns.iter().any(|column| column == name)
    }

    /// The texts of a column; empty cells stay empty.
    ///
    /// # Errors
    /// When there is no such column.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>> {
        let column = self.column(name)?;
        Ok(self.rows.iter().map(|(_, record)| record.get(column).unwrap_or("")).collect())
    }

    /// The numbers of a column.
    ///
    /// # Errors
    /// When there is no such column, or a cell of it is no finite number.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let column = self.column(name)?;
        let number = |(line, record): &(u64, csv::StringRecord)| {
            let cell = record.get(column).unwrap_or("");
            let wrong = || self.wrong(*line, name, format!("'{cell}' is not a number; write it as 0.0001"));
            cell.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(wrong)
        };
        self.rows.iter().map(number).collect()
    }

    /// The moments of the time column, whichever of its names it has.
    ///
    /// # Errors
    /// When there is no such column, or a cell of it is no time.
    pub fn times(&self) -> Result<Vec<Nanos>> {
        let Some(name) = TIMES.into_iter().find(|name| self.has(name)) else {
            let known = self.columns.join(", ");
            return Err(Error::data(&self.path, format!("has no time column; call it 'time' (the columns are {known})")));
        };
        let column = self.column(name)?;
        let spelling = Spelling::of(self.rows[0].1.get(column).unwrap_or("").as_bytes());
        let mut clock = Clock::new(Tz::UTC, None);
        let mut times = Vec::with_capacity(self.len());
        for (line, record) in &self.rows {
            let cell = record.get(column).unwrap_or("");
            let at = clock.read_as(spelling, cell.as_bytes()).map_err(|p| self.wrong(*line, name, p.message(cell, Tz::UTC)))?;
            times.push(at);
        }
        let largest = times.iter().map(|at| at.unsigned_abs()).max().unwrap_or(0);
        if let Some(may_be) = small_epoch(largest).filter(|_| spelling == Spelling::Epoch) {
            return Err(self.wrong(
                self.rows[0].0,
                name,
                format!("no time reaches {LEAST_EPOCH}; {may_be}; write the times as 2024-01-31"),
            ));
        }
        let unit = match spelling {
            Spelling::Epoch => epoch_unit(largest),
            Spelling::EpochSeconds | Spelling::Civil => 1,
        };
        Ok(times.into_iter().map(|at| Nanos(at.saturating_mul(unit))).collect())
    }

    /// The rows of one symbol: all of them where there is no column for it.
    ///
    /// # Errors
    /// When no row is of that symbol.
    pub fn of_symbol(mut self, symbol: &str) -> Result<Self> {
        if !self.has("symbol") {
            return Ok(self);
        }
        let column = self.column("symbol")?;
        self.rows.retain(|(_, record)| record.get(column) == Some(symbol));
        if self.rows.is_empty() { Err(Error::data(&self.path, format!("has no row of '{symbol}'"))) } else { Ok(self) }
    }

    /// An error about a cell.
    #[must_use]
    pub fn wrong(&self, line: u64, column: &str, problem: String) -> Error {
        Error::Data { path: self.path.clone(), row: Some(line), column: Some(column.to_owned()), problem }
    }

    /// Line of a row in the file, the first line being 1.
    #[must_use]
    pub fn line(&self, row: usize) -> u64 {
        self.rows[row].0
    }

    fn column(&self, name: &str) -> Result<usize> {
        let known = || suggest(name, self.columns.iter().map(String::as_str));
        let found = self.columns.iter().position(|column| column == name);
        found.ok_or_else(|| Error::data(&self.path, format!("has no column '{name}'{}", known())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, text: &str, required: &[&str]) -> Result<TableFile> {
        let path = std::env::temp_dir().join(format!("cthulu-lab-table-{name}-{}.csv", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let read = read_table(&path, required);
        std::fs::remove_file(&path).unwrap();
        read
    }

    #[test]
    fn columns_are_found_by_name_and_times_by_their_spelling() {
        let read = table("order", "Rate, time ,note\n0.5,2024-01-01,a\n0.25, 2024-01-02T08:00:00Z,\n", &["rate"]).unwrap();
        assert_eq!(read.numbers("rate").unwrap(), [0.5, 0.25]);
        let times: Vec<String> = read.times().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(times, ["2024-01-01T00:00:00Z", "2024-01-02T08:00:00Z"]);
        let epoch = table("epoch", "calc_time,rate\n1704067200000,0.0001\n", &["rate"]).unwrap();
        assert_eq!(epoch.times().unwrap()[0].to_string(), "2024-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_wrong_is_named_by_row_and_column() {
        let told = |name: &str, text: &str| {
            table(name, text, &["rate"]).and_then(|t| t.numbers("rate").and_then(|_| t.times())).unwrap_err().to_string()
        };
        assert!(told("none", "time,rat\n2024-01-01,1\n").ends_with("has no column 'rate'; did you mean 'rat'?"));
        assert!(told("cell", "time,rate\n2024-01-01,x\n").contains("row 2, column rate: 'x' is not a number"));
        assert!(told("when", "time,rate\n2024-13-01,1\n").contains("row 2, column time: '2024-13-01'"));
        assert!(told("small", "time,rate\n45293,1\n").contains("row 2, column time: no time reaches 100000000; they may be days"));
        assert!(told("empty", "time,rate\n").ends_with("has no rows"));
        assert!(told("timeless", "x,rate\n1,1\n").contains("call it 'time'"));
        assert!(table("other", "symbol,rate\nA,1\n", &[]).unwrap().of_symbol("B").unwrap_err().to_string().contains("no row of 'B'"));
    }
}
