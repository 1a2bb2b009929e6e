//! A file loaded for a run: its bars, the hash of its bytes, and what a reader of the report should know about it.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::{
    finding::{Finding, Findings},
    format::Format,
    read::{ReadOptions, bars_of, examine, measure, read_bytes},
    resample::DayEnd,
    stream::{Surveyed, TickSource, survey_held, survey_stored, survey_trades},
    stream_parquet::StoredTicks,
    table::Kind,
};
use crate::{
    error::{Error, Result},
    market::Bars,
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
    /// The ticks that the bars were built from, where the file holds ticks.
    pub ticks: Option<TickSource>,
}

/// Loads a file, hashing it while it is parsed. The gaps of bars are measured against `options.calendar`; ticks become bars of `options.timeframe`, and
/// are at hand for a replay without being held in memory where the file is Parquet.
///
/// # Errors
/// As [`read_bars`](super::read_bars).
pub fn load(path: &Path, options: &ReadOptions) -> Result<Dataset> {
    if let Some(file) = StoredTicks::open(path, options)? {
        let zone = options.zone_of(Format::Parquet);
        return Ok(of_ticks(path, survey_stored(file, options, DayEnd::Utc)?, zone));
    }
    let stored = read_bytes(path)?;
    let (sha256, mut examined) = rayon::join(|| sha256_hex(&stored), || examine(&stored, options));
    drop(stored);
    if let Some(finding) = examined.findings.first_error() {
        return Err(finding.to_error(path));
    }
    measure(&mut examined, options.calendar);
    let (kind, format) = examined.table.as_ref().map(|table| (table.kind, table.format)).unzip();
    let zone = options.zone_of(format.unwrap_or(Format::Csv));
    match kind {
        Some(Kind::Ticks) => return Ok(of_ticks(path, survey_held(path, sha256, examined, options, DayEnd::Utc)?, zone)),
        Some(Kind::Trades) => return Ok(of_ticks(path, survey_trades(path, sha256, examined, options)?, zone)),
        _ => {}
    }
    let findings = std::mem::take(&mut examined.findings);
    let bars = bars_of(path, examined, options)?;
    Ok(dataset(path, bars, sha256, findings, (zone, None)))
}

fn of_ticks(path: &Path, Surveyed { source, bars, sha256, findings }: Surveyed, zone: Tz) -> Dataset {
    dataset(path, bars, sha256, findings, (zone, Some(source)))
}

fn dataset(path: &Path, bars: Bars, sha256: String, findings: Findings, (zone, ticks): (Tz, Option<TickSource>)) -> Dataset {
    let (first, last) = (bars.opened_at()[0], bars.opened_at()[bars.len() - 1]);
    let rows = bars.len() as u64;
    Dataset { bars: Arc::new(bars), sha256, findings: findings.into_sorted(), path: path.to_owned(), rows, first, last, zone, ticks }
}

/// Hex SHA-256 of a file, read in pieces.
///
/// # Errors
/// [`Error::Io`] when it cannot be read.
pub(super) fn sha256_of(path: &Path) -> Result<String> {
    let cannot = |source| Error::io(path, "cannot read", source);
    let mut file = File::open(path).map_err(cannot)?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut piece).map_err(cannot)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&piece[..n]),
        }
    }
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
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}
