//! A run folder as read: `run.json` and `verdict.json` as trees, `trades.csv`, `equity.csv`, `buyhold.csv`, `trials.csv` and
//! `findings.json` as rows.
//!
//! Only `run.json` must be there. Every other file, and every value in it, may be missing and is then `None` or empty. A file that is
//! there but cannot be read is an error that names it.

use crate::error::{Error, Result};
use crate::time::Nanos;
use serde_json::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// What a report needs of a run folder.
#[derive(Default)]
pub(super) struct RunFolder {
    pub(super) run: Value,
    pub(super) verdict: Value,
    pub(super) trades: Vec<Trade>,
    pub(super) equity: Vec<EquityRow>,
    pub(super) buyhold: Vec<(Nanos, f64)>,
    pub(super) findings: Vec<Value>,
    pub(super) trials: Vec<super::trials::Row>,
    pub(super) folds: Vec<Fold>,
    /// Moments, and the equity of each path by its column.
    pub(super) oos_paths: Vec<(Nanos, super::trials::Row)>,
}

/// A row of `folds.csv`.
#[derive(Clone, Debug, Default)]
pub(super) struct Fold {
    /// First moment and the moment after the last, of each training range.
    pub(super) train: Vec<(Nanos, Nanos)>,
    /// The same of each test range.
    pub(super) test: Vec<(Nanos, Nanos)>,
    /// Every cell that is a number, by its column.
    pub(super) numbers: super::trials::Row,
}

/// A row of `trades.csv`.
#[derive(Clone, Debug, Default)]
pub(super) struct Trade {
    pub(super) ticket: String,
    pub(super) symbol: String,
    pub(super) side: String,
    pub(super) lots: Option<f64>,
    pub(super) opened_at: Option<Nanos>,
    pub(super) entry: Option<f64>,
    pub(super) closed_at: Option<Nanos>,
    pub(super) exit: Option<f64>,
    pub(super) pnl: Option<f64>,
    pub(super) pnl_fraction: Option<f64>,
    pub(super) mae: Option<f64>,
    pub(super) mfe: Option<f64>,
    pub(super) bars: Option<f64>,
    pub(super) reason: String,
    pub(super) strategy: String,
}

/// A row of `equity.csv`.
#[derive(Clone, Copy, Debug)]
pub(super) struct EquityRow {
    pub(super) time: Nanos,
    pub(super) equity: f64,
    pub(super) drawdown_fraction: Option<f64>,
    pub(super) exposure: Option<f64>,
}

impl RunFolder {
    /// Reads the folder at `dir`.
    ///
    /// # Errors
    /// [`Error::Io`] when `run.json` is missing or a file cannot be read; [`Error::Data`] when one does not parse.
    pub(super) fn read(dir: &Path) -> Result<Self> {
        let run = json(&dir.join("run.json"))?
            .ok_or_else(|| Error::io(dir.join("run.json"), "cannot read the run", ErrorKind::NotFound.into()))?;
        let findings = match json(&dir.join("findings.json"))? {
            Some(Value::Array(rows)) => rows,
            Some(Value::Object(mut whole)) => match whole.remove("findings") {
                Some(Value::Array(rows)) => rows,
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        Ok(Self {
            run,
            verdict: json(&dir.join("verdict.json"))?.unwrap_or(Value::Null),
            trades: rows(&dir.join("trades.csv"), |row| Some(trade(row)))?,
            equity: rows(&dir.join("equity.csv"), equity_row)?,
            buyhold: rows(&dir.join("buyhold.csv"), |row| Some((row.time("time")?, row.number("equity")?)))?,
            findings,
            trials: rows(&dir.join("trials.csv"), |row| Some(row.numbers()))?,
            folds: rows(&dir.join("folds.csv"), |row| Some(fold(row)))?,
            oos_paths: rows(&dir.join("oos_paths.csv"), |row| Some((row.time("time")?, row.numbers())))?,
        })
    }

    /// The number at a dotted path of `run.json`, where there is one.
    pub(super) fn number(&self, path: &str) -> Option<f64> {
        number(&self.run, path)
    }

    /// The text at a dotted path of `run.json`, where there is one.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        at(&self.run, path)?.as_str()
    }

    /// The account currency, or nothing.
    pub(super) fn currency(&self) -> &str {
        self.text("manifest.spec.account.currency").unwrap_or("")
    }

    /// The list at a dotted path of `run.json`; empty where there is none.
    pub(super) fn list(&self, path: &str) -> &[Value] {
        at(&self.run, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// The value at a dotted path of `tree`.
pub(super) fn at<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(tree, |node, key| node.get(key)).filter(|node| !node.is_null())
}

/// The finite number at a dotted path of `tree`.
pub(super) fn number(tree: &Value, path: &str) -> Option<f64> {
    at(tree, path)?.as_f64().filter(|n| n.is_finite())
}

fn json(path: &Path) -> Result<Option<Value>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(Error::io(path, "cannot read", e)),
    };
    serde_json::from_str(&text).map(Some).map_err(|e| Error::data(path, format!("not JSON: {e}")))
}

/// A CSV record with its header.
pub(super) struct Row<'a> {
    header: &'a csv::StringRecord,
    record: &'a csv::StringRecord,
}

impl Row<'_> {
    fn cell(&self, column: &str) -> &str {
        self.header.iter().position(|name| name == column).and_then(|i| self.record.get(i)).unwrap_or("")
    }

    pub(super) fn number(&self, column: &str) -> Option<f64> {
        self.cell(column).parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// Every cell that is a number, by its column.
    fn numbers(&self) -> super::trials::Row {
        let cells = self.header.iter().zip(self.record);
        cells.filter_map(|(name, cell)| Some((name.to_owned(), cell.parse().ok().filter(|n: &f64| n.is_finite())?))).collect()
    }

    pub(super) fn time(&self, column: &str) -> Option<Nanos> {
        Nanos::parse_date_or_moment(self.cell(column))
    }
}

/// The rows of a CSV file that `read` accepts; none when there is no file.
pub(super) fn rows<T>(path: &Path, read: impl Fn(&Row) -> Option<T>) -> Result<Vec<T>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io(path, "cannot read", e)),
    };
    let wrong = |e: csv::Error| Error::data(path, format!("not CSV: {e}"));
    let mut reader = csv::Reader::from_reader(file);
    let header = reader.headers().map_err(wrong)?.clone();
    let (mut out, mut record) = (Vec::new(), csv::StringRecord::new());
    while reader.read_record(&mut record).map_err(wrong)? {
        out.extend(read(&Row { header: &header, record: &record }));
    }
    Ok(out)
}

fn fold(row: &Row) -> Fold {
    let range = |text: &str| {
        let (from, to) = text.split_once('/')?;
        Nanos::parse_date_or_moment(from).zip(Nanos::parse_date_or_moment(to))
    };
    let ranges = |column: &str| row.cell(column).split(';').filter_map(range).collect();
    Fold { train: ranges("train_ranges"), test: ranges("test_ranges"), numbers: row.numbers() }
}

fn equity_row(row: &Row) -> Option<EquityRow> {
    Some(EquityRow {
        time: row.time("time")?,
        equity: row.number("equity")?,
        drawdown_fraction: row.number("drawdown_fraction"),
        exposure: row.number("exposure"),
    })
}

fn trade(row: &Row) -> Trade {
    Trade {
        ticket: row.cell("ticket").to_owned(),
        symbol: row.cell("symbol").to_owned(),
        side: row.cell("side").to_owned(),
        lots: row.number("lots"),
        opened_at: row.time("opened_at"),
        entry: row.number("entry"),
        closed_at: row.time("closed_at"),
        exit: row.number("exit"),
        pnl: row.number("pnl"),
        pnl_fraction: row.number("pnl_fraction"),
        mae: row.number("mae"),
        mfe: row.number("mfe"),
        bars: row.number("bars"),
        reason: row.cell("reason").to_owned(),
        strategy: row.cell("strategy").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_paths_reach_numbers_and_null_is_missing() {
        let tree: Value = serde_json::from_str(r#"{"a":{"b":1.5,"c":null}}"#).unwrap();
        assert_eq!(number(&tree, "a.b"), Some(1.5));
        assert!(number(&tree, "a.c").is_none() && at(&tree, "a.d").is_none());
    }

    #[test]
    fn a_folder_without_a_run_is_an_error_that_names_the_file() {
        let Err(error) = RunFolder::read(Path::new("/nonexistent-run")) else { panic!("nothing to read") };
        assert!(error.to_string().contains("run.json"));
    }
}
