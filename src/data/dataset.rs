//! A file loaded for a run: its bars, the hash of its bytes, and what a reader of the report should know about it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::{
    finding::Finding,
    read::{ReadOptions, bars_of, examine, measure, read_bytes},
};
use crate::{
    error::Result,
    market::{Bars, Calendar},
    time::Nanos,
};

/// One file's bars, shared between runs.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The rows.
    pub bars: Arc<Bars>,
    /// Hex SHA-256 of the file as stored, before any unpacking.
    pub sha256: String,
    /// Warnings and information, gaps included; never an error.
    pub findings: Vec<Finding>,
    /// Where it was read.
    pub path: PathBuf,
    /// Number of bars.
    pub rows: u64,
    /// Opening of the first bar.
    pub first: Nanos,
    /// Opening of the last bar.
    pub last: Nanos,
    /// The clock of its times: the one named, else the one that its vendor documents, else UTC.
    pub zone: Tz,
}

/// Loads a file of bars, hashing it while it is parsed, and measures its gaps against `calendar`.
///
/// # Errors
/// As [`read_bars`](super::read_bars).
pub fn load(path: &Path, options: &ReadOptions, calendar: Calendar) -> Result<Dataset> {
    let stored = read_bytes(path)?;
    let (sha256, mut examined) = rayon::join(|| sha256_hex(&stored), || examine(&stored, options));
    drop(stored);
    measure(&mut examined, Some(calendar));
    let zone = examined.table.as_ref().and_then(|table| options.zone.or(table.format.zone())).unwrap_or(Tz::UTC);
    let findings = std::mem::take(&mut examined.findings);
    if let Some(finding) = findings.first_error() {
        return Err(finding.to_error(path));
    }
    let bars = bars_of(path, examined, options)?;
    let (first, last) = (bars.opened_at()[0], bars.opened_at()[bars.len() - 1]);
    Ok(Dataset {
        rows: bars.len() as u64,
        bars: Arc::new(bars),
        sha256,
        findings: findings.into_sorted(),
        path: path.to_owned(),
        first,
        last,
        zone,
    })
}

/// Hex SHA-256 of some bytes.
///
/// ```
/// assert!(cthulu_lab::data::sha256_hex(b"abc").starts_with("ba7816bf8f01cfea"));
/// ```
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}
