//! `cthulu-lab data import`: price files of any vendor into one file of ours, with a manifest beside it.
//!
//! Writes nothing while anything is wrong with any of the files.

use std::path::{Path, PathBuf};

use super::{args::ImportArgs, data, print, print_json};
use crate::{
    data::{Checked, Container, Finding, Format, Import, Manifest, ReadOptions, Series, Severity, import, join, seams},
    error::{Error, Result, counted},
    time::Nanos,
};

/// One file, read.
struct Part<'a> {
    path: &'a Path,
    import: Import,
    zone: String,
    manifest: Manifest,
}

/// Whether the contract holds, and what was asked for is written.
pub(super) fn run(args: &ImportArgs) -> Result<bool> {
    let place = args.out.clone().or_else(|| (!args.explain).then(|| default_place(&args.files[0])));
    if let Some(place) = &place {
        check_place(place, &args.files)?;
    }
    let mut parts = args.files.iter().map(|file| read(file, args)).collect::<Result<Vec<_>>>()?;
    let seams = between(&parts, args);
    let holds = parts.iter().all(|part| part.import.checked.ok) && !seams.iter().any(Finding::is_error);
    let mut text: String = parts.iter().map(|part| report(part, args.explain)).collect();
    text.extend(seams.iter().map(data::line));
    if !args.json {
        print(&text)?;
    }
    let mut written = None;
    if holds && let Some(place) = &place {
        let series = parts.iter_mut().map(|part| Some((part.path, part.import.series.take()?))).collect::<Option<Vec<_>>>();
        let (series, dropped) = join(series.unwrap_or_default(), args.dedupe)?;
        let (manifest, lies_at) = write(&series, place, &parts, args)?;
        if !args.json {
            let left_out = if dropped == 0 { String::new() } else { format!(", {} left out", counted(dropped, "equal row")) };
            let name = series.name();
            print(&format!(
                "wrote {}: {}{left_out}; {} says where it comes from\n",
                place.display(),
                counted(series.len() as u64, name.strip_suffix('s').unwrap_or(name)),
                lies_at.display()
            ))?;
        }
        written = Some(manifest);
    } else if !holds && !args.json && place.is_some() {
        print("nothing was written\n")?;
    }
    if args.json {
        let files: Vec<_> = parts.iter().map(|part| as_json(part.path, &part.import.checked)).collect();
        print_json(
            &serde_json::json!({ "ok": holds, "out": written.as_ref().and(place), "manifest": written, "files": files, "seams": seams }),
        )?;
    }
    Ok(holds)
}

/// What is missing between one part and the next. Parts that overlap are judged row by row where they are joined.
fn between(parts: &[Part<'_>], args: &ImportArgs) -> Vec<Finding> {
    let mut spans: Vec<(&Path, (Nanos, Nanos))> = Vec::new();
    for part in parts {
        spans.extend(part.import.checked.first.zip(part.import.checked.last).map(|span| (part.path, span)));
    }
    spans.sort_by_key(|(path, span)| (span.0, *path));
    let calendar = parts[0].import.checked.hours;
    let mut found: Vec<Finding> = seams(&spans, parts[0].import.checked.timeframe, calendar);
    found.retain(|finding| !finding.is_error());
    if args.strict {
        found.iter_mut().for_each(|finding| finding.severity = Severity::Error);
    }
    found
}

fn as_json(path: &Path, checked: &Checked) -> serde_json::Value {
    serde_json::json!({
        "file": path, "ok": checked.ok, "format": checked.format, "explained": checked.explained,
        "rows": checked.rows, "first": checked.first, "last": checked.last, "findings": checked.findings,
    })
}

/// `prices.csv.gz` becomes `prices.parquet` in this folder.
fn default_place(file: &Path) -> PathBuf {
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = name.to_lowercase();
    let ending = [".gz", ".csv", ".tsv", ".txt", ".json", ".parquet"];
    let mut stem = lower.as_str();
    while let Some(shorter) = ending.iter().find_map(|ending| stem.strip_suffix(ending)) {
        stem = shorter;
    }
    PathBuf::from(format!("{}.parquet", name.get(..stem.len()).unwrap_or(stem)))
}

fn check_place(place: &Path, files: &[PathBuf]) -> Result<()> {
    Container::of(place)?;
    let same = |file: &&PathBuf| file.canonicalize().ok().is_some_and(|file| place.canonicalize().is_ok_and(|place| place == file));
    match files.iter().find(same) {
        Some(file) => Err(Error::config("--out", format!("'{}' is one of the files to import; name another", file.display()))),
        None => Ok(()),
    }
}

fn read<'a>(path: &'a Path, args: &ImportArgs) -> Result<Part<'a>> {
    let manifest = Manifest::beside(path)?.unwrap_or_default();
    let options = data::options(path, &args.says, args.symbol.as_deref())?;
    let options = ReadOptions {
        timeframe: args.says.timeframe,
        dedupe: args.dedupe,
        split_adjust: args.split_adjust,
        must_name_zone: true,
        ..options
    };
    let mut import = import(path, &options)?;
    if !manifest.is_of(&import.sha256) {
        import.checked.findings.push(Finding::changed_since_manifest());
    }
    if args.strict {
        import.checked = import.checked.strict();
    }
    let zone = options.zone.or_else(|| import.checked.format.and_then(Format::zone)).unwrap_or_default();
    Ok(Part { path, import, zone: zone.name().to_owned(), manifest })
}

fn report(part: &Part<'_>, explain: bool) -> String {
    let mut told = data::text(part.path, &part.import.checked);
    if explain {
        for line in &part.import.checked.explained {
            told += &format!("  {line}\n");
        }
    }
    told
}

fn write(series: &Series, place: &Path, parts: &[Part<'_>], args: &ImportArgs) -> Result<(Manifest, PathBuf)> {
    let sha256 = series.write(place)?;
    let span = series.span();
    let each = |value: fn(&Part<'_>) -> String| parts.iter().map(value).collect::<Vec<_>>().join(", ");
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let first = &parts[0];
    let manifest = Manifest {
        file: name(place),
        symbol: args.symbol.clone().or_else(|| first.manifest.symbol.clone()),
        timeframe: series.timeframe(),
        zone: Some("UTC".to_owned()),
        price_side: first.manifest.price_side,
        calendar: args.says.calendar.or(first.manifest.calendar),
        format: Some(match Container::of(place)? {
            Container::Parquet => Format::Parquet,
            Container::Csv => Format::Csv,
        }),
        sha256: Some(sha256),
        rows: Some(series.len() as u64),
        first: span.map(|(first, _)| first),
        last: span.map(|(_, last)| last),
        source: Some(each(|part| part.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())),
        source_sha256: Some(each(|part| part.import.sha256.clone())),
        source_format: first.import.checked.format,
        source_zone: Some(first.zone.clone()),
        ..Manifest::default()
    };
    let lies_at = manifest.write_beside(place)?;
    Ok((manifest, lies_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_imported_under_its_own_name() {
        for (file, place) in [("a/EURUSD_M1.csv.gz", "EURUSD_M1.parquet"), ("x.json", "x.parquet"), ("noending", "noending.parquet")] {
            assert_eq!(default_place(Path::new(file)), Path::new(place));
        }
    }
}
