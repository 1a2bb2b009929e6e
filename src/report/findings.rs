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

/// Positions held over holes in the data, the longest holes first.
pub(super) fn gaps_crossed(count: Option<f64>, longest: &[Value]) -> String {
    let moment = |f: &Value, key: &str| text(f, key).parse().map_or_else(|_| MISSING.to_owned(), format::minute);
    let number = |f: &Value, key: &str| f.get(key).and_then(Value::as_f64).map_or_else(|| MISSING.to_owned(), format::count);
    let row =
        |f: &Value| vec![number(f, "ticket"), escape(text(f, "symbol")), moment(f, "from"), moment(f, "to"), number(f, "missing_bars")];
    let heads = [("Ticket", true), ("Symbol", false), ("Last bar before", false), ("First bar after", false), ("Bars missing", true)];
    let rows: Vec<Vec<String>> = longest.iter().take(SHOWN).map(row).collect();
    let rest = match count.map(|count| count as usize) {
        Some(all) if all > rows.len() => {
            let all = format::count(all as f64);
            format!("<p class=\"note\">The {} longest of {all}; events.jsonl.gz has all, as gap_crossed.</p>\n", rows.len())
        }
        _ => String::new(),
    };
    table("Positions held over gaps in the data", &heads, &rows) + &rest
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
    fn positions_held_over_gaps_stand_with_ticket_and_dates() {
        let held = |ticket: u64| serde_json::json!({"ticket": ticket, "symbol": "<X>", "from": "2024-01-01T05:00:00Z", "to": "2024-01-01T09:00:00Z", "missing_bars": 3});
        let html = gaps_crossed(Some(1.0), &[held(7)]);
        let row = "<td class=\"n\">7</td><td>&lt;X&gt;</td><td>2024-01-01 05:00</td><td>2024-01-01 09:00</td><td class=\"n\">3</td>";
        assert!(html.contains(row) && !html.contains("longest of"), "{html}");
        let many: Vec<Value> = (1..=50).map(held).collect();
        assert!(gaps_crossed(Some(1234.0), &many).contains("The 20 longest of 1,234"));
    }

    #[test]
    fn a_few_findings_stand_as_they_are() {
        let findings = vec![serde_json::json!({"severity": "info", "kind": "gap", "row": 680, "message": "<4> bars"})];
        let html = section(&RunFolder { findings, ..RunFolder::default() });
        assert!(html.contains("&lt;4&gt; bars") && html.contains("680") && !html.contains("details"));
    }
}
