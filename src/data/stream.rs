//! Ticks to be replayed, held in memory or read from disk as they are needed.
//!
//! [`survey`] goes through a file once: it checks every tick, builds the bars that a strategy will see, and leaves a [`TickSource`] that can
//! be replayed as often as wanted. Parquet is read a row group at a time, one ahead of its use; anything else is held in memory whole.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
};

use super::{
    dataset::sha256_of,
    finding::{Checked, Finding, Findings, Severity},
    format::Format,
    hints::{is_same, two_instruments},
    quality::SpreadTally,
    read::{Examined, ReadOptions, ticks_in, trades_in},
    resample::{DayEnd, TickBars, with_finite_volumes},
    stream_parquet::{StoredTicks, first_error},
    table::Table,
};
use crate::{
    error::{Error, Result, counted},
    market::{Bars, Ticks},
    time::{Nanos, Timeframe},
};

/// Sound ticks of one instrument, in one or several consecutive files.
#[derive(Clone, Debug)]
pub struct TickSource {
    parts: Vec<Part>,
    count: u64,
    from: Nanos,
    to: Nanos,
}

#[derive(Clone, Debug)]
enum Part {
    Held(Arc<Ticks>),
    Stored { path: PathBuf, options: ReadOptions, groups: Vec<Group> },
}

/// A row group that has rows.
#[derive(Clone, Copy, Debug)]
struct Group {
    index: usize,
    rows_before: u64,
    first: Nanos,
    last: Nanos,
}

/// Ticks in time order: some rows of a piece of a file.
#[derive(Clone, Debug)]
pub struct Piece {
    /// A piece of the file.
    pub ticks: Arc<Ticks>,
    /// The rows that are meant.
    pub rows: Range<usize>,
}

/// Pieces of a source, read ahead of their use.
#[derive(Debug)]
pub struct TickStream {
    pieces: Receiver<Result<Piece>>,
}

impl Iterator for TickStream {
    type Item = Result<Piece>;

    fn next(&mut self) -> Option<Result<Piece>> {
        self.pieces.recv().ok()
    }
}

impl TickSource {
    /// Ticks that are in memory already.
    #[must_use]
    pub fn held(ticks: Arc<Ticks>) -> Self {
        Self { count: ticks.len() as u64, parts: vec![Part::Held(ticks)], from: Nanos(i64::MIN), to: Nanos(i64::MAX) }
    }

    /// Number of ticks in the files, those outside of [`TickSource::between`] included.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The same without the ticks before `from`, and without those at `to` and later. What holds none of the others is not read again.
    #[must_use]
    pub fn between(mut self, from: Nanos, to: Nanos) -> Self {
        (self.from, self.to) = (self.from.max(from), self.to.min(to));
        self
    }

    /// Times of the first and the last tick in the files.
    #[must_use]
    pub fn ends(&self) -> Option<(Nanos, Nanos)> {
        let ends = |part: &Part| match part {
            Part::Held(ticks) => ticks.at().first().zip(ticks.at().last()).map(|(first, last)| (*first, *last)),
            Part::Stored { groups, .. } => groups.first().zip(groups.last()).map(|(first, last)| (first.first, last.last)),
        };
        self.parts.first().and_then(ends).zip(self.parts.last().and_then(ends)).map(|((first, _), (_, last))| (first, last))
    }

    /// The same, followed by a later source.
    pub(super) fn then(mut self, later: Self) -> Self {
        self.parts.extend(later.parts);
        self.count += later.count;
        self
    }

    /// Starts to read.
    ///
    /// # Errors
    /// [`Error::Failed`] when no thread can be started.
    pub fn stream(&self) -> Result<TickStream> {
        let (sender, pieces) = sync_channel(1);
        let source = self.clone();
        // The receiver goes when nobody wants more: then the reader has nothing left to do.
        let read = move || source.pieces(&mut |piece| sender.send(piece).is_ok());
        std::thread::Builder::new().spawn(read).map_err(|e| Error::Failed(format!("no thread can be started to read ticks: {e}")))?;
        Ok(TickStream { pieces })
    }

    /// Hands over piece after piece until `wants_more` says no.
    fn pieces(&self, wants_more: &mut dyn FnMut(Result<Piece>) -> bool) {
        for part in &self.parts {
            let goes_on = match part {
                Part::Held(ticks) => self.give(Arc::clone(ticks), wants_more),
                Part::Stored { path, options, groups } => self.read_groups(path, options, groups, wants_more),
            };
            if !goes_on {
                return;
            }
        }
    }

    fn read_groups(&self, path: &Path, options: &ReadOptions, groups: &[Group], wants_more: &mut dyn FnMut(Result<Piece>) -> bool) -> bool {
        let groups = groups.iter().filter(|group| group.last >= self.from && group.first < self.to);
        let mut file = None;
        for group in groups {
            let read = file.take().map_or_else(|| reopen(path, options), Ok).and_then(|mut opened| {
                let ticks = ticks_of_group(&mut opened, group);
                file = Some(opened);
                ticks
            });
            let goes_on = match read {
                Ok(ticks) => self.give(Arc::new(ticks), wants_more),
                Err(e) => {
                    wants_more(Err(e));
                    false
                }
            };
            if !goes_on {
                return false;
            }
        }
        true
    }

    fn give(&self, ticks: Arc<Ticks>, wants_more: &mut dyn FnMut(Result<Piece>) -> bool) -> bool {
        let before = |moment: Nanos| ticks.at().partition_point(|at| *at < moment);
        let rows = before(self.from)..before(self.to);
        rows.is_empty() || wants_more(Ok(Piece { ticks, rows }))
    }
}

fn reopen(path: &Path, options: &ReadOptions) -> Result<StoredTicks> {
    StoredTicks::open(path, options)?.ok_or_else(|| changed(path))
}

fn changed(path: &Path) -> Error {
    Error::data(path, "was changed while it was being replayed; run it again")
}

fn ticks_of_group(file: &mut StoredTicks, group: &Group) -> Result<Ticks> {
    if group.index >= file.groups() {
        return Err(changed(file.path()));
    }
    let examined = file.examine(group.index);
    if let Some(finding) = first_error(&examined, group.rows_before) {
        return Err(finding.to_error(file.path()));
    }
    let ticks = examined.table.map(ticks_in).ok_or_else(|| changed(file.path()))?;
    let ends = ticks.at().first().zip(ticks.at().last());
    if ends == Some((&group.first, &group.last)) { Ok(ticks) } else { Err(changed(file.path())) }
}

/// What going through a file of ticks once tells.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub(super) source: TickSource,
    pub(super) bars: Bars,
    pub(super) sha256: String,
    pub(super) findings: Findings,
}

/// The length of the bars to be built, which a file of ticks cannot know.
fn length(path: &Path, options: &ReadOptions) -> Result<Timeframe> {
    let problem = "holds ticks (bid, ask); name the bars that the strategy sees (timeframe = \"1m\"), or resample it first (data resample FILE --to 1m)";
    options.timeframe.ok_or_else(|| Error::data(path, problem))
}

/// Builds the bars of a file of ticks that has been read.
///
/// # Errors
/// When the file breaks the contract, or nobody names the length of the bars.
pub(super) fn survey_held(path: &Path, sha256: String, examined: Examined, options: &ReadOptions, day_end: DayEnd) -> Result<Surveyed> {
    let timeframe = length(path, options)?;
    let mut findings = examined.findings;
    let ticks = examined.table.map(ticks_in).ok_or_else(|| Error::data(path, "no rows could be read"))?;
    let bars = super::resample_ticks(&ticks, timeframe, day_end).map_err(|problem| Error::config("timeframe", problem))?;
    findings.push(built("tick", ticks.len() as u64, &bars));
    Ok(Surveyed { source: TickSource::held(Arc::new(ticks)), bars, sha256, findings })
}

/// Takes trades for quotes of both sides, where somebody said so, and builds their bars, which have one price.
///
/// # Errors
/// As [`survey_held`], and when nobody said so.
pub(super) fn survey_trades(path: &Path, sha256: String, examined: Examined, options: &ReadOptions) -> Result<Surveyed> {
    if !options.trades_as_quotes {
        let problem = "holds trades (price, amount), and what was paid is no quote that one can deal at; say price_side = \"trade\" to take it for \
                       one, with a spread around it, or resample it first (data resample FILE --to 1m)";
        return Err(Error::data(path, problem));
    }
    let problem = "holds trades (price, amount); name the bars that the strategy sees (timeframe = \"1m\"), or resample it first (data resample FILE --to 1m)";
    let timeframe = options.timeframe.ok_or_else(|| Error::data(path, problem))?;
    let mut findings = examined.findings;
    let trades = examined.table.map(trades_in).ok_or_else(|| Error::data(path, "no rows could be read"))?;
    let bars = super::resample_trades(&trades, timeframe, DayEnd::Utc).map_err(|problem| Error::config("timeframe", problem))?;
    findings.push(built("trade", trades.len() as u64, &bars));
    Ok(Surveyed { source: TickSource::held(Arc::new(trades.into_quotes())), bars, sha256, findings })
}

fn built(of: &str, rows: u64, bars: &Bars) -> Finding {
    let (made, verb) = (counted(bars.len() as u64, "bar"), if bars.len() == 1 { "was" } else { "were" });
    let message = format!("{made} of {} {verb} built from {}", bars.timeframe(), counted(rows, of));
    Finding::new(Severity::Info, "built_bars", message)
}

/// Goes through a Parquet file of ticks, a row group at a time.
///
/// # Errors
/// As [`survey_held`].
pub(super) fn survey_stored(file: StoredTicks, options: &ReadOptions, day_end: DayEnd) -> Result<Surveyed> {
    let path = file.path().to_owned();
    let timeframe = length(&path, options)?;
    let growing = TickBars::new(timeframe, day_end).map_err(|problem| Error::config("timeframe", problem))?;
    let walk = Walk {
        told: None,
        path: &path,
        growing,
        bars: Bars::new(timeframe),
        groups: Vec::new(),
        rows: 0,
        findings: Findings::default(),
        spreads: SpreadTally::default(),
    };
    let (sha256, walked) = rayon::join(|| sha256_of(&path), || walk.through(file));
    let (bars, groups, count, mut findings) = walked?;
    let bars = with_finite_volumes(bars).map_err(|problem| Error::data(&path, problem))?;
    findings.push(built("tick", count, &bars));
    let parts = vec![Part::Stored { path: path.clone(), options: options.clone(), groups }];
    Ok(Surveyed { source: TickSource { parts, count, from: Nanos(i64::MIN), to: Nanos(i64::MAX) }, bars, sha256: sha256?, findings })
}

/// A first walk through a file's row groups.
struct Walk<'a> {
    /// What the first group says of all.
    told: Option<Told>,
    path: &'a Path,
    growing: TickBars,
    bars: Bars,
    groups: Vec<Group>,
    rows: u64,
    findings: Findings,
    spreads: SpreadTally,
}

impl Walk<'_> {
    /// One thread reads the groups, this one builds the bars.
    fn through(mut self, mut file: StoredTicks) -> Result<(Bars, Vec<Group>, u64, Findings)> {
        let (sender, examined) = sync_channel(1);
        std::thread::scope(|scope| {
            scope.spawn(move || (0..file.groups()).all(|index| sender.send((index, file.examine(index))).is_ok()));
            examined.iter().try_for_each(|(index, group)| self.take(index, group))
        })?;
        if self.groups.is_empty() {
            return Err(Error::data(self.path, "no rows; nothing to run on"));
        }
        self.growing.take().iter().for_each(|bar| self.bars.push(bar));
        self.spreads.tell(&mut self.findings);
        Ok((self.bars, self.groups, self.rows, self.findings))
    }

    fn take(&mut self, index: usize, examined: Examined) -> Result<()> {
        let is_empty = examined.table.as_ref().is_some_and(|table| table.at.is_empty());
        if is_empty {
            return Ok(());
        }
        if let Some(finding) = first_error(&examined, self.rows) {
            return Err(finding.to_error(self.path));
        }
        // What is not about one row is the same in every group.
        if self.groups.is_empty() {
            self.findings.append(examined.findings, self.rows);
        }
        if let Some(finding) = examined.table.as_ref().and_then(|table| contradiction(&mut self.told, table, self.rows)) {
            return Err(finding.to_error(self.path));
        }
        examined.table.iter().for_each(|table| self.spreads.add(table, self.rows));
        let Some(ticks) = examined.table.map(ticks_in) else { return Ok(()) };
        let (first, last) = (ticks.at()[0], ticks.at()[ticks.len() - 1]);
        if let Some(before) = self.groups.last().filter(|group| first < group.last) {
            return Err(Finding::error("out_of_order", back(first, before.last)).at(self.rows + 1).to_error(self.path));
        }
        self.growing.extend(&ticks, |bar| self.bars.push(bar));
        self.groups.push(Group { index, rows_before: self.rows, first, last });
        self.rows += ticks.len() as u64;
        Ok(())
    }
}

/// What every row group must say alike.
#[derive(Debug)]
struct Told {
    is_scaled: bool,
    instrument: Option<String>,
}

/// Where a group is of another instrument than those before it, or in prices where those are in points.
fn contradiction(all: &mut Option<Told>, group: &Table, rows_before: u64) -> Option<Finding> {
    let all = all.get_or_insert_with(|| Told { is_scaled: group.is_scaled, instrument: group.instrument.clone() });
    if all.is_scaled != group.is_scaled {
        let message = "the prices from here on, or those above, are whole points and the others are not; write all of them in one way";
        return Some(Finding::error("points", message).at(rows_before + 1));
    }
    let (first, other) = (all.instrument.as_ref()?, group.instrument.as_ref()?);
    (!is_same(first, other)).then(|| two_instruments("symbol", first, other, rows_before + 1))
}

/// Looks through a Parquet file of ticks, a row group at a time, and lists what was found.
pub(super) fn check_groups(mut file: StoredTicks) -> Checked {
    let (mut findings, mut rows, mut ends) = (Findings::default(), 0_u64, None::<(Nanos, Nanos)>);
    let (mut explained, mut spreads, mut all) = (Vec::new(), SpreadTally::default(), None);
    for index in 0..file.groups() {
        let Examined { table, findings: mut found, explained: told, .. } = file.examine(index);
        if index == 0 {
            explained = told;
        }
        let at = table.as_ref().map_or(&[][..], |table| &table.at);
        if table.is_some() && at.is_empty() {
            continue;
        }
        if let (Some((_, last)), Some(first)) = (ends, at.first())
            && *first < last.0
        {
            findings.push(Finding::error("out_of_order", back(Nanos(*first), last)).at(rows + 1));
        }
        let is_sound = found.first_error().is_none();
        if let Some(table) = table.as_ref().filter(|_| is_sound) {
            if index > 0 {
                // What is not about one row is the same in every group.
                found = Findings::default();
            }
            findings.extend(contradiction(&mut all, table, rows));
            spreads.add(table, rows);
        }
        findings.append(found, rows);
        if let Some((first, last)) = at.first().zip(at.last()) {
            ends = Some((ends.map_or(Nanos(*first), |(first, _)| first), Nanos(*last)));
        }
        rows += at.len() as u64;
    }
    spreads.tell(&mut findings);
    if rows == 0 && findings.first_error().is_none() {
        findings.push(Finding::error("empty", "no rows; nothing to run on"));
    }
    let (first, last) = (ends.map(|ends| ends.0), ends.map(|ends| ends.1));
    Checked {
        ok: findings.first_error().is_none(),
        rows,
        first,
        last,
        timeframe: None,
        hours: None,
        format: Some(Format::Parquet),
        explained,
        findings: findings.into_sorted(),
    }
}

fn back(first: Nanos, before: Nanos) -> String {
    format!("{first} comes after {before} in the row above; sort the file by time")
}
