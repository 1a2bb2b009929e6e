//! `cthulu-lab data list`: what a folder of price files holds.

use super::{args::ListArgs, print, print_json, table};
use crate::{
    data::{Finding, Instruments, Listed, Severity, list},
    error::Result,
};

/// Findings shown to a person; `--json` has them all.
const SHOWN: usize = 30;

/// Whether every file is sound and none overlaps another.
pub(super) fn run(args: &ListArgs) -> Result<bool> {
    let known = Instruments::at_hand()?;
    let listed = list(&args.folder, |path, symbol| {
        let symbol = known.get(symbol).map(|_| symbol);
        super::data::options(path, &args.says, symbol)
    })?;
    if args.json {
        print_json(&serde_json::json!({ "ok": is_ok(&listed), "series": listed }))?;
    } else {
        print(&text(&listed))?;
    }
    Ok(is_ok(&listed))
}

fn is_ok(listed: &[Listed]) -> bool {
    listed.iter().all(|series| series.ok)
}

fn text(listed: &[Listed]) -> String {
    let head = ["symbol", "bars", "files", "rows", "first", "last", "errors", "warnings"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for series in listed {
        let count = |severity| series.files.iter().flat_map(|file| &file.findings).filter(|f| f.severity == severity).count().to_string();
        let moment = |at: Option<crate::time::Nanos>| at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        rows.push(vec![
            series.symbol.clone(),
            series.timeframe.map_or_else(|| "ticks".to_owned(), |timeframe| timeframe.to_string()),
            series.files.len().to_string(),
            series.rows.to_string(),
            moment(series.first),
            moment(series.last),
            count(Severity::Error),
            count(Severity::Warning),
        ]);
    }
    let told: Vec<String> = listed.iter().flat_map(|series| &series.files).flat_map(lines).collect();
    let mut text = table(&rows);
    told.iter().take(SHOWN).for_each(|line| text += line);
    if told.len() > SHOWN {
        text += &format!("and {} more; --json lists them\n", told.len() - SHOWN);
    }
    text
}

/// Errors and warnings of one file.
fn lines(file: &crate::data::ListedFile) -> Vec<String> {
    let line = |finding: &Finding| {
        let severity = if finding.is_error() { "error" } else { "warning" };
        let row = finding.row.map_or_else(String::new, |row| format!(", row {row}"));
        format!("{severity:<8} {}{row}: {}: {}\n", file.path.display(), finding.kind, finding.message)
    };
    file.findings.iter().filter(|finding| finding.severity != Severity::Info).map(line).collect()
}
