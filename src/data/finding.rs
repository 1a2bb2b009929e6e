//! What was found in a file: its severity, place, value and remedy.
//!
//! An error breaks the contract and stops a run; a warning deserves a look; information explains what was assumed.

use std::path::Path;

use serde::Serialize;

use super::format::Format;
use crate::{
    error::Error,
    market::Calendar,
    time::{Nanos, Timeframe},
};

/// At most this many findings are kept; one more then says how many were not.
pub(super) const KEPT: usize = 1000;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The contract is broken; no run starts.
    Error,
    /// Readable, but look at it.
    Warning,
    /// What was assumed or left out.
    Info,
}

/// One observation about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// What kind, in snake case, as `high_below_low`.
    pub kind: &'static str,
    /// Line in the file, the first being 1 (in Parquet the row, the first being 1).
    pub row: Option<u64>,
    /// Column by name.
    pub column: Option<String>,
    /// The cell or value concerned.
    pub value: Option<String>,
    /// A sentence with the remedy.
    pub message: String,
}

impl Finding {
    pub(super) fn new(severity: Severity, kind: &'static str, message: impl Into<String>) -> Self {
        Self { severity, kind, row: None, column: None, value: None, message: message.into() }
    }

    pub(super) fn error(kind: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, kind, message)
    }

    /// The file's bytes are not those that its manifest describes.
    #[must_use]
    pub fn changed_since_manifest() -> Self {
        let message =
            "the file is not the one that its manifest describes (another sha256); check the zone and date order named there, and renew it";
        Self::new(Severity::Warning, "manifest_mismatch", message)
    }

    pub(super) fn at(mut self, row: u64) -> Self {
        self.row = Some(row);
        self
    }

    pub(super) fn column(mut self, name: impl Into<String>) -> Self {
        self.column = Some(name.into());
        self
    }

    pub(super) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// Whether it stops a run.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The error a reader returns for it.
    pub(super) fn to_error(&self, path: &Path) -> Error {
        Error::Data { path: path.to_owned(), row: self.row, column: self.column.clone(), problem: self.message.clone() }
    }
}

/// The answer of [`check`](super::check).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Whether the contract holds: no finding is an error.
    pub ok: bool,
    /// Readable rows.
    pub rows: u64,
    /// Time of the first readable row.
    pub first: Option<Nanos>,
    /// Time of the last readable row.
    pub last: Option<Nanos>,
    /// The bar length, where the file holds bars.
    pub timeframe: Option<Timeframe>,
    /// The hours that gaps were measured by, named or assumed. Not among the keys of `data check --json`, which are promised.
    #[serde(skip)]
    pub hours: Option<Calendar>,
    /// The format it was read in, where one was told. Not among the keys of `data check --json`, which are promised.
    #[serde(skip)]
    pub format: Option<Format>,
    /// What was decided about the file, and why, in sentences.
    #[serde(skip)]
    pub explained: Vec<String>,
    /// In file order, those about the whole file last.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// The same with every warning an error.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.findings.iter_mut().filter(|f| f.severity == Severity::Warning).for_each(|f| f.severity = Severity::Error);
        self.ok = !self.findings.iter().any(Finding::is_error);
        self
    }
}

/// Collects findings up to [`KEPT`] and counts the rest.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    dropped: u64,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        if self.kept.len() < KEPT {
            return self.kept.push(finding);
        }
        self.dropped += 1;
        // However many warnings there are, they never hide that the contract is broken.
        if finding.is_error() && self.first_error().is_none() {
            self.kept[KEPT - 1] = finding;
        }
    }

    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = Finding>) {
        more.into_iter().for_each(|finding| self.push(finding));
    }

    /// Takes over those of a chunk whose rows count from `before + 1`.
    pub(super) fn append(&mut self, other: Self, before: u64) {
        self.dropped += other.dropped;
        for mut finding in other.kept {
            finding.row = finding.row.map(|row| row + before);
            self.push(finding);
        }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.kept.len() >= KEPT
    }

    pub(super) const fn count_dropped(&mut self, more: u64) {
        self.dropped += more;
    }

    /// Of a kind that one remedy mends in every row, keeps the first and lets it tell how often it occurs.
    pub(super) fn keep_first(&mut self, kind: &'static str) {
        let count = self.kept.iter().filter(|f| f.kind == kind).count();
        let Some(first) = self.kept.iter().position(|f| f.kind == kind).filter(|_| count > 1) else { return };
        let more = if self.dropped > 0 { " or more" } else { "" };
        self.kept[first].message.push_str(&format!(" (the first of {count}{more} such)"));
        let mut i = 0;
        self.kept.retain(|f| {
            i += 1;
            f.kind != kind || i - 1 == first
        });
    }

    /// The errors kept, to be completed.
    pub(super) fn errors_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.kept.iter_mut().filter(|f| f.is_error())
    }

    /// The first error in file order.
    pub(super) fn first_error(&self) -> Option<&Finding> {
        self.kept.iter().filter(|f| f.is_error()).min_by_key(|f| f.row.unwrap_or(u64::MAX))
    }

    /// In file order; a last one tells how many more there were.
    pub(super) fn into_sorted(mut self) -> Vec<Finding> {
        self.kept.sort_by_key(|f| f.row.unwrap_or(u64::MAX));
        if self.dropped > 0 {
            self.kept.push(Finding::new(Severity::Info, "more_findings", format!("{} more findings are not listed", self.dropped)));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_beyond_the_limit_never_hide_an_error() {
        let mut findings = Findings::default();
        for row in 1..=KEPT as u64 + 5 {
            findings.push(Finding::new(Severity::Warning, "duplicate_row", "again").at(row));
        }
        findings.push(Finding::error("out_of_order", "back").at(2000));
        assert_eq!(findings.first_error().and_then(|f| f.row), Some(2000));
        let listed = findings.into_sorted();
        assert_eq!((listed.len(), listed[KEPT].message.as_str()), (KEPT + 1, "6 more findings are not listed"));
    }
}
