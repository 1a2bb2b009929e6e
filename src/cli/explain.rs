//! `cthulu-lab explain`: what a metric means, and what it is in a run.

use std::path::Path;

use serde_json::Value;

use super::{args::ExplainArgs, print, run_json, stats::plain, table};
use crate::{
    error::{Error, Result, suggest},
    stats::explain::{EXPLAIN, MetricInfo, explain},
};

pub(super) fn run(args: &ExplainArgs) -> Result<()> {
    let Some(key) = &args.metric else { return print(&list()) };
    let Some(info) = explain(key) else {
        let problem = format!("there is no metric '{key}'{}", suggest(key, EXPLAIN.iter().map(|m| m.key)));
        return Err(Error::config("METRIC", problem));
    };
    let mut text = words(info);
    if let Some(run) = &args.run {
        text += &in_run(run, info.key)?;
    }
    print(&text)
}

fn list() -> String {
    let rows: Vec<Vec<String>> = EXPLAIN.iter().map(|m| vec![m.key.to_owned(), m.name.to_owned(), m.unit.to_owned()]).collect();
    table(&rows)
}

fn words(info: &MetricInfo) -> String {
    let rows = [
        ("Formula", info.formula),
        ("Unit", info.unit),
        ("Reading", info.good),
        ("Null when", info.undefined_when),
        ("Source", info.source),
    ];
    let rows: Vec<Vec<String>> = rows.iter().map(|(label, text)| vec![(*label).to_owned(), (*text).to_owned()]).collect();
    format!("{} ({})\n\n{}", info.name, info.key, table(&rows))
}

/// The metric's value in a run, and its interval where the run has one.
fn in_run(run: &Path, key: &str) -> Result<String> {
    let run = run_json(run)?;
    let name = run["id"].as_str().unwrap_or("this run");
    let value = match &run["metrics"][key] {
        Value::Null => "undefined".to_owned(),
        value => value.as_f64().map_or_else(|| value.to_string(), plain),
    };
    let interval = &run["intervals"][key];
    let range = match (interval["low"].as_f64(), interval["high"].as_f64(), interval["level"].as_f64()) {
        (Some(low), Some(high), Some(level)) => format!(", {:.0} % interval {} to {}", level * 100.0, plain(low), plain(high)),
        _ => String::new(),
    };
    Ok(format!("\nIn {name}: {value}{range}\n"))
}
