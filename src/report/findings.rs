//! What the data check found: what matters first, how often each kind came, and the first single rows.

use super::format::{self, MISSING, escape};
use super::run::RunFolder;
use super::tables::{absent, table};
use serde_json::Value;
use std::collections::BTreeMap;

/// How many single findings the page shows.
const SHOWN: usize = 20;
/// Of so few there is nothing to sum up.
const FEW: usize = 5;

/// The section's body.
pub(super) fn section(run: &RunFolder) -> String {
    if run.findings.is_empty() {
        return absent("The data check found nothing to report.");
    }
    let (minor, grave): (Vec<&Value>, Vec<&Value>) = run.findings.iter().partition(|f| text(f, "severity") == "info");
    let grave = if grave.is_empty() { String::new() } else { rows("Data findings that matter", &grave) };
    let minor = match minor.len() {
        0 => String::new(),
        n if n <= FEW => rows("Data findings", &minor),
        n => {
            let shown = &minor[..n.min(SHOWN)];
            let what = if n > SHOWN { format!("The first {SHOWN} of {n}; all are in findings.json") } else { format!("All {n}") };
            let kinds = if grave.is_empty() { by_kind(&minor) } else { String::new() };
            format!("{kinds}<details><summary>{what}</summary>\n{}</details>\n", rows("Data findings", shown))
        }
    };
    grave + &minor
}

fn text<'a>(finding: &'a Value, key: &str) -> &'a str {
    finding.get(key).and_then(Value::as_str).unwrap_or("")
}

fn by_kind(findings: &[&Value]) -> String {
    let mut kinds: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for finding in findings {
        kinds.entry(text(finding, "kind")).or_insert((0, text(finding, "message"))).0 += 1;
    }
    let row =
        |(kind, (count, first)): (&str, (usize, &str))| vec![escape(kind), format::count(count as f64), escape(&format::typeset(first))];
    table(
        "Data findings by kind",
        &[("Kind", false), ("Number", true), ("The first", false)],
        &kinds.into_iter().map(row).collect::<Vec<_>>(),
    )
}

fn rows(caption: &str, findings: &[&Value]) -> String {
    let cell = |f: &Value, key: &str| match f.get(key) {
        Some(Value::String(text)) if key == "message" => escape(&format::typeset(text)),
        Some(Value::String(text)) => escape(text),
        Some(Value::Number(n)) => escape(&n.to_string()),
        Some(Value::Bool(b)) => b.to_string(),
        _ => MISSING.to_owned(),
    };
    let keys = ["severity", "kind", "message", "row", "column"];
    let rows: Vec<Vec<String>> = findings.iter().map(|f| keys.iter().map(|k| cell(f, k)).collect()).collect();
    table(caption, &[("Severity", false), ("Kind", false), ("Message", false), ("Row", true), ("Column", false)], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_gaps_are_summed_up_and_warnings_come_first() {
        let gap = |row: u64| serde_json::json!({"severity": "info", "kind": "gap", "row": row, "message": "4 bars missing"});
        let mut findings: Vec<Value> = (0..1000).map(gap).collect();
        let html = |findings: Vec<Value>| section(&RunFolder { findings, ..RunFolder::default() });
        let quiet = html(findings.clone());
        assert!(quiet.contains("<td>gap</td><td class=\"n\">1,000</td>") && quiet.matches("4 bars missing").count() == 1 + SHOWN);
        findings.push(serde_json::json!({"severity": "warning", "kind": "gaps", "message": "12522 bars are missing"}));
        let grave = html(findings);
        assert!(grave.find("12,522 bars").unwrap() < grave.find("4 bars missing").unwrap());
    }

    #[test]
    fn a_few_findings_stand_as_they_are() {
        let findings = vec![serde_json::json!({"severity": "info", "kind": "gap", "row": 680, "message": "<4> bars"})];
        let html = section(&RunFolder { findings, ..RunFolder::default() });
        assert!(html.contains("&lt;4&gt; bars") && html.contains("680") && !html.contains("details"));
    }
}
