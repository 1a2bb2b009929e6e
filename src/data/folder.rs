//! A folder of price files: which series it holds, and which files make up one of them.
//!
//! A file's series is told by the two folders above it (`EURUSD/1h/2014.parquet`, `EURUSD/ticks/2014-05.parquet`), else by the manifest beside
//! it, else by its name up to the first `_`, `-`, dot or space. Files of one series follow each other in time; where two overlap, nobody chooses
//! between them: that is an error.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use rayon::prelude::{IntoParallelIterator as _, ParallelIterator as _};
use serde::Serialize;

use super::{
    finding::{Checked, Finding, Severity},
    manifest::Manifest,
    read::{ReadOptions, check},
};
use crate::{
    error::{Error, Result},
    market::Calendar,
    time::{Nanos, Timeframe},
};

/// The folder of a symbol's ticks.
const TICKS: &str = "ticks";

/// A file and the series that it says it belongs to.
#[derive(Clone, Debug)]
struct Place {
    path: PathBuf,
    symbol: String,
    holds: Option<Holds>,
}

/// What a file is said to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Holds {
    Bars(Timeframe),
    Ticks,
}

impl Holds {
    fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case(TICKS) { Some(Self::Ticks) } else { text.parse().ok().map(Self::Bars) }
    }

    fn name(self) -> String {
        match self {
            Self::Bars(timeframe) => timeframe.to_string(),
            Self::Ticks => TICKS.to_owned(),
        }
    }
}

/// One series of a folder.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// What it prices.
    pub symbol: String,
    /// Length of its bars; `None` for ticks.
    pub timeframe: Option<Timeframe>,
    /// Whether every file is sound and none overlaps another.
    pub ok: bool,
    /// Readable rows of all files.
    pub rows: u64,
    /// Time of the first row.
    pub first: Option<Nanos>,
    /// Time of the last row.
    pub last: Option<Nanos>,
    /// Its files, the earliest first.
    pub files: Vec<ListedFile>,
}

/// One file of a series.
#[derive(Clone, Debug, Serialize)]
pub struct ListedFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Readable rows.
    pub rows: u64,
    /// Time of the first row.
    pub first: Option<Nanos>,
    /// Time of the last row.
    pub last: Option<Nanos>,
    /// What was found in it, and between it and the file before.
    pub findings: Vec<Finding>,
}

/// A file that was looked at, and how.
type Looked = (ListedFile, ReadOptions);

/// The files of one series, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesFiles {
    /// What they price.
    pub symbol: String,
    /// Where they lie.
    pub files: Vec<PathBuf>,
}

/// `eurusd_h1_2017.csv.gz` is priced as `EURUSD`.
///
/// ```
/// assert_eq!(cthulu_lab::data::symbol_of("datasets/eurusd_h1_2017.csv.gz".as_ref()), "EURUSD");
/// ```
#[must_use]
pub fn symbol_of(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    name.split(['.', '_', '-', ' ']).next().unwrap_or_default().to_uppercase()
}

/// Checks every price file below a folder, each as `options` says for its path and symbol, and lists them by symbol and bar length.
///
/// # Errors
/// When the folder or a manifest cannot be read, or holds no price file; what is wrong inside a file is a finding.
pub fn list(folder: &Path, options: impl Fn(&Path, &str) -> Result<ReadOptions> + Sync) -> Result<Vec<Listed>> {
    let places = places(folder)?;
    let look = |place: &Place| -> Result<(Place, Checked, ReadOptions)> {
        let mut options = options(&place.path, &place.symbol)?;
        if let Some(Holds::Bars(timeframe)) = place.holds {
            options.timeframe = Some(timeframe);
        }
        Ok((place.clone(), check(&place.path, &options)?, options))
    };
    let looked: Vec<_> = places.into_par_iter().map(|place| look(&place)).collect::<Result<_>>()?;
    let mut series: BTreeMap<(String, Option<Timeframe>), Vec<Looked>> = BTreeMap::new();
    for (place, checked, options) in looked {
        let timeframe = match place.holds {
            Some(Holds::Bars(timeframe)) => Some(timeframe),
            Some(Holds::Ticks) => None,
            None => checked.timeframe,
        };
        let Checked { rows, first, last, findings, .. } = checked;
        let file = ListedFile { path: place.path, rows, first, last, findings };
        series.entry((place.symbol, timeframe)).or_default().push((file, options));
    }
    Ok(series.into_iter().map(|((symbol, timeframe), files)| listed(symbol, timeframe, files)).collect())
}

fn listed(symbol: String, timeframe: Option<Timeframe>, mut files: Vec<Looked>) -> Listed {
    files.sort_by(|(a, _), (b, _)| (a.first, &a.path).cmp(&(b.first, &b.path)));
    let mut latest: Option<(PathBuf, Nanos)> = None;
    for (file, options) in &mut files {
        let (Some(first), Some(last)) = (file.first, file.last) else { continue };
        if let Some((before, end)) = &latest {
            file.findings.extend(between((before, *end), first, timeframe, options.calendar));
        }
        if latest.as_ref().is_none_or(|(_, end)| last > *end) {
            latest = Some((file.path.clone(), last));
        }
    }
    let files: Vec<ListedFile> = files.into_iter().map(|(file, _)| file).collect();
    Listed {
        symbol,
        timeframe,
        ok: !files.iter().flat_map(|file| &file.findings).any(Finding::is_error),
        rows: files.iter().map(|file| file.rows).sum(),
        first: files.iter().filter_map(|file| file.first).min(),
        last: files.iter().filter_map(|file| file.last).max(),
        files,
    }
}

/// What is wrong, or missing, between the end of a file and the beginning of the next. Ticks may share a time, bars may not.
pub(super) fn between(
    (before, end): (&Path, Nanos),
    first: Nanos,
    timeframe: Option<Timeframe>,
    calendar: Option<Calendar>,
) -> Option<Finding> {
    let name = before.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if first < end || (first == end && timeframe.is_some()) {
        let message =
            format!("begins at {first}, and {name} before it ends at {end}: they overlap; take the common rows out of one of them");
        return Some(Finding::error("overlap", message));
    }
    let missing = calendar?.missing_bars(end, first, timeframe?.ns());
    let message = format!(
        "{missing} {} missing between the end of {name} at {end} and the beginning at {first}",
        if missing == 1 { "bar is" } else { "bars are" }
    );
    (missing > 0).then(|| Finding::new(Severity::Warning, "gap_between_files", message).value(missing.to_string()))
}

/// The files of one series at or below a path: of `symbol`, where the folder holds several, and with bars of `timeframe`, or else ticks, where it
/// holds several lengths. A path of a file is that file.
///
/// # Errors
/// When the folder cannot be read, holds no price file, or holds several series and nobody says which is meant.
pub fn find_series(path: &Path, symbol: Option<&str>, timeframe: Option<Timeframe>) -> Result<SeriesFiles> {
    if !path.is_dir() {
        return Ok(SeriesFiles { symbol: symbol.map_or_else(|| symbol_of(path), str::to_owned), files: vec![path.to_owned()] });
    }
    let mut places = places(path)?;
    let symbols: BTreeSet<String> = places.iter().map(|place| place.symbol.clone()).collect();
    let meant = match (symbol, symbols.len()) {
        (Some(symbol), _) => symbol.to_owned(),
        (None, 1) => symbols.first().cloned().unwrap_or_default(),
        (None, _) => return Err(several(path, "symbol", symbols.iter().cloned())),
    };
    // A folder of one series may call itself as it likes; what is named by hand wins.
    if symbols.len() > 1 || symbols.contains(&meant) {
        places.retain(|place| place.symbol == meant);
    }
    if places.is_empty() {
        return Err(Error::data(
            path,
            format!("holds no file of {meant}{}", crate::error::suggest(&meant, symbols.iter().map(String::as_str))),
        ));
    }
    let lengths: BTreeSet<Option<Holds>> = places.iter().map(|place| place.holds).collect();
    if lengths.len() > 1 {
        let wanted = timeframe.map(Holds::Bars).filter(|bars| lengths.contains(&Some(*bars)));
        let wanted = wanted.or_else(|| timeframe.and(Some(Holds::Ticks)).filter(|ticks| lengths.contains(&Some(*ticks))));
        let Some(wanted) = wanted else {
            let names = lengths.iter().map(|holds| holds.map_or_else(|| "files of unknown length".to_owned(), Holds::name));
            return Err(several(path, "timeframe", names));
        };
        places.retain(|place| place.holds == Some(wanted));
    }
    Ok(SeriesFiles { symbol: meant, files: places.into_iter().map(|place| place.path).collect() })
}

fn several(path: &Path, key: &str, names: impl Iterator<Item = String>) -> Error {
    Error::data(path, format!("holds several series ({}); name one of them as {key}", names.collect::<Vec<_>>().join(", ")))
}

/// Every price file at or below a folder, by path.
fn places(folder: &Path) -> Result<Vec<Place>> {
    let mut files = Vec::new();
    gather(folder, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(Error::data(folder, "holds no price file (.csv, .csv.gz or .parquet)"));
    }
    files.into_iter().map(place).collect()
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let cannot = |source| Error::io(folder, "cannot read", source);
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() {
            gather(&path, files)?;
        } else if [".csv", ".csv.gz", ".parquet"].iter().any(|ending| name.ends_with(ending)) {
            files.push(path);
        }
    }
    Ok(())
}

fn place(path: PathBuf) -> Result<Place> {
    let whole = path.canonicalize().map_err(|source| Error::io(&path, "cannot read", source))?;
    let folder = |above: usize| whole.ancestors().nth(above).and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    if let (Some(holds), Some(symbol)) = (folder(1).as_deref().and_then(Holds::parse), folder(2)) {
        return Ok(Place { path, symbol, holds: Some(holds) });
    }
    let manifest = Manifest::beside(&path)?.unwrap_or_default();
    let symbol = manifest.symbol.unwrap_or_else(|| symbol_of(&path));
    Ok(Place { path, symbol, holds: manifest.timeframe.map(Holds::Bars) })
}
