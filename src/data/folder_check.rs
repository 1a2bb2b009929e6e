//! Consecutive files looked at as one: what is wrong in each, and between them.

use std::path::{Path, PathBuf};

use super::{
    finding::{Checked, Finding},
    folder::between,
    folder_load::named,
    read::{ReadOptions, check},
};
use crate::{
    error::Result,
    market::Calendar,
    time::{Nanos, Timeframe},
};

/// Looks at the files of one series, sound or broken, in the order of their times; the findings name their file.
///
/// # Errors
/// As [`check`].
pub fn check_series(files: &[PathBuf], options: &ReadOptions) -> Result<Checked> {
    let mut parts = files.iter().map(|file| check(file, options).map(|checked| (file, checked))).collect::<Result<Vec<_>>>()?;
    parts.sort_by_key(|(file, checked)| (checked.first, *file));
    let spans: Vec<(&Path, (Nanos, Nanos))> =
        parts.iter().filter_map(|(file, checked)| Some((file.as_path(), checked.first.zip(checked.last)?))).collect();
    let timeframe = parts.iter().find_map(|(_, checked)| checked.timeframe);
    let hours = parts.iter().find_map(|(_, checked)| checked.hours);
    let seams = seams(&spans, timeframe, hours);
    let mut whole = Checked {
        ok: parts.iter().all(|(_, checked)| checked.ok) && !seams.iter().any(Finding::is_error),
        rows: parts.iter().map(|(_, checked)| checked.rows).sum(),
        first: spans.iter().map(|(_, (first, _))| *first).min(),
        last: spans.iter().map(|(_, (_, last))| *last).max(),
        timeframe,
        hours,
        format: parts.first().and_then(|(_, checked)| checked.format),
        explained: Vec::new(),
        findings: Vec::new(),
    };
    for (file, checked) in parts {
        whole.explained.extend(checked.explained);
        whole.findings.extend(checked.findings.into_iter().map(|finding| named(file, finding)));
    }
    whole.findings.extend(seams);
    Ok(whole)
}

/// What overlaps or is missing between consecutive files: each with the times of its first and last row, the earliest first. Bars are measured
/// by `calendar`, where there is one.
#[must_use]
pub fn seams(files: &[(&Path, (Nanos, Nanos))], timeframe: Option<Timeframe>, calendar: Option<Calendar>) -> Vec<Finding> {
    let seam = |pair: &[(&Path, (Nanos, Nanos))]| {
        let ((before, (_, end)), (file, (first, _))) = (pair[0], pair[1]);
        between((before, end), first, timeframe, calendar).map(|finding| named(file, finding))
    };
    files.windows(2).filter_map(seam).collect()
}
