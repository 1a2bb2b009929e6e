//! Consecutive files as one dataset; of a span, only the files that it needs.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    Dataset, Manifest, assumed_calendar,
    dataset::{load, sha256_hex},
    finding::Finding,
    folder::between,
    read::ReadOptions,
    resample::join,
    stream_parquet::range_in_footer,
};
use crate::{
    error::{Error, Result},
    market::{Bar, Bars},
    time::{DAY, Nanos},
};

/// Loads the files of one series that have rows from `from` on and before `to`, and puts them in a row.
///
/// A file's range is told by its manifest, or by a Parquet footer; a file that tells none is read to know it. The hash is that of one file, or
/// of the hashes of several.
///
/// # Errors
/// As [`load`]; when two files overlap or do not quote alike, or none lies in the span.
pub fn load_series(path: &Path, files: &[PathBuf], options: &ReadOptions, (from, to): (Option<Nanos>, Option<Nanos>)) -> Result<Dataset> {
    if let [only] = files {
        return load(only, options);
    }
    // The last bar of a span may take in ticks that come after its end.
    let to = to.map(|to| to.plus(options.timeframe.map_or(DAY, |timeframe| timeframe.ns())));
    let is_needed = |(first, last): (Nanos, Nanos)| from.is_none_or(|from| last >= from) && to.is_none_or(|to| first < to);
    let mut parts = Vec::new();
    for file in files {
        if range(file)?.is_none_or(is_needed) {
            let part = load(file, options)?;
            if is_needed(ends(&part)) {
                parts.push(part);
            }
        }
    }
    parts.sort_by_key(|part| (ends(part), part.path.clone()));
    chain(path, &parts, options)
}

/// Times of the first and last row, where they can be told without reading the file.
fn range(file: &Path) -> Result<Option<(Nanos, Nanos)>> {
    let told = Manifest::beside(file)?.and_then(|manifest| manifest.first.zip(manifest.last));
    Ok(told.or_else(|| range_in_footer(file)))
}

/// Times of the first and last row.
fn ends(part: &Dataset) -> (Nanos, Nanos) {
    part.ticks.as_ref().and_then(super::TickSource::ends).unwrap_or((part.first, part.last))
}

fn chain(path: &Path, parts: &[Dataset], options: &ReadOptions) -> Result<Dataset> {
    let Some(first) = parts.first() else {
        return Err(Error::data(path, "holds no file with rows in the span asked for"));
    };
    let timeframe = first.bars.timeframe();
    let calendar = options.calendar.or_else(|| Some(assumed_calendar(first.bars.opened_at(), timeframe)));
    let mut bars: Vec<Bar> = Vec::with_capacity(parts.iter().map(|part| part.bars.len()).sum());
    let (mut ticks, mut findings, mut hashes): (Option<super::TickSource>, _, _) = (None, Vec::new(), String::new());
    let mut before: Option<&Dataset> = None;
    for part in parts {
        if let Some(before) = before {
            fits(before, part)?;
            let step = part.ticks.is_none().then_some(timeframe);
            let found = between((&before.path, ends(before).1), ends(part).0, step, calendar);
            if let Some(overlap) = found.as_ref().filter(|finding| finding.is_error()) {
                return Err(Error::data(&part.path, overlap.message.clone()));
            }
            findings.extend(found.map(|finding| named(&part.path, finding)));
        }
        add(&mut bars, part);
        ticks = match (ticks, part.ticks.clone()) {
            (Some(earlier), Some(later)) => Some(earlier.then(later)),
            (_, later) => later,
        };
        findings.extend(part.findings.iter().cloned().map(|finding| named(&part.path, finding)));
        hashes += &part.sha256;
        before = Some(part);
    }
    let mut whole = Bars::new(timeframe);
    bars.iter().for_each(|bar| whole.push(bar));
    let (rows, first, last) = (whole.len() as u64, whole.opened_at()[0], whole.opened_at()[whole.len() - 1]);
    let sha256 = if parts.len() == 1 { hashes } else { sha256_hex(hashes.as_bytes()) };
    Ok(Dataset { bars: Arc::new(whole), sha256, findings, path: path.to_owned(), rows, first, last, zone: parts[0].zone, ticks })
}

/// Adds a file's bars; its first may be the rest of the last one before, where ticks go on in the next file.
fn add(bars: &mut Vec<Bar>, part: &Dataset) {
    for bar in part.bars.iter() {
        match bars.last_mut() {
            Some(last) if last.opened_at == bar.opened_at => join(last, &bar),
            _ => bars.push(bar),
        }
    }
}

/// Whether a file goes on as the one before it was.
fn fits(before: &Dataset, part: &Dataset) -> Result<()> {
    let sides = |d: &Dataset| (d.ticks.is_some(), d.bars.ask().is_some(), d.bars.spread().is_some());
    let problem = if before.bars.timeframe() != part.bars.timeframe() {
        format!("has bars of {}, and {} before it of {}", part.bars.timeframe(), before.path.display(), before.bars.timeframe())
    } else if sides(before) != sides(part) {
        format!("does not quote the same sides as {} before it", before.path.display())
    } else {
        return Ok(());
    };
    Err(Error::data(&part.path, format!("{problem}; give each series a folder of its own")))
}

/// The finding with the file's name before its words.
pub(super) fn named(file: &Path, mut finding: Finding) -> Finding {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    finding.message = format!("{name}: {}", finding.message);
    finding
}
