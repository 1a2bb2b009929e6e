//! `cthulu-lab strategies`: which there are, and what one does.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{COLUMNS, args::StrategiesCommand, print, print_json, table, wrapped};
use crate::{
    error::Result,
    rule::{Parameter, StrategyFile},
    strategy::{catalogue, strategy_text},
};

pub(super) fn run(command: &StrategiesCommand) -> Result<()> {
    match command {
        StrategiesCommand::List { json } => list(*json),
        StrategiesCommand::Show { strategy, json } => show(strategy, *json),
    }
}

fn list(as_json: bool) -> Result<()> {
    let mut found = Vec::new();
    for (name, place) in catalogue() {
        let (text, at) = strategy_text(&name)?;
        // One broken file must not hide the others.
        let about = StrategyFile::parse(&text, &at).map_or_else(|e| format!("cannot be used: {e}"), |file| file.about().to_owned());
        found.push((name, place, about));
    }
    if as_json {
        let rows: Vec<Value> = found.iter().map(|(name, place, about)| json!({ "name": name, "place": place, "about": about })).collect();
        return print_json(&json!(rows));
    }
    let longest = found.iter().map(|(name, ..)| name.chars().count()).max().unwrap_or(0);
    let rows: Vec<Vec<String>> = found
        .iter()
        .flat_map(|(name, _, about)| {
            let names = std::iter::once(name.clone()).chain(std::iter::repeat(String::new()));
            names.zip(wrapped(about, COLUMNS.saturating_sub(longest + 2))).map(|(name, line)| vec![name, line])
        })
        .collect();
    print(&(table(&rows) + "\ncthulu-lab strategies show NAME prints one with its parameters.\n"))
}

fn show(choice: &str, as_json: bool) -> Result<()> {
    let (text, place) = strategy_text(choice)?;
    let file = StrategyFile::parse(&text, &place)?;
    if as_json {
        return print_json(&json!({
            "name": file.name(), "about": file.about(), "loses_when": file.loses_when(), "place": place,
            "params": file.parameters().iter().map(parameter_json).collect::<Vec<_>>(), "text": text,
        }));
    }
    let mut shown = format!("{}\n\n{}\n", file.name(), file.about());
    if let Some(loses) = file.loses_when() {
        writeln!(shown, "Loses when: {loses}").expect("a string can be written");
    }
    if !file.parameters().is_empty() {
        let head = ["parameter", "default", "from", "to", "step"].map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> = std::iter::once(head).chain(file.parameters().iter().map(parameter_row)).collect();
        write!(shown, "\n{}", table(&rows)).expect("a string can be written");
    }
    print(&format!("{shown}\n{place}:\n\n{text}"))
}

fn parameter_row(p: &Parameter) -> Vec<String> {
    let or_dash = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
    vec![p.name.clone(), p.default.to_string(), or_dash(p.min), or_dash(p.max), or_dash(p.step)]
}

fn parameter_json(p: &Parameter) -> Value {
    json!({ "name": p.name, "default": p.default, "min": p.min, "max": p.max, "step": p.step, "log": p.log, "values": p.values })
}
