//! Import: any file of prices in, one file in our own words out, and a manifest beside it that says where it comes from.
//!
//! Values arrive to the bit. Several files are parts of one series: they are put in time order, and two rows of one time are either equal in
//! every number, and then one may be left out on request, or a conflict that nobody decides here.

use std::path::Path;

use super::{
    container::Container,
    dataset::sha256_hex,
    finding::Checked,
    read::{ReadOptions, bars_of, examine, measure, read_bytes, summarise, ticks_of, trades_of},
    table::Kind,
    trades::Trades,
    write::{save_csv, save_ticks_csv, save_trades_csv},
    write_parquet::{save_parquet, save_ticks_parquet, save_trades_parquet},
};
use crate::{
    error::{Error, Result},
    market::{Bar, Bars, Tick, Ticks},
    time::{Nanos, Timeframe},
};

/// What a file of prices holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Series {
    /// Bars.
    Bars(Bars),
    /// Quotes.
    Ticks(Ticks),
    /// Trades.
    Trades(Trades),
}

/// One file, read for import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Its rows; `None` where the contract is broken.
    pub series: Option<Series>,
    /// What was found and decided.
    pub checked: Checked,
    /// Hex SHA-256 of the file as stored.
    pub sha256: String,
}

/// Reads a file of any kind, hashing it meanwhile, and measures it as [`check`](super::check) does.
///
/// # Errors
/// As [`check`](super::check): whatever is wrong inside the file is a finding.
pub fn import(path: &Path, options: &ReadOptions) -> Result<Import> {
    let stored = read_bytes(path)?;
    let (sha256, mut examined) = rayon::join(
        || sha256_hex(&stored),
        || {
            let mut examined = examine(&stored, options);
            measure(&mut examined, options.calendar);
            examined
        },
    );
    drop(stored);
    let checked = summarise(&mut examined);
    let kind = examined.table.as_ref().map(|table| table.kind).filter(|_| checked.ok);
    let series = match kind {
        None => None,
        Some(Kind::Bars) => Some(Series::Bars(bars_of(path, examined, options)?)),
        Some(Kind::Ticks) => Some(Series::Ticks(ticks_of(path, examined)?)),
        Some(Kind::Trades) => Some(Series::Trades(trades_of(path, examined)?)),
    };
    Ok(Import { series, checked, sha256 })
}

impl Series {
    /// `bars`, `ticks` or `trades`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bars(_) => Kind::Bars.name(),
            Self::Ticks(_) => Kind::Ticks.name(),
            Self::Trades(_) => Kind::Trades.name(),
        }
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self {
            Self::Bars(bars) => bars.len(),
            Self::Ticks(ticks) => ticks.len(),
            Self::Trades(trades) => trades.len(),
        }
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Time of row `i`.
    fn at(&self, i: usize) -> Nanos {
        match self {
            Self::Bars(bars) => bars.opened_at()[i],
            Self::Ticks(ticks) => ticks.tick(i).at,
            Self::Trades(trades) => trades.at[i],
        }
    }

    /// Times of the first and the last row.
    #[must_use]
    pub fn span(&self) -> Option<(Nanos, Nanos)> {
        (!self.is_empty()).then(|| (self.at(0), self.at(self.len() - 1)))
    }

    /// The length of a bar, where it holds bars.
    #[must_use]
    pub const fn timeframe(&self) -> Option<Timeframe> {
        match self {
            Self::Bars(bars) => Some(bars.timeframe()),
            _ => None,
        }
    }

    /// Writes it as the name's ending says (`.parquet`, `.csv`, `.csv.gz`), whole or not at all; the hex SHA-256 of the file.
    ///
    /// # Errors
    /// [`Error::Config`] for another ending, [`Error::Io`] when the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<String> {
        match (self, Container::of(path)?) {
            (Self::Bars(bars), _) => write_bars(bars, path),
            (Self::Ticks(ticks), Container::Parquet) => save_ticks_parquet(ticks, path),
            (Self::Ticks(ticks), Container::Csv) => save_ticks_csv(ticks, path),
            (Self::Trades(trades), Container::Parquet) => save_trades_parquet(trades, path),
            (Self::Trades(trades), Container::Csv) => save_trades_csv(trades, path),
        }
    }
}

/// Writes bars as the name's ending says, whole or not at all; the hex SHA-256 of the file.
///
/// # Errors
/// As [`Series::write`].
pub fn write_bars(bars: &Bars, path: &Path) -> Result<String> {
    match Container::of(path)? {
        Container::Parquet => save_parquet(bars, path),
        Container::Csv => save_csv(bars, path),
    }
}

/// Puts the parts of one series together in time order; the second number counts rows left out because they stand in two parts alike.
///
/// # Errors
/// [`Error::Data`] at the part that does not belong: other columns, another bar length, or a row that contradicts another part's.
pub fn join(mut parts: Vec<(&Path, Series)>, dedupe: bool) -> Result<(Series, u64)> {
    parts.sort_by_key(|(_, series)| series.span());
    let mut parts = parts.into_iter();
    let Some((first, start)) = parts.next() else { return Err(Error::Failed("there is nothing to join".to_owned())) };
    let (mut whole, mut dropped) = (start, 0);
    for (path, part) in parts {
        let (joined, more) = match (whole, part) {
            (Series::Bars(a), Series::Bars(b)) => join_bars(a, &b, path, dedupe)?,
            (Series::Ticks(a), Series::Ticks(b)) => join_ticks(&a, &b, path)?,
            (Series::Trades(a), Series::Trades(b)) => join_trades(a, b, path)?,
            (a, b) => {
                let problem = format!("holds {} and {} holds {}; import them one by one", b.name(), first.display(), a.name());
                return Err(Error::data(path, problem));
            }
        };
        (whole, dropped) = (joined, dropped + more);
    }
    Ok((whole, dropped))
}

fn join_bars(a: Bars, b: &Bars, path: &Path, dedupe: bool) -> Result<(Series, u64)> {
    if a.timeframe() != b.timeframe() || a.spread().is_some() != b.spread().is_some() || a.ask().is_some() != b.ask().is_some() {
        let problem = format!(
            "its bars of {} have other columns or another length than those of {} before; import it by itself",
            b.timeframe(),
            a.timeframe()
        );
        return Err(Error::data(path, problem));
    }
    let mut rows: Vec<Bar> = a.iter().chain(b.iter()).collect();
    let timeframe = a.timeframe();
    drop(a);
    rows.sort_by_key(|bar| bar.opened_at);
    let mut joined = Bars::new(timeframe);
    let (mut last, mut dropped): (Option<Bar>, u64) = (None, 0);
    for bar in rows {
        match last.filter(|last| last.opened_at == bar.opened_at) {
            None => joined.push(&bar),
            // When a bar closes depends on its neighbours, so that is no part of the comparison.
            Some(last) if dedupe && (Bar { closed_at: bar.closed_at, ..last }) == bar => dropped += 1,
            Some(last) => return Err(clash(path, bar.opened_at, (Bar { closed_at: bar.closed_at, ..last }) == bar)),
        }
        last = Some(bar);
    }
    Ok((Series::Bars(joined), dropped))
}

fn clash(path: &Path, at: Nanos, is_equal: bool) -> Error {
    let remedy =
        if is_equal { "equal in every number; --dedupe leaves one of them out" } else { "with other numbers; take one of them out" };
    Error::data(path, format!("{at} stands in another of the files too, {remedy}"))
}

/// Ticks may share a time, so that parts may touch and not overlap.
fn overlap(path: &Path, last: Nanos, first: Nanos) -> Result<()> {
    if last <= first {
        return Ok(());
    }
    Err(Error::data(path, format!("begins at {first}, before {last} where the part above ends; take the rows out that stand in both")))
}

fn join_ticks(a: &Ticks, b: &Ticks, path: &Path) -> Result<(Series, u64)> {
    if a.volume().is_some() != b.volume().is_some() {
        return Err(Error::data(path, "has a volume where the ticks before have none, or none where they have one; import it by itself"));
    }
    overlap(path, a.tick(a.len() - 1).at, b.tick(0).at)?;
    let all = || a.iter().chain(b.iter());
    let column = |value: fn(Tick) -> f64| all().map(value).collect();
    let joined = Ticks::from_columns(all().map(|t| t.at).collect(), column(|t| t.bid), column(|t| t.ask));
    let volumes = a.volume().zip(b.volume()).map(|(a, b)| [a, b].concat());
    Ok((
        Series::Ticks(match volumes {
            Some(volume) => joined.with_volume(volume),
            None => joined,
        }),
        0,
    ))
}

fn join_trades(mut a: Trades, b: Trades, path: &Path) -> Result<(Series, u64)> {
    overlap(path, a.at[a.len() - 1], b.at[0])?;
    a.at.extend(b.at);
    a.price.extend(b.price);
    a.amount.extend(b.amount);
    Ok((Series::Trades(a), 0))
}
