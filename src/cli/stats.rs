//! `cthulu-lab stats`: the metrics of any column of returns or equity, and the odds that the best of many trials is luck.

use std::{io::Read as _, path::Path};

use serde_json::{Map, Value, json};

use super::{
    args::{SeriesKind, StatsArgs},
    print, print_json, say, table,
};
use crate::{
    error::{Error, Result, suggest},
    seed::Seed,
    stats::{bootstrap::Options, explain::explain, intervals::sharpe_interval, luck, moments, ratios, summary::Metrics},
    walk::{Luck, Matrix},
};

/// The root of every resample, so that the same file gives the same figures; it is printed beside them.
const SEED: u64 = 7;

/// Keys that belong to a run's trades and money, which a bare column does not have.
const OF_RUNS_ALONE: [&str; 2] = ["trades", "costs_total"];

/// Columns that say when, not what.
const TIME_COLUMNS: [&str; 4] = ["time", "timestamp", "date", "datetime"];

pub(super) fn run(args: &StatsArgs) -> Result<()> {
    let columns = Columns::read(&args.file)?;
    let found = match &args.column {
        Some(column) => {
            let values = columns.numbers(column)?;
            if args.kind == SeriesKind::Returns && values.iter().all(|v| *v >= 1.0) {
                say(&format!("warning: every row of '{column}' gains 100 % or more; if these are account values, add --kind equity"));
            }
            series(args, &values)?
        }
        None => trials(args, &columns)?,
    };
    if args.json {
        return print_json(&Value::Object(found));
    }
    print(&text(&found))
}

fn series(args: &StatsArgs, values: &[f64]) -> Result<Map<String, Value>> {
    let (metrics, returns) = match args.kind {
        SeriesKind::Returns => (Metrics::of_returns(values, args.periods), values.to_vec()),
        SeriesKind::Equity => (Metrics::of_equity(values, args.periods), returns_of(values)),
    };
    let mut found = match json!(metrics) {
        Value::Object(map) => map,
        _ => unreachable!("metrics are an object"),
    };
    for key in OF_RUNS_ALONE {
        found.insert(key.into(), Value::Null);
    }
    found.insert("min_trl".into(), json!(luck::min_trl_of(&returns)));
    found.insert("periods_per_year".into(), json!(args.periods));
    let sharpe = sharpe_interval(&returns, args.periods, &Options::new(Seed::new(SEED).child("sharpe")));
    found.insert("intervals".into(), json!({ "sharpe": sharpe, "seed": SEED }));
    if let (Some(path), Some(column)) = (&args.benchmark, &args.column) {
        let values = Columns::read(path)?.numbers(column)?;
        let benchmark = if args.kind == SeriesKind::Equity { returns_of(&values) } else { values };
        if benchmark.len() != returns.len() {
            let problem = format!("has {} rows of '{column}' where {} has {}", benchmark.len(), args.file.display(), returns.len());
            return Err(Error::data(path, format!("{problem}; the two are compared row for row")));
        }
        found.insert("beta".into(), json!(ratios::beta(&returns, &benchmark)));
        found.insert("alpha".into(), json!(ratios::alpha(&returns, &benchmark, 0.0, args.periods)));
        found.insert("information_ratio".into(), json!(ratios::information_ratio(&returns, &benchmark, args.periods)));
        found.insert("correlation".into(), json!(moments::correlation(&returns, &benchmark)));
    }
    Ok(found)
}

/// Period returns of account values, the first being the start.
fn returns_of(levels: &[f64]) -> Vec<f64> {
    levels.split_first().and_then(|(start, rest)| ratios::returns_of(*start, rest)).unwrap_or_default()
}

fn trials(args: &StatsArgs, columns: &Columns) -> Result<Map<String, Value>> {
    if !args.blocks.is_multiple_of(2) {
        return Err(Error::config("--blocks", format!("{} is odd; the blocks are split into two halves", args.blocks)));
    }
    let names: Vec<&String> = columns.header.iter().filter(|name| !TIME_COLUMNS.contains(&name.to_lowercase().as_str())).collect();
    let returns = names.iter().map(|name| columns.numbers(name)).collect::<Result<Vec<_>>>()?;
    let luck = Luck::of(&Matrix { blocks: args.blocks.into(), ..Matrix::of(&returns, args.periods, Seed::new(SEED)) });
    let (overfit, tested) = (luck.overfit, luck.against_zero);
    let pairs = [
        ("trials", json!(luck.trials)),
        ("effective_trials", json!(luck.effective_trials)),
        ("best", json!(luck.chosen.map(|best| names[best]))),
        ("sharpe", json!(luck.sharpe)),
        ("psr", json!(luck.psr)),
        ("sr0", json!(luck.sr0)),
        ("dsr", json!(luck.dsr)),
        ("min_trl", json!(luck.min_trl)),
        ("pbo", json!(overfit.map(|p| p.pbo))),
        ("mean_logit", json!(overfit.map(|p| p.mean_logit))),
        ("splits", json!(overfit.map(|p| p.splits))),
        ("oos_loss_probability", json!(overfit.map(|p| p.oos_loss_probability))),
        ("degradation_slope", json!(overfit.and_then(|p| p.degradation_slope))),
        ("white_p", json!(tested.map(|t| t.white_p))),
        ("spa_p", json!(tested.map(|t| t.spa_p))),
        ("seed", json!(SEED)),
    ];
    Ok(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// A line a figure that has a value, named as the report names it.
fn text(found: &Map<String, Value>) -> String {
    let mut rows = Vec::new();
    for (key, value) in found {
        let name = explain(key).map_or(key.as_str(), |m| m.name).to_owned();
        let shown = match value {
            Value::Number(n) => n.as_f64().map_or_else(|| n.to_string(), plain),
            Value::String(text) => text.clone(),
            _ => continue,
        };
        rows.push(vec![name, shown, explain(key).map_or("", |m| m.unit).to_owned()]);
    }
    let sharpe = &found.get("intervals").map_or(&Value::Null, |i| &i["sharpe"]);
    if let (Some(low), Some(high), Some(block)) = (sharpe["low"].as_f64(), sharpe["high"].as_f64(), sharpe["block_bars"].as_f64()) {
        let about = format!("95 % interval; bootstrap, seed {SEED}, mean block {block:.1} rows");
        rows.push(vec!["Sharpe ratio".into(), format!("{} to {}", plain(low), plain(high)), about]);
    }
    table(&rows)
}

/// At most six digits behind the point, and no zeros at the end.
pub(super) fn plain(value: f64) -> String {
    if value.abs() >= 1e15 {
        return format!("{value:e}");
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A CSV file with a header, in memory.
struct Columns {
    path: std::path::PathBuf,
    header: Vec<String>,
    rows: Vec<(u64, csv::StringRecord)>,
}

impl Columns {
    fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::absent(path));
        }
        if path.is_dir() {
            return Err(Error::config(path.display().to_string(), "is a folder; name a CSV file in it"));
        }
        let mut bytes = std::fs::read(path).map_err(|e| Error::io(path, "cannot read", e))?;
        if bytes.starts_with(&[0x1f, 0x8b]) {
            let mut unpacked = Vec::new();
            flate2::read::MultiGzDecoder::new(&bytes[..])
                .read_to_end(&mut unpacked)
                .map_err(|e| Error::data(path, format!("the gzip file is damaged ({e}); fetch it again")))?;
            bytes = unpacked;
        }
        let wrong = |e: csv::Error| Error::Data {
            path: path.to_owned(),
            row: e.position().map(csv::Position::line),
            column: None,
            problem: format!("not CSV: {e}"),
        };
        if std::str::from_utf8(&bytes).is_err() {
            return Err(Error::data(path, "the file is binary; a CSV file with a header is read"));
        }
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
        let header: Vec<String> = reader.headers().map_err(wrong)?.iter().map(str::to_owned).collect();
        let rows: Vec<_> = reader
            .records()
            .map(|record| record.map(|r| (r.position().map_or(0, csv::Position::line), r)).map_err(wrong))
            .collect::<Result<_>>()?;
        if rows.is_empty() {
            return Err(Error::data(path, "there is no row below the header"));
        }
        Ok(Self { path: path.to_owned(), header, rows })
    }

    /// A column of finite numbers.
    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let Some(index) = self.header.iter().position(|known| known == name) else {
            let problem = format!("there is no column '{name}'{}", suggest(name, self.header.iter().map(String::as_str)));
            return Err(Error::data(&self.path, problem));
        };
        let number = |(line, record): &(u64, csv::StringRecord)| {
            let cell = record.get(index).unwrap_or("");
            cell.parse().ok().filter(|v: &f64| v.is_finite()).ok_or_else(|| Error::Data {
                path: self.path.clone(),
                row: Some(*line),
                column: Some(name.to_owned()),
                problem: format!("'{cell}' is not a number; mend the cell or take the row out"),
            })
        };
        self.rows.iter().map(number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_their_zeros_at_the_end() {
        assert_eq!([plain(1.5), plain(-0.0000001), plain(12.0), plain(0.1234567)], ["1.5", "0", "12", "0.123457"]);
    }
}
