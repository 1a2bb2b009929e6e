//! A module imports only from floors below its own.

use std::{collections::BTreeMap, fs, path::Path};

const FLOORS: &[&[&str]] = &[
    &["time", "seed", "error"],
    &["market", "stats"],
    &["indicator", "portfolio", "data", "fold"],
    &["event", "rule", "model"],
    &[],
    &["strategy", "broker", "feed", "risk", "bus"],
    &["engine", "search"],
    &["walk"],
    &["experiment"],
    &["report"],
    &["cli"],
];

/// Top-level modules named through `crate::`, whether in a path or in a braced, possibly wrapped, list.
fn imports(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let Some(list) = rest.strip_prefix('{') else {
            names.push(first_word(rest));
            continue;
        };
        let (mut depth, mut start) = (1, 0);
        for (i, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && c == ',') {
                names.push(first_word(&list[start..i]));
                start = i + 1;
            }
            if depth == 0 {
                break;
            }
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn first_word(path: &str) -> &str {
    let path = path.trim_start();
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    &path[..end]
}

/// Every Rust file below `dir`, without its test module.
fn sources(dir: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("run from the package root") {
        let path = entry.expect("readable folder").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("readable source");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            found.push((path.display().to_string(), code.to_owned()));
        }
    }
    found
}

#[test]
fn imports_point_down() {
    let floor_of: BTreeMap<&str, usize> = (0..).zip(FLOORS).flat_map(|(n, row)| row.iter().map(move |name| (*name, n))).collect();
    let mut wrong = Vec::new();
    for (path, text) in sources(Path::new("src")) {
        let module = first_word(&path["src/".len()..]);
        if ["lib", "main"].contains(&module) {
            continue;
        }
        let own = *floor_of.get(module).unwrap_or_else(|| panic!("{path} has no floor"));
        for name in imports(&text).into_iter().filter(|name| *name != module) {
            if floor_of.get(name).is_some_and(|floor| *floor >= own) {
                wrong.push(format!("{path} on floor {own} imports {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_read() {
    assert_eq!(imports("use crate::engine as _;"), ["engine"]);
    assert_eq!(imports("use crate::{market::{Bar, Fill}, time::Nanos};"), ["market", "time"]);
    assert_eq!(imports("use crate::{\n    broker::Broker,\n    event::{Event, Market},\n};"), ["broker", "event"]);
    assert_eq!(imports("    crate::data::load(path)?;"), ["data"]);
}
