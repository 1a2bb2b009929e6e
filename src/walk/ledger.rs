//! The trial ledger: every trial that was ever run on a market, counted once, in one SQLite file that only grows.
//!
//! Whoever looks at the same prices again and again finds something in the end. So each run writes down its trials, and the next one on the
//! same market and an overlapping span is judged by all of them. A trial is known by the hash of its question (rules, parameters, costs,
//! account, prices, span): asked again, under whatever name, it is no new trial.
//!
//! Rows are never changed: the file refuses it. Each run writes in one transaction that waits for others, so two runs at once lose nothing.
//!
//! N̂ = ρ̄ + (1 − ρ̄)·M needs the mean correlation of all pairs of trials, of which only Σ over the trials of their standardised returns, day
//! by day, has to be kept: within a run the sum of all correlations is Σ_t S(t)²/(T − 1), and between two runs Σ_t S(t)·S′(t)/(T − 1) over the
//! days both have. With one run in the ledger the answer is that of [`effective_trials`](crate::stats::luck::effective_trials).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::luck::chance_of_best;
use crate::{
    data::hex,
    error::{Error, Result},
    stats::{
        luck::{Trials, expected_max_sharpe, psr_of},
        moments::{is_flat, mean, sd, variance},
        ratios::sharpe_per_period,
    },
};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS batches (
    id INTEGER PRIMARY KEY, run TEXT NOT NULL, role TEXT NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
    varying INTEGER NOT NULL, days BLOB NOT NULL, sums BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS markets (market TEXT NOT NULL, batch INTEGER NOT NULL REFERENCES batches (id), PRIMARY KEY (market, batch)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trials (
    question TEXT NOT NULL, role TEXT NOT NULL, batch INTEGER NOT NULL REFERENCES batches (id), sharpe REAL, PRIMARY KEY (question, role)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS trials_of_batch ON trials (batch);
CREATE TRIGGER IF NOT EXISTS trials_stay BEFORE DELETE ON trials BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS trials_keep BEFORE UPDATE ON trials BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS batches_stay BEFORE DELETE ON batches BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER IF NOT EXISTS batches_keep BEFORE UPDATE ON batches BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
";

/// Longest wait for another run that writes.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a trial was for, which decides who must count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A set of parameters played over the whole span, as a sweep does.
    Trial,
    /// A set of parameters that a sweep by successive halving gave up after a part of the span: it counts, but its Sharpe ratio over little
    /// history is not to be compared with the others'.
    Begun,
    /// A set of parameters played over a walk-forward's training span.
    Inner,
    /// One that successive halving gave up there.
    InnerBegun,
    /// A whole specification whose out-of-sample curve was looked at: a walk-forward.
    Specification,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Begun => "begun",
            Self::Inner => "inner",
            Self::InnerBegun => "inner_begun",
            Self::Specification => "specification",
        }
    }

    /// Whether the trial had only a part of the span.
    const fn is_part(self) -> bool {
        matches!(self, Self::Begun | Self::InnerBegun)
    }

    /// Whether a trial by that name never saw the test span of its walk-forward.
    fn is_inner(name: &str) -> bool {
        [Self::Inner, Self::InnerBegun].iter().any(|role| role.name() == name)
    }
}

/// One trial.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried<'a> {
    /// Hash of its question.
    pub question: String,
    /// Its returns, one a day of the entry.
    pub returns: &'a [f64],
}

/// Trials of one run over the same days.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The run's id.
    pub run: &'a str,
    /// What they traded, each market by its symbol.
    pub markets: &'a [String],
    /// What they were for.
    pub role: Role,
    /// The trading days they cover, as days since 1970, ascending.
    pub days: &'a [i32],
    /// The trials.
    pub trials: &'a [Tried<'a>],
}

/// Whose trials count.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The markets that the judged result traded; a trial on any of them counts.
    pub markets: &'a [String],
    /// First day judged.
    pub first_day: i32,
    /// Last day judged.
    pub last_day: i32,
    /// Whether the judged result is out of sample: then a walk-forward's inner trials do not count, as they never saw it.
    pub out_of_sample: bool,
}

/// What the ledger knows of a span of a market.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Knowledge {
    /// Distinct trials.
    pub trials: usize,
    /// Runs that made them.
    pub runs: usize,
    /// Independent trials among them, not below 1.
    pub effective_trials: f64,
    /// Variance of their per-period Sharpe ratios.
    pub sharpe_variance: f64,
    /// Hash of the trials counted and their Sharpe ratios: what this answer rests on.
    pub snapshot_sha256: String,
}

impl Knowledge {
    /// The per-period Sharpe ratio that the best of all these trials would show without skill.
    #[must_use]
    pub fn sr0(&self) -> Option<f64> {
        expected_max_sharpe(Trials { count: self.effective_trials, sharpe_variance: self.sharpe_variance })
    }

    /// The deflated Sharpe ratio of a result's returns after all these trials.
    #[must_use]
    pub fn dsr(&self, returns: &[f64]) -> Option<f64> {
        psr_of(returns, self.sr0()?)
    }

    /// The chance that the best of so many independent trials without skill shows a Sharpe ratio as significant as this one,
    /// 1 − (1 − p)^N̂ with p = 1 − PSR(0) (Šidák 1967). Unlike the deflated Sharpe ratio it does not take the trials' spread for luck.
    #[must_use]
    pub fn luck_p(&self, returns: &[f64]) -> Option<f64> {
        chance_of_best(returns, self.effective_trials)
    }
}

/// The file.
pub struct Ledger {
    path: PathBuf,
    connection: Connection,
}

impl Ledger {
    /// Opens the ledger at `path`, or begins it.
    ///
    /// # Errors
    /// When it cannot be opened, or is no ledger.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, "cannot be created", e))?;
        }
        let connect = || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch(&format!("BEGIN IMMEDIATE;{SCHEMA}COMMIT;"))?;
            Ok(connection)
        };
        let connection = connect().map_err(|e| failure(path, &e))?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// Writes down an entry's trials, except those that are there; answers how many are new.
    ///
    /// # Errors
    /// When the file cannot be written, or another run keeps it for a minute.
    ///
    /// # Panics
    /// When a trial has not one return a day.
    pub fn record(&mut self, entry: &Entry) -> Result<usize> {
        assert!(entry.trials.iter().all(|t| t.returns.len() == entry.days.len()), "a trial has one return a day");
        let path = self.path.clone();
        let mut write = || {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let new = new_trials(&transaction, entry)?;
            if !new.is_empty() {
                write(&transaction, entry, &new)?;
            }
            transaction.commit()?;
            Ok(new.len())
        };
        write().map_err(|e| failure(&path, &e))
    }

    /// What is known of the trials that looked at a span; `None` where there is none with a Sharpe ratio.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn look(&mut self, look: &Look) -> Result<Option<Knowledge>> {
        let path = self.path.clone();
        let mut read = || {
            // One snapshot for both reads.
            let transaction = self.connection.transaction()?;
            let batches = batches(&transaction, look)?;
            let trials = trials(&transaction, &batches)?;
            Ok(known(&batches, &trials))
        };
        read().map_err(|e| failure(&path, &e))
    }
}

fn failure(path: &Path, error: &rusqlite::Error) -> Error {
    Error::Failed(format!("{}: the trial ledger cannot be used: {error}; move the file away to begin a new one", path.display()))
}

/// Each trial's place among the entry's, where its question was not asked before.
fn new_trials(transaction: &Transaction<'_>, entry: &Entry) -> rusqlite::Result<Vec<usize>> {
    let mut known = transaction.prepare("SELECT 1 FROM trials WHERE question = ?1 AND role = ?2")?;
    let mut new = Vec::new();
    let mut asked = std::collections::BTreeSet::new();
    for (index, trial) in entry.trials.iter().enumerate() {
        if asked.insert(&trial.question) && !known.exists(params![trial.question, entry.role.name()])? {
            new.push(index);
        }
    }
    Ok(new)
}

fn write(transaction: &Transaction<'_>, entry: &Entry, new: &[usize]) -> rusqlite::Result<()> {
    let (sums, varying) = standardised_sum(entry.days.len(), new.iter().map(|i| entry.trials[*i].returns));
    let days: Vec<u8> = entry.days.iter().flat_map(|d| d.to_le_bytes()).collect();
    let sums: Vec<u8> = sums.iter().flat_map(|s| s.to_le_bytes()).collect();
    let (first, last) = (entry.days.first().copied().unwrap_or(0), entry.days.last().copied().unwrap_or(0));
    transaction.execute(
        "INSERT INTO batches (run, role, first_day, last_day, varying, days, sums) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![entry.run, entry.role.name(), first, last, varying as i64, days, sums],
    )?;
    let batch = transaction.last_insert_rowid();
    for market in entry.markets {
        transaction.execute("INSERT OR IGNORE INTO markets (market, batch) VALUES (?1, ?2)", params![market, batch])?;
    }
    let mut insert = transaction.prepare("INSERT INTO trials (question, role, batch, sharpe) VALUES (?1, ?2, ?3, ?4)")?;
    for index in new {
        let trial = &entry.trials[*index];
        let sharpe = sharpe_per_period(trial.returns, 0.0).filter(|_| !entry.role.is_part());
        insert.execute(params![trial.question, entry.role.name(), batch, sharpe])?;
    }
    Ok(())
}

/// Σ of the standardised columns, and how many vary.
fn standardised_sum<'a>(rows: usize, columns: impl Iterator<Item = &'a [f64]>) -> (Vec<f64>, usize) {
    let (mut sums, mut varying) = (vec![0.0; rows], 0);
    for column in columns {
        let Some((mu, s)) = mean(column).zip(sd(column)).filter(|(mu, s)| !is_flat(*mu, *s)) else { continue };
        varying += 1;
        sums.iter_mut().zip(column).for_each(|(sum, x)| *sum += (x - mu) / s);
    }
    (sums, varying)
}

/// A stored batch.
struct Batch {
    id: i64,
    run: String,
    varying: usize,
    days: Vec<i32>,
    sums: Vec<f64>,
}

fn batches(transaction: &Transaction<'_>, look: &Look) -> rusqlite::Result<Vec<Batch>> {
    let mut select = transaction.prepare(
        "SELECT DISTINCT id, run, role, varying, days, sums FROM batches JOIN markets ON batch = id
         WHERE market = ?1 AND first_day <= ?2 AND last_day >= ?3 ORDER BY id",
    )?;
    let mut found = BTreeMap::new();
    for market in look.markets {
        let mut rows = select.query(params![market, look.last_day, look.first_day])?;
        while let Some(row) = rows.next()? {
            let role: String = row.get(2)?;
            if look.out_of_sample && Role::is_inner(&role) {
                continue;
            }
            let id: i64 = row.get(0)?;
            let (days, sums): (Vec<u8>, Vec<u8>) = (row.get(4)?, row.get(5)?);
            let batch = Batch {
                id,
                run: row.get(1)?,
                varying: row.get::<_, i64>(3)? as usize,
                days: days.as_chunks().0.iter().map(|b| i32::from_le_bytes(*b)).collect(),
                sums: sums.as_chunks().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
            };
            found.insert(id, batch);
        }
    }
    Ok(found.into_values().collect())
}

/// Sharpe ratios by question.
fn trials(transaction: &Transaction<'_>, batches: &[Batch]) -> rusqlite::Result<BTreeMap<String, Option<f64>>> {
    let mut select = transaction.prepare("SELECT question, sharpe FROM trials WHERE batch = ?1")?;
    let mut found = BTreeMap::new();
    for batch in batches {
        let mut rows = select.query(params![batch.id])?;
        while let Some(row) = rows.next()? {
            let (question, sharpe): (String, Option<f64>) = (row.get(0)?, row.get(1)?);
            // A set that one run gave up and another played to the end has the ratio of the latter.
            let known = found.entry(question).or_insert(None);
            *known = sharpe.or(*known);
        }
    }
    Ok(found)
}

fn known(batches: &[Batch], trials: &BTreeMap<String, Option<f64>>) -> Option<Knowledge> {
    let sharpes: Vec<f64> = trials.values().flatten().copied().collect();
    if sharpes.is_empty() {
        return None;
    }
    let mut hash = Sha256::new();
    for (question, sharpe) in trials {
        hash.update(question);
        hash.update(sharpe.map_or(u64::MAX, f64::to_bits).to_le_bytes());
    }
    let mut runs: Vec<&str> = batches.iter().map(|b| b.run.as_str()).collect();
    runs.sort_unstable();
    runs.dedup();
    Some(Knowledge {
        trials: trials.len(),
        runs: runs.len(),
        effective_trials: effective(batches),
        sharpe_variance: variance(&sharpes).unwrap_or(0.0),
        snapshot_sha256: hex(&hash.finalize()),
    })
}

/// N̂ of all batches together. Those over the same days are one.
fn effective(batches: &[Batch]) -> f64 {
    let mut by_days: BTreeMap<&[i32], (Vec<f64>, usize)> = BTreeMap::new();
    for batch in batches {
        let (sums, varying) = by_days.entry(&batch.days).or_insert_with(|| (vec![0.0; batch.days.len()], 0));
        sums.iter_mut().zip(&batch.sums).for_each(|(sum, more)| *sum += more);
        *varying += batch.varying;
    }
    let groups: Vec<(&[i32], &[f64])> = by_days.iter().map(|(days, (sums, _))| (*days, sums.as_slice())).collect();
    let m = by_days.values().map(|(_, varying)| *varying).sum::<usize>() as f64;
    if m <= 1.0 {
        return 1.0;
    }
    let mut all_pairs = 0.0;
    for (i, one) in groups.iter().enumerate() {
        all_pairs += together(one, one);
        all_pairs += 2.0 * groups[..i].iter().map(|other| together(one, other)).sum::<f64>();
    }
    let rho = (all_pairs - m) / (m * (m - 1.0));
    (rho + (1.0 - rho) * m).max(1.0)
}

/// Σ of the correlations between the trials of two groups, over the days that both have; none where these are fewer than two.
fn together((days, sums): &(&[i32], &[f64]), (other_days, other_sums): &(&[i32], &[f64])) -> f64 {
    let (mut i, mut j, mut common, mut product) = (0, 0, 0, 0.0);
    while i < days.len() && j < other_days.len() {
        match days[i].cmp(&other_days[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                product += sums[i] * other_sums[j];
                (i, j, common) = (i + 1, j + 1, common + 1);
            }
        }
    }
    if common < 2 { 0.0 } else { product / f64::from(common - 1) }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
