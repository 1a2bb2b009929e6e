//! The last part of the page: what exactly was run, and how to run it again.

use super::format::{self, MISSING, escape};
use super::run::{RunFolder, at};
use super::tables::table;
use serde_json::Value;

/// Versions, hashes, data files, the experiment as checked, and the command.
pub(super) fn section(run: &RunFolder) -> String {
    identity(run) + &data(run) + &strategies(run) + &counts(run) + &experiment(run)
}

fn cell(tree: &Value, path: &str) -> String {
    match at(tree, path) {
        Some(Value::String(text)) => escape(text),
        Some(Value::Number(number)) => escape(&number.to_string()),
        Some(Value::Bool(truth)) => truth.to_string(),
        _ => MISSING.to_owned(),
    }
}

fn identity(run: &RunFolder) -> String {
    let keys = [
        ("Run", "id"),
        ("Kind", "kind"),
        ("cthulu-lab", "manifest.version"),
        ("Git commit", "manifest.git_commit"),
        ("Cargo.lock, SHA-256", "manifest.lockfile_sha256"),
        ("Seed", "manifest.seed"),
        ("Event log, SHA-256", "event_log_sha256"),
    ];
    let rows: Vec<Vec<String>> =
        keys.iter().map(|(name, path)| vec![(*name).to_owned(), format!("<code>{}</code>", cell(&run.run, path))]).collect();
    table("What was run", &[("What", false), ("Value", false)], &rows)
}

fn data(run: &RunFolder) -> String {
    let files = run.list("manifest.data");
    if files.is_empty() {
        return String::new();
    }
    let day = |file: &Value, key: &str| {
        at(file, key).and_then(Value::as_str).map_or_else(|| MISSING.to_owned(), |t| escape(&format::date_text(t)))
    };
    let row = |file: &Value| {
        let rows = at(file, "rows").and_then(Value::as_f64).map_or_else(|| MISSING.to_owned(), format::count);
        let mut cells =
            vec![cell(file, "path"), cell(file, "symbol"), cell(file, "timeframe"), rows, day(file, "first"), day(file, "last")];
        cells.extend([cell(file, "zone"), cell(file, "price_side"), format!("<code>{}</code>", cell(file, "sha256"))]);
        cells
    };
    let rows: Vec<Vec<String>> = files.iter().map(row).collect();
    let heads = [("Data file", false), ("Symbol", false), ("Timeframe", false), ("Rows", true), ("First", false), ("Last", false)];
    let more = [("Zone", false), ("Price side", false), ("SHA-256", false)];
    table("Data files", &[heads.as_slice(), more.as_slice()].concat(), &rows)
}

fn strategies(run: &RunFolder) -> String {
    let placed = run.list("manifest.strategies");
    if placed.is_empty() {
        return String::new();
    }
    let row = |strategy: &Value| {
        vec![
            cell(strategy, "name"),
            cell(strategy, "symbol"),
            at(strategy, "weight").and_then(Value::as_f64).map_or_else(|| MISSING.to_owned(), format::two),
            escape(&params(strategy)),
        ]
    };
    let heads = [("Strategy", false), ("Symbol", false), ("Weight", true), ("Parameters", false)];
    table("Strategies", &heads, &placed.iter().map(row).collect::<Vec<_>>())
}

/// The parameters of a strategy of the manifest, as "fast 10, slow 30".
pub(super) fn params(strategy: &Value) -> String {
    let params = at(strategy, "params").and_then(Value::as_object);
    let pairs = params.into_iter().flatten().filter_map(|(name, value)| Some(format!("{name} {}", value.as_f64()?)));
    let text = pairs.collect::<Vec<_>>().join(", ");
    if text.is_empty() { MISSING.to_owned() } else { text }
}

/// What is counted, in the order in which it happens, and in words where the key says too little.
const COUNTED: [(&str, &str); 11] = [
    ("signals", "Signals"),
    ("refused", "Refused by sizing or risk"),
    ("orders", "Orders"),
    ("rejected", "Rejected by the broker"),
    ("cancelled", "Cancelled"),
    ("fills", "Fills"),
    ("trades", "Closed trades"),
    ("open_positions", "Positions open at the end"),
    ("risk_limits", "Risk limits hit"),
    ("ambiguous_bars", "Ambiguous bars: stop and target both within reach, resolved against the trade"),
    ("events", "Events of all kinds"),
];

fn counts(run: &RunFolder) -> String {
    let Some(counts) = at(&run.run, "counts").and_then(Value::as_object) else { return String::new() };
    let known = |key: &str| COUNTED.iter().position(|(known, _)| *known == key);
    let mut keys: Vec<&String> = counts.keys().collect();
    keys.sort_by_key(|key| known(key).unwrap_or(COUNTED.len()));
    let row = |key: &String| {
        let name = known(key).map_or_else(|| escape(&key.replace('_', " ")), |i| COUNTED[i].1.to_owned());
        vec![name, counts[key].as_f64().map_or_else(|| MISSING.to_owned(), format::count)]
    };
    table("Counted events", &[("Counted", false), ("Number", true)], &keys.into_iter().map(row).collect::<Vec<_>>())
}

fn experiment(run: &RunFolder) -> String {
    let command = match (run.text("kind"), run.number("paths")) {
        (Some("sweep"), _) => "sweep EXPERIMENT.toml".to_owned(),
        (Some("walkforward"), _) => "walkforward EXPERIMENT.toml".to_owned(),
        (Some("monte_carlo"), Some(paths)) => format!("data synth --experiment EXPERIMENT.toml --paths {}", paths as u64),
        _ => "backtest EXPERIMENT.toml".to_owned(),
    };
    let how = format!(
        "<p>To run it again, save the experiment below as <code>EXPERIMENT.toml</code> beside the same data files, check out the \
         commit, and ask the same question; the same version gives the same run id and the same bytes of <code>run.json</code>:</p>\n\
         <pre class=\"command\"><code>cthulu-lab {command}</code></pre>\n"
    );
    let Some(spec) = at(&run.run, "manifest.spec") else { return String::new() };
    let text = toml_of(spec).unwrap_or_else(|| serde_json::to_string_pretty(spec).unwrap_or_default());
    format!(
        "<h3>The same question again</h3>\n{how}<details open><summary>The experiment as checked</summary>\n<pre tabindex=\"0\"><code>{}</code></pre></details>\n",
        escape(&text)
    )
}

/// The tree as TOML; nulls, which TOML lacks, are left out.
fn toml_of(spec: &Value) -> Option<String> {
    toml::to_string(&without_nulls(spec)).ok()
}

fn without_nulls(tree: &Value) -> Value {
    match tree {
        Value::Object(map) => {
            map.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), without_nulls(v))).collect::<serde_json::Map<_, _>>().into()
        }
        Value::Array(list) => list.iter().filter(|v| !v.is_null()).map(without_nulls).collect::<Vec<_>>().into(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_in_the_order_in_which_things_happen() {
        let run = serde_json::json!({"counts": {"ambiguous_bars": 3, "fills": 61, "novel_thing": 1, "orders": 31, "signals": 40}});
        let html = counts(&RunFolder { run, ..RunFolder::default() });
        let places: Vec<usize> = ["Signals", "Orders", "Fills", "Ambiguous", "novel thing"].iter().filter_map(|t| html.find(t)).collect();
        assert!(places.len() == 5 && places.is_sorted(), "{html}");
    }

    #[test]
    fn parameters_are_named_with_their_values() {
        let strategy = serde_json::json!({"params": {"fast": 10.0, "stop_atr": 1.5}});
        assert_eq!(params(&strategy), "fast 10, stop_atr 1.5");
        assert_eq!(params(&Value::Null), "–");
    }

    #[test]
    fn the_experiment_prints_as_toml_without_nulls() {
        let spec: Value = serde_json::from_str(r#"{"account":{"cash":1.0,"x":null},"name":"a","seed":7}"#).unwrap();
        let text = toml_of(&spec).unwrap();
        assert_eq!(text.parse::<toml::Table>().unwrap()["seed"].as_integer(), Some(7), "{text}");
        assert!(!text.contains('x'));
    }
}
