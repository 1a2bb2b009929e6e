//! `cthulu-lab data resample`: longer bars out of ticks, trades or bars, in a file or a folder of consecutive ones.

use std::path::Path;

use super::{args::ResampleArgs, print, say};
use crate::{
    data::{self, Resampled, Severity, resample_series, write_csv, write_parquet},
    error::{Error, Result},
    market::Bars,
};

pub(super) fn run(args: &ResampleArgs) -> Result<()> {
    let write = writer(&args.out)?;
    if args.out.canonicalize().is_ok_and(|out| args.file.canonicalize().is_ok_and(|file| file == out)) {
        return Err(Error::config("--out", "is the file that is read; choose another"));
    }
    let (files, symbol) = super::data::series(&args.file, args.symbol.as_deref(), args.says.timeframe)?;
    let options = super::data::options(&files[0], &args.says, symbol.as_deref())?;
    let options = data::ReadOptions { dedupe: args.dedupe, ..options };
    let resampled = resample_series(&args.file, &files, &options, args.to, args.day_ends)?;
    for finding in resampled.findings.iter().filter(|f| f.severity == Severity::Warning) {
        say(&format!("{}: {}: {}", args.file.display(), finding.kind, finding.message));
    }
    write(&resampled.bars, &args.out)?;
    print(&text(args, &resampled))
}

/// How a file of this name is written.
fn writer(out: &Path) -> Result<fn(&Bars, &Path) -> Result<()>> {
    let name = out.to_string_lossy().to_lowercase();
    if name.ends_with(".parquet") {
        return Ok(write_parquet);
    }
    if name.ends_with(".csv") || name.ends_with(".csv.gz") {
        return Ok(write_csv);
    }
    Err(Error::config("--out", format!("'{}' names no format; let it end in .csv, .csv.gz or .parquet", out.display())))
}

fn text(args: &ResampleArgs, Resampled { bars, rows, rows_are, from, .. }: &Resampled) -> String {
    let made_of = from.map_or_else(|| format!("{rows} {rows_are}"), |length| format!("{rows} bars of {length}"));
    let span = bars.opened_at().first().zip(bars.opened_at().last());
    let span = span.map_or_else(String::new, |(first, last)| format!(", the first at {first}, the last at {last}"));
    let side = if *rows_are == "trades" { "its prices are those of trades: price_side = \"trade\" in an experiment\n" } else { "" };
    format!("{}: {} bars of {} from {made_of}{span}\n{side}", args.out.display(), bars.len(), args.to)
}
