//! Reading: a path and options in, checked bars or ticks out, or the first thing wrong.

use std::{io::Read as _, path::Path};

use chrono_tz::Tz;

use super::{
    clock::DateOrder,
    contract,
    finding::{Checked, Finding, Findings, Severity},
    gaps,
    parquet::parse_parquet,
    parse::{Parsed, parse_csv},
    table::{Field, Kind, Table},
};
use crate::{
    error::{Error, Result},
    market::{Bars, Calendar, Ohlc, Ticks},
    time::{Nanos, Timeframe},
};

/// What a file does not say about itself.
///
/// | name | default | purpose |
/// |---|---|---|
/// | `zone` | UTC, with a finding that says so | the clock of times without an offset |
/// | `date_order` | years first | needed where dates start with the day or the month |
/// | `timeframe` | the median step | checked against the file |
/// | `point` | none | size of a point, needed for a spread column |
/// | `dedupe` | off | leaves out bars that repeat the row above in every cell |
/// | `calendar` | guessed from the days present | what gaps are measured against in [`check`] |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// The clock of times without an offset.
    pub zone: Option<Tz>,
    /// What dates start with, where they do not start with the year.
    pub date_order: Option<DateOrder>,
    /// The length of a bar; an error where the file's median step differs.
    pub timeframe: Option<Timeframe>,
    /// Price units per point.
    pub point: Option<f64>,
    /// Whether bars equal to the row above in every cell are left out, with a warning that counts them.
    pub dedupe: bool,
    /// Trading hours, for measuring gaps.
    pub calendar: Option<Calendar>,
}

/// A file read and checked, good or bad.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) table: Option<Table>,
    pub(super) timeframe: Option<Timeframe>,
    pub(super) findings: Findings,
}

/// Reads a file of bars: CSV, CSV under gzip, or Parquet.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read; [`Error::Data`] with row, column and remedy for the first breach of the contract.
pub fn read_bars(path: &Path, options: &ReadOptions) -> Result<Bars> {
    bars_of(path, examine(&read_bytes(path)?, options), options)
}

/// Reads a file of ticks: time, bid and ask.
///
/// # Errors
/// As [`read_bars`].
pub fn read_ticks(path: &Path, options: &ReadOptions) -> Result<Ticks> {
    let mut table = sound(path, examine(&read_bytes(path)?, options), Kind::Ticks)?.0;
    let at = table.at.iter().map(|at| Nanos(*at)).collect();
    let mut take = |field| table.take(field).expect("a tick table has a bid and an ask");
    Ok(Ticks::from_columns(at, take(Field::Bid), take(Field::Ask)))
}

/// Looks at a file, sound or broken, and lists what was found, gaps included.
///
/// # Errors
/// [`Error::Io`] when the file cannot be read at all; whatever is wrong inside it is a finding.
pub fn check(path: &Path, options: &ReadOptions) -> Result<Checked> {
    let mut examined = examine(&read_bytes(path)?, options);
    measure_gaps(&mut examined, options.calendar);
    let at = examined.table.as_ref().map_or(&[][..], |table| &table.at);
    Ok(Checked {
        ok: examined.findings.first_error().is_none(),
        rows: at.len() as u64,
        first: at.first().map(|at| Nanos(*at)),
        last: at.last().map(|at| Nanos(*at)),
        timeframe: examined.timeframe,
        findings: examined.findings.into_sorted(),
    })
}

/// The file as stored.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| Error::io(path, "cannot read", source))
}

/// Reads and checks a file's stored bytes.
pub(super) fn examine(stored: &[u8], options: &ReadOptions) -> Examined {
    let mut unpacked = Vec::new();
    let bytes = if stored.starts_with(&[0x1f, 0x8b]) {
        if let Err(source) = flate2::read::MultiGzDecoder::new(stored).read_to_end(&mut unpacked) {
            let finding = Finding::error(
                "damaged_gzip",
                format!("the gzip file is damaged after {} bytes of text ({source}); fetch it again", unpacked.len()),
            );
            return Examined { table: None, timeframe: None, findings: Parsed::refused(finding).findings };
        }
        &unpacked[..]
    } else {
        stored
    };
    let Parsed { table, mut findings } = if bytes.starts_with(b"PAR1") { parse_parquet(bytes, options) } else { parse_csv(bytes, options) };
    let Some(mut table) = table else { return Examined { table: None, timeframe: None, findings } };
    if table.kind == Kind::Ticks {
        carry_quotes(&mut table, &mut findings);
    } else if options.dedupe {
        let lines = table.drop_repeats();
        if let Some(first) = lines.first() {
            let message = format!("{} rows repeat the row above in every cell and were left out; the first is this", lines.len());
            findings.push(Finding::new(Severity::Warning, "duplicate_row", message).at(*first));
        }
    }
    let timeframe = contract::check_table(&table, options, &mut findings);
    Examined { table: Some(table), timeframe, findings }
}

pub(super) fn measure_gaps(examined: &mut Examined, calendar: Option<Calendar>) {
    if let (Some(table), Some(timeframe)) = (&examined.table, examined.timeframe)
        && table.at.is_sorted()
    {
        gaps::measure(table, timeframe, calendar, &mut examined.findings);
    }
}

/// Repeats the last bid or ask where MetaTrader left it empty, and reports leading ones that have nothing to repeat.
fn carry_quotes(table: &mut Table, findings: &mut Findings) {
    let mut carried = 0_u64;
    let mut leading = 0;
    for column in &mut table.columns {
        let first = column.values.iter().position(|value| !value.is_nan()).unwrap_or(column.values.len());
        leading = leading.max(first);
        for i in first + 1..column.values.len() {
            if column.values[i].is_nan() {
                column.values[i] = column.values[i - 1];
                carried += 1;
            }
        }
    }
    if leading > 0 {
        findings.push(
            Finding::error("unparsable", "the first quote lacks a side, and there is none above to repeat; take the row out")
                .at(table.line(0)),
        );
        table.columns.iter_mut().for_each(|column| column.values.truncate(0));
        table.at.clear();
    }
    if carried > 0 {
        findings.push(Finding::new(
            Severity::Info,
            "carried_quotes",
            format!("{carried} empty cells repeat the quote above, as MetaTrader means them"),
        ));
    }
}

/// The table, when it breaks nothing and holds what is asked for.
fn sound(path: &Path, examined: Examined, wanted: Kind) -> Result<(Table, Option<Timeframe>)> {
    if let Some(finding) = examined.findings.first_error() {
        return Err(finding.to_error(path));
    }
    let table = examined.table.ok_or_else(|| Error::data(path, "no rows could be read"))?;
    match (table.kind, wanted) {
        (Kind::Ticks, Kind::Bars) => {
            Err(Error::data(path, "holds ticks (bid, ask) where bars are needed; resample it first (data resample FILE --to 1m)"))
        }
        (Kind::Bars, Kind::Ticks) => Err(Error::data(path, "holds bars where ticks (timestamp, bid, ask) are needed")),
        _ => Ok((table, examined.timeframe)),
    }
}

pub(super) fn bars_of(path: &Path, examined: Examined, options: &ReadOptions) -> Result<Bars> {
    let (mut table, timeframe) = sound(path, examined, Kind::Bars)?;
    let timeframe = timeframe.ok_or_else(|| Error::data(path, "the bar length is not known"))?;
    let n = table.at.len();
    let at = std::mem::take(&mut table.at).into_iter().map(Nanos).collect();
    let mut price = |field| table.take(field).expect("a bar table has four prices");
    let [open, high, low, close] = [Field::Open, Field::High, Field::Low, Field::Close].map(&mut price);
    let volume = table.take(Field::Volume).unwrap_or_else(|| vec![0.0; n]);
    let points =
        table.take(Field::SpreadPoints).zip(options.point).map(|(spread, point)| spread.into_iter().map(|points| points * point).collect());
    let spread = table.take(Field::SpreadPrice).or(points);
    let asks = [Field::AskOpen, Field::AskHigh, Field::AskLow, Field::AskClose].map(|field| table.take(field));
    let ask = if let [Some(o), Some(h), Some(l), Some(c)] = asks {
        Some((0..n).map(|i| Ohlc { open: o[i], high: h[i], low: l[i], close: c[i] }).collect())
    } else {
        None
    };
    Ok(Bars::from_columns(timeframe, at, [open, high, low, close, volume], spread, ask))
}
