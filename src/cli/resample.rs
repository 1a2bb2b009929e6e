//! `cthulu-lab data resample`: longer bars out of ticks, trades or bars, in a file or a folder of consecutive ones.

use super::{args::ResampleArgs, print, say};
use crate::{
    data::{self, Container, Resampled, Severity, resample_series, write_bars},
    error::{Error, Result, counted},
};

pub(super) fn run(args: &ResampleArgs) -> Result<()> {
    Container::of(&args.out)?;
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
    write_bars(&resampled.bars, &args.out)?;
    print(&text(args, &resampled))
}

fn text(args: &ResampleArgs, Resampled { bars, rows, rows_are, from, .. }: &Resampled) -> String {
    let one = rows_are.strip_suffix('s').unwrap_or(rows_are);
    let made_of = from.map_or_else(|| counted(*rows, one), |length| format!("{} of {length}", counted(*rows, one)));
    let span = bars.opened_at().first().zip(bars.opened_at().last());
    let span = span.map_or_else(String::new, |(first, last)| format!(", the first at {first}, the last at {last}"));
    let side = if *rows_are == "trades" { "its prices are those of trades: price_side = \"trade\" in an experiment\n" } else { "" };
    format!("{}: {} of {} from {made_of}{span}\n{side}", args.out.display(), counted(bars.len() as u64, "bar"), args.to)
}
