//! Reading: a path and options in, checked bars or ticks out, or the first thing wrong.

use std::{
    borrow::Cow,
    io::{ErrorKind, Read as _},
    path::Path,
};

use chrono_tz::Tz;

use super::{
    adjust,
    clock::{Clock, DateOrder},
    contract,
    finding::{Checked, Finding, Findings, Severity},
    format::Format,
    gaps, jumps,
    parquet::parse_parquet,
    parse::{Parsed, parse_text},
    quality, shift,
    stream::check_groups,
    stream_parquet::StoredTicks,
    table::{Field, Kind, Table},
    trades::Trades,
    written::quote_cells,
};
use crate::{
    error::{Error, Result, nearest},
    market::{Bars, Calendar, Ohlc, Ticks},
    time::{Nanos, Timeframe},
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a file does not say about itself.
///
/// | name | default | purpose |
/// |---|---|---|
/// | `format` | told from the file | a vendor's layout, or `csv` for a plain table |
/// | `zone` | the vendor's, else UTC with a finding that says so | the clock of times without an offset |
/// | `must_name_zone` | off | makes an error of the case that more than one clock fits |
/// | `date_order` | the vendor's, else years first | needed where dates start with the day or the month |
/// | `timeframe` | the median step | checked against the file |
/// | `point` | none | size of a point, needed for a spread column |
/// | `split_adjust` | off | undoes the splits that the file's own adjustments show |
/// | `dedupe` | off | leaves out bars that repeat the row above in every cell |
/// | `calendar` | assumed from the times | what gaps are measured against |
/// | `trades_as_quotes` | off | lets [`load`](super::load) take trades for ticks |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadOptions {
    /// The layout, where it is not to be told from the file.
    pub format: Option<Format>,
    /// The clock of times without an offset.
    pub zone: Option<Tz>,
    /// Whether times without an offset are refused until somebody names their clock.
    pub must_name_zone: bool,
    /// What dates start with, where they do not start with the year.
    pub date_order: Option<DateOrder>,
    /// The length of a bar; an error where the file's median step differs.
    pub timeframe: Option<Timeframe>,
    /// Price units per point.
    pub point: Option<f64>,
    /// Whether prices before a split are divided by its ratio, as the adjusted closes or split ratios beside them say.
    pub split_adjust: bool,
    /// Whether bars equal to the row above in every cell are left out, with a warning that counts them.
    pub dedupe: bool,
    /// Trading hours, for measuring gaps.
    pub calendar: Option<Calendar>,
    /// Whether the prices of trades are taken for quotes of both sides, so that a run may deal at them.
    pub trades_as_quotes: bool,
}

impl ReadOptions {
    /// What reads the times of a file in this format.
    pub(super) fn clock(&self, format: Format) -> Clock {
        Clock::new(self.zone_of(format), self.date_order.or(format.date_order()))
    }

    /// The clock of times without an offset in a file of this format.
    pub(super) fn zone_of(&self, format: Format) -> Tz {
        self.zone.or(format.zone()).unwrap_or(Tz::UTC)
    }
}

/// A file read and checked, good or bad.
#[derive(Debug)]
pub(super) struct Examined {
    pub(super) table: Option<Table>,
    pub(super) timeframe: Option<Timeframe>,
    /// The hours that gaps were measured by, named or assumed.
    pub(super) hours: Option<Calendar>,
    pub(super) findings: Findings,
    pub(super) explained: Vec<String>,
}

/// Reads a file of bars: CSV, CSV under gzip, or Parquet.
///
/// # Errors
/// [`Error::Data`] when there is no such file, and with row, column and remedy for the first breach of the contract; [`Error::Io`] when the
/// file cannot be read for another reason.
pub fn read_bars(path: &Path, options: &ReadOptions) -> Result<Bars> {
    bars_of(path, examine(&read_bytes(path)?, options), options)
}

/// Reads a file of ticks: time, bid and ask.
///
/// # Errors
/// As [`read_bars`].
pub fn read_ticks(path: &Path, options: &ReadOptions) -> Result<Ticks> {
    ticks_of(path, examine(&read_bytes(path)?, options))
}

/// Reads a file of trades: time, price and amount.
///
/// # Errors
/// As [`read_bars`].
pub fn read_trades(path: &Path, options: &ReadOptions) -> Result<Trades> {
    trades_of(path, examine(&read_bytes(path)?, options))
}

pub(super) fn ticks_of(path: &Path, examined: Examined) -> Result<Ticks> {
    Ok(ticks_in(sound(path, examined, Kind::Ticks)?.0))
}

/// The ticks of a sound table of ticks.
pub(super) fn ticks_in(mut table: Table) -> Ticks {
    let at = std::mem::take(&mut table.at).into_iter().map(Nanos).collect();
    let mut take = |field| table.take(field).expect("a tick table has a bid and an ask");
    let ticks = Ticks::from_columns(at, take(Field::Bid), take(Field::Ask));
    match table.take(Field::Volume) {
        Some(volume) => ticks.with_volume(volume),
        None => ticks,
    }
}

pub(super) fn trades_of(path: &Path, examined: Examined) -> Result<Trades> {
    Ok(trades_in(sound(path, examined, Kind::Trades)?.0))
}

/// The trades of a sound table of trades.
pub(super) fn trades_in(mut table: Table) -> Trades {
    let at = std::mem::take(&mut table.at).into_iter().map(Nanos).collect();
    let mut take = |field| table.take(field).expect("a table of trades has a price and an amount");
    Trades { at, price: take(Field::Price), amount: take(Field::Amount) }
}

/// Looks at a file, sound or broken, and lists what was found, gaps included.
///
/// # Errors
/// [`Error::Data`] when there is no such file, [`Error::Io`] when it cannot be read; whatever is wrong inside it is a finding.
pub fn check(path: &Path, options: &ReadOptions) -> Result<Checked> {
    if let Some(file) = StoredTicks::open(path, options)? {
        return Ok(check_groups(file));
    }
    Ok(check_bytes(&read_bytes(path)?, options))
}

/// Looks at a file's bytes as they are stored; the same as [`check`] for whoever has them in memory.
///
/// ```
/// use cthulu_lab::data::{ReadOptions, check_bytes};
/// assert_eq!(check_bytes(b"", &ReadOptions::default()).findings[0].kind, "empty");
/// ```
#[must_use]
pub fn check_bytes(stored: &[u8], options: &ReadOptions) -> Checked {
    let mut examined = examine(stored, options);
    measure(&mut examined, options.calendar);
    summarise(&mut examined)
}

/// Looks at the bytes of a Parquet file of ticks a row group at a time, as [`check`] does with a file of them; `None` for any others.
#[must_use]
pub fn check_bytes_by_group(stored: &[u8], options: &ReadOptions) -> Option<Checked> {
    StoredTicks::of_bytes(stored, options).map(check_groups)
}

/// What was found, in the words of [`Checked`]; the findings move there.
pub(super) fn summarise(examined: &mut Examined) -> Checked {
    let findings = std::mem::take(&mut examined.findings);
    let at = examined.table.as_ref().map_or(&[][..], |table| &table.at);
    Checked {
        ok: findings.first_error().is_none(),
        rows: at.len() as u64,
        first: at.first().map(|at| Nanos(*at)),
        last: at.last().map(|at| Nanos(*at)),
        timeframe: examined.timeframe,
        hours: examined.hours,
        format: examined.table.as_ref().map(|table| table.format),
        explained: std::mem::take(&mut examined.explained),
        findings: findings.into_sorted(),
    }
}

/// The file as stored.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => Error::data(path, format!("cannot read: there is no such file{}; check the path", neighbour(path))),
        ErrorKind::IsADirectory => Error::data(path, "is a folder; name one file in it"),
        _ => Error::io(path, "cannot read", source),
    })
}

/// `; did you mean 'x'?` where the folder has a file of nearly that name.
fn neighbour(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    nearest(&wanted, names.iter().map(String::as_str)).map(|name| format!(" (did you mean '{name}'?)")).unwrap_or_default()
}

/// Reads and checks a file's stored bytes.
pub(super) fn examine(stored: &[u8], options: &ReadOptions) -> Examined {
    let bytes = match unpacked(stored) {
        Ok(bytes) => bytes,
        Err(finding) => return judge(Parsed::refused(*finding), options),
    };
    if bytes.starts_with(b"PAR1") {
        return judge(parse_parquet(&bytes, options), options);
    }
    let text = text_of(bytes);
    let mut examined = judge(parse_text(&text, options), options);
    if let Some(table) = examined.table.as_ref().filter(|_| !matches!(text.trim_ascii_start().first(), Some(b'{' | b'['))) {
        quote_cells(&text, table, &mut examined.findings);
    }
    examined
}

/// The bytes under gzip, or those given.
fn unpacked(stored: &[u8]) -> std::result::Result<Cow<'_, [u8]>, Box<Finding>> {
    if !stored.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(stored));
    }
    let mut bytes = Vec::new();
    match flate2::read::MultiGzDecoder::new(stored).read_to_end(&mut bytes) {
        Ok(_) => Ok(Cow::Owned(bytes)),
        Err(source) => {
            let message = format!("the gzip file is damaged or cut off after {} bytes of text ({source}); fetch it again", bytes.len());
            Err(Box::new(Finding::error("damaged_gzip", message)))
        }
    }
}

/// Without a byte-order mark, and with line feeds where lines end with a carriage return alone.
fn text_of(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\n', &bytes).is_none() && memchr::memchr(b'\r', &bytes).is_some() {
        let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes);
        return text.iter().map(|b| if *b == b'\r' { b'\n' } else { *b }).collect();
    }
    match bytes {
        Cow::Borrowed(bytes) => Cow::Borrowed(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)),
        Cow::Owned(mut bytes) => {
            if bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..BYTE_ORDER_MARK.len());
            }
            Cow::Owned(bytes)
        }
    }
}

/// Holds what was read against the contract.
pub(super) fn judge(Parsed { table, mut findings, mut explained }: Parsed, options: &ReadOptions) -> Examined {
    let Some(mut table) = table else { return Examined { table: None, timeframe: None, hours: None, findings, explained } };
    if table.kind == Kind::Ticks {
        carry_quotes(&mut table, &mut findings);
    } else if table.kind == Kind::Bars && options.dedupe {
        let lines = table.drop_repeats();
        if let Some(first) = lines.first() {
            let message = match lines.len() {
                1 => "this row repeats the row above in every cell and was left out".to_owned(),
                n => format!("{n} rows repeat the row above in every cell and were left out; the first is this"),
            };
            findings.push(Finding::new(Severity::Warning, "duplicate_row", message).at(*first));
        }
    }
    adjust::adjust(&mut table, options, &mut findings, &mut explained);
    let timeframe = contract::check_table(&table, options, &mut findings);
    Examined { table: Some(table), timeframe, hours: None, findings, explained }
}

/// Measures a sound file against a calendar and against itself: gaps, jumps, a clock that moves, prices that stand still, spreads.
pub(super) fn measure(examined: &mut Examined, calendar: Option<Calendar>) {
    let Some(table) = examined.table.as_ref().filter(|table| table.at.is_sorted()) else { return };
    let is_sound = examined.findings.first_error().is_none();
    let timeframe = examined.timeframe;
    if let Some(timeframe) = timeframe {
        let hours = calendar.unwrap_or_else(|| table.assumed_calendar(timeframe));
        gaps::measure(table, timeframe, (hours, calendar.is_some()), &mut examined.findings);
        examined.hours = Some(hours);
    }
    let hours = examined.hours.unwrap_or_default();
    if !is_sound {
        return;
    }
    let look = |measure: &dyn Fn(&mut Findings)| {
        let mut findings = Findings::default();
        measure(&mut findings);
        findings
    };
    let (jumps, others) = rayon::join(
        || look(&|findings| timeframe.into_iter().for_each(|timeframe| jumps::measure(table, timeframe, hours, findings))),
        || {
            look(&|findings| {
                timeframe.into_iter().for_each(|timeframe| shift::measure(table, timeframe, (hours, calendar.is_some()), findings));
                quality::measure(table, timeframe, findings);
            })
        },
    );
    examined.findings.append(jumps, 0);
    examined.findings.append(others, 0);
}

/// Repeats the last bid or ask where MetaTrader left it empty, and reports leading ones that have nothing to repeat.
fn carry_quotes(table: &mut Table, findings: &mut Findings) {
    let mut carried = 0_u64;
    let (mut leading, mut lacking) = (0, String::new());
    for column in &mut table.columns {
        let first = column.values.iter().position(|value| !value.is_nan()).unwrap_or(column.values.len());
        if first > leading {
            (leading, lacking) = (first, column.name.clone());
        }
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
                .at(table.line(0))
                .column(lacking),
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
        (Kind::Trades, Kind::Bars) => {
            Err(Error::data(path, "holds trades (price, amount) where bars are needed; resample it first (data resample FILE --to 1m)"))
        }
        (kind, Kind::Ticks) if kind != Kind::Ticks => {
            Err(Error::data(path, format!("holds {} where ticks (timestamp, bid, ask) are needed", kind.name())))
        }
        (kind, Kind::Trades) if kind != Kind::Trades => {
            Err(Error::data(path, format!("holds {} where trades (timestamp, price, amount) are needed", kind.name())))
        }
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
