//! `cthulu-lab data check`: what is wrong with a price file or a folder of consecutive ones, or odd about it.

use std::path::{Path, PathBuf};

use super::{
    args::{CheckArgs, FileArgs, FormatName},
    print, print_json,
};
use crate::{
    data::{Checked, Finding, Format, Instruments, Manifest, ReadOptions, Severity, check, check_series, find_series},
    error::{Error, Result, counted, suggest},
    market::Instrument,
    time::Timeframe,
};

/// Findings shown to a person; `--json` has them all.
const SHOWN: usize = 30;

/// Whether the contract holds.
pub(super) fn run_check(args: &CheckArgs) -> Result<bool> {
    let (files, symbol) = series(&args.file, args.symbol.as_deref(), args.says.timeframe)?;
    let options = options(&files[0], &args.says, symbol.as_deref())?;
    let options = ReadOptions { dedupe: args.dedupe, ..options };
    let checked = if args.file.is_dir() { check_series(&files, &options)? } else { check(&args.file, &options)? };
    let checked = if args.strict { checked.strict() } else { checked };
    if args.json {
        print_json(&serde_json::json!({
            "ok": checked.ok, "rows": checked.rows, "first": checked.first, "last": checked.last, "findings": checked.findings,
        }))?;
    } else {
        print(&text(&args.file, &checked))?;
    }
    Ok(checked.ok)
}

/// The file, or the files of the one series that a folder holds or that is named; and the symbol, where it is named or the folder's is known.
pub(super) fn series(path: &Path, symbol: Option<&str>, timeframe: Option<Timeframe>) -> Result<(Vec<PathBuf>, Option<String>)> {
    if !path.exists() {
        return Err(Error::absent(path));
    }
    let found = find_series(path, symbol, timeframe)?;
    let told = path.is_dir().then_some(found.symbol).filter(|symbol| Instruments::at_hand().is_ok_and(|known| known.get(symbol).is_some()));
    Ok((found.files, symbol.map(str::to_owned).or(told)))
}

/// How to read a file: as the arguments say, else as its manifest says.
pub(super) fn options(file: &Path, says: &FileArgs, symbol: Option<&str>) -> Result<ReadOptions> {
    if !file.exists() {
        return Err(Error::absent(file));
    }
    let manifest = Manifest::beside(file)?.unwrap_or_default();
    let instrument = instrument(symbol, manifest.symbol.as_deref())?;
    let zone = says.tz.clone().or(manifest.zone);
    let zone = zone.map(|name| {
        name.parse().map_err(|_| Error::config("--tz", format!("'{name}' is not a zone of the tz database, such as UTC or Europe/Athens")))
    });
    Ok(ReadOptions {
        zone: zone.transpose()?,
        format: named_format(says, manifest.format),
        date_order: says.date_order.or(manifest.date_order),
        timeframe: says.timeframe,
        point: instrument.as_ref().and_then(|i| i.point),
        calendar: says.calendar.or(manifest.calendar).or(instrument.map(|i| i.calendar)),
        ..ReadOptions::default()
    })
}

/// The format to read, `None` where the file is to be asked.
pub(super) fn named_format(says: &FileArgs, told: Option<Format>) -> Option<Format> {
    match says.format {
        Some(FormatName::Named(format)) => Some(format),
        Some(FormatName::Auto) => None,
        None => told,
    }
}

/// The instrument asked for, which must be known, or the manifest's, where it is.
pub(super) fn instrument(asked: Option<&str>, told: Option<&str>) -> Result<Option<Instrument>> {
    let known = Instruments::at_hand()?;
    match asked {
        Some(symbol) => match known.get(symbol) {
            Some(found) => Ok(Some(found.clone())),
            None => {
                let problem = format!("'{symbol}' is not in instruments.toml{}", suggest(symbol, known.symbols()));
                Err(Error::config("--symbol", problem))
            }
        },
        None => Ok(told.and_then(|symbol| known.get(symbol)).cloned()),
    }
}

/// What was found, for a person.
pub(super) fn text(file: &Path, checked: &Checked) -> String {
    let count = |severity| checked.findings.iter().filter(|f| f.severity == severity).count();
    let [errors, warnings] = [Severity::Error, Severity::Warning].map(count);
    let span = checked.first.zip(checked.last).map_or_else(String::new, |(first, last)| format!(" from {first} to {last}"));
    let bars = checked.timeframe.map_or_else(|| counted(checked.rows, "row"), |t| format!("{} of {t}", counted(checked.rows, "bar")));
    let mut told = format!("{}: {bars}{span}\n", file.display());
    // What breaks the contract stands first, whether it has a row or not; `sort_by_key` keeps the order of the file otherwise.
    let mut findings: Vec<&Finding> = checked.findings.iter().collect();
    findings.sort_by_key(|finding| finding.severity);
    for finding in findings.into_iter().take(SHOWN) {
        told += &line(finding);
    }
    if checked.findings.len() > SHOWN {
        told += &format!("  and {} more; --json lists them\n", checked.findings.len() - SHOWN);
    }
    let sound = match (errors, warnings) {
        (0, 0) => "The contract holds.".to_owned(),
        (0, 1) => "The contract holds, with one warning.".to_owned(),
        (0, n) => format!("The contract holds, with {n} warnings."),
        (1, _) => "The contract is broken by one error: no run starts on this file.".to_owned(),
        (n, _) => format!("The contract is broken by {n} errors: no run starts on this file."),
    };
    told + &sound + "\n"
}

/// A finding on a line.
pub(super) fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let row = finding.row.map_or_else(String::new, |row| format!("row {row}, "));
    let column = finding.column.as_ref().map_or_else(String::new, |column| format!("column {column}, "));
    format!("  {severity:<8} {row}{column}{}: {}\n", finding.kind, finding.message)
}
