//! A strategy file with other defaults, and where they come from.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::StrategyFile;
use crate::error::{Error, Result};

/// The head of the table that says where a file's defaults come from.
const PROVENANCE: &str = "[provenance]";

/// The text of a strategy file with `values` as the defaults of its parameters and a `[provenance]` table at its end, everything else as it
/// stands, comments included. A provenance that is there already gives way.
///
/// ```
/// use std::collections::BTreeMap;
/// use cthulu_lab::rule::with_defaults;
/// let text = "name = 'x'\nabout = 'y'\n[params]\nn = { default = 10, min = 2, max = 50 } # bars\n[long]\nenter = 'close > sma(close, n)'\n";
/// let provenance = toml::toml! { run = "a1" };
/// let exported = with_defaults(text, "x.toml", &BTreeMap::from([("n".to_owned(), 23.0)]), &provenance).unwrap();
/// assert!(exported.contains("n = { default = 23, min = 2, max = 50 } # bars\n"));
/// assert!(exported.ends_with("[provenance]\nrun = \"a1\"\n"));
/// ```
///
/// # Errors
/// When the text is no strategy file, lacks a parameter, or a value is outside its range; `place` is for messages.
pub fn with_defaults(text: &str, place: &str, values: &BTreeMap<String, f64>, provenance: &toml::Table) -> Result<String> {
    let file = StrategyFile::parse(text, place)?.with_params(values)?;
    let own = text.find(&format!("\n{PROVENANCE}")).map_or(text, |at| &text[..=at]);
    let document = DeTable::parse(own).map_err(|e| Error::config(place, e.message()))?;
    let params = document.get_ref().get("params").and_then(|table| table.get_ref().as_table());
    let span = |name: &str| {
        let written = params?.get(name)?.get_ref().as_table()?.get("default")?;
        matches!(written.get_ref(), DeValue::Integer(_) | DeValue::Float(_)).then(|| written.span())
    };
    let mut changes = Vec::new();
    for name in values.keys() {
        let span = span(name).ok_or_else(|| Error::config(place, format!("[params] {name} has no default that can be replaced")))?;
        changes.push((span, file.values()[name]));
    }
    changes.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
    let mut exported = own.to_owned();
    for (span, value) in changes {
        exported.replace_range(span, &value.to_string());
    }
    let table = toml::to_string(provenance).map_err(|e| Error::Failed(format!("the provenance cannot be written: {e}")))?;
    let exported = format!("{}\n\n{PROVENANCE}\n{table}", exported.trim_end());
    // What is handed out must be readable, whatever was in the file.
    StrategyFile::parse(&exported, place)?;
    Ok(exported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_replaced_where_they_stand_and_an_older_provenance_gives_way() {
        let text = "name = 'x'\nabout = 'y'\n\n[params]\n# how long\nn = { min = 2, max = 50, default = 10, step = 1 }\nk = { default = 2.0 }\n\n\
                    [long]\nenter = 'close > sma(close, n) * k'\n";
        let values = |n: f64, k: f64| BTreeMap::from([("n".to_owned(), n), ("k".to_owned(), k)]);
        let table = |run: &str| toml::Table::from_iter([("run".to_owned(), toml::Value::from(run))]);
        let once = with_defaults(text, "x", &values(7.0, 1.25), &table("a")).unwrap();
        assert_eq!(once, text.replace("default = 10", "default = 7").replace("2.0", "1.25") + "\n[provenance]\nrun = \"a\"\n");
        let twice = with_defaults(&once, "x", &values(8.0, 1.5), &table("b")).unwrap();
        assert!(twice.contains("default = 8") && twice.ends_with("[provenance]\nrun = \"b\"\n") && !twice.contains("\"a\""), "{twice}");
        let file = StrategyFile::parse(&twice, "x").unwrap();
        assert_eq!((file.values()["n"], file.provenance().unwrap()["run"].as_str()), (8.0, Some("b")));
        assert!(with_defaults(text, "x", &values(99.0, 1.0), &table("a")).unwrap_err().to_string().contains("99 is outside 2 to 50"));
    }
}
