//! Strategies by name: those that ship with the program, and those under `strategies/`, which come first.

use std::{collections::BTreeMap, fs, path::Path};

use crate::error::{Error, Result, suggest};

/// Name and text of every shipped strategy, in alphabetical order.
pub const STRATEGIES: &[(&str, &str)] = &[
    ("ema_crossover", include_str!("../../strategies/ema_crossover.toml")),
    ("mean_reversion", include_str!("../../strategies/mean_reversion.toml")),
    ("momentum_breakout", include_str!("../../strategies/momentum_breakout.toml")),
    ("rsi_reversal", include_str!("../../strategies/rsi_reversal.toml")),
    ("scalping", include_str!("../../strategies/scalping.toml")),
    ("sma_crossover", include_str!("../../strategies/sma_crossover.toml")),
    ("trend_following", include_str!("../../strategies/trend_following.toml")),
];

/// Where users keep theirs.
const FOLDER: &str = "strategies";

/// Every strategy at hand by name, with where it stands: its file, or `shipped`.
#[must_use]
pub fn catalogue() -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = STRATEGIES.iter().map(|(name, _)| ((*name).to_owned(), "shipped".to_owned())).collect();
    for entry in fs::read_dir(FOLDER).into_iter().flatten().flatten() {
        let path = entry.path();
        if let (Some(stem), Some("toml")) = (path.file_stem().and_then(|s| s.to_str()), path.extension().and_then(|e| e.to_str())) {
            found.insert(stem.to_owned(), path.display().to_string());
        }
    }
    found
}

/// The text of a strategy, and what to call it in messages: a file where one is named, then `strategies/NAME.toml`, then what ships.
///
/// # Errors
/// When there is neither; the message has the nearest known name.
pub fn strategy_text(choice: &str) -> Result<(String, String)> {
    let named = format!("{FOLDER}/{choice}.toml");
    for path in [choice, named.as_str()] {
        if path.ends_with(".toml") && Path::new(path).is_file() {
            let text = fs::read_to_string(path).map_err(|e| Error::io(path, "cannot read", e))?;
            return Ok((text, path.to_owned()));
        }
    }
    if let Some((_, text)) = STRATEGIES.iter().find(|(name, _)| *name == choice) {
        return Ok(((*text).to_owned(), named));
    }
    let known = catalogue();
    let names = known.keys().map(String::as_str);
    if choice.ends_with(".toml") || choice.contains(['/', '\\']) {
        let stem = Path::new(choice).file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        return Err(Error::config(choice, format!("there is no such strategy file{}", suggest(stem, names))));
    }
    Err(Error::config("strategy", format!("there is no strategy '{choice}'{}", suggest(choice, names))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_gets_the_nearest() {
        assert!(strategy_text("rsi_reversl").unwrap_err().to_string().ends_with("did you mean 'rsi_reversal'?"));
        assert!(strategy_text("elsewhere/sma_crosover.toml").unwrap_err().to_string().ends_with("did you mean 'sma_crossover'?"));
    }

    #[test]
    fn every_shipped_strategy_is_in_the_catalogue() {
        let known = catalogue();
        assert!(STRATEGIES.iter().all(|(name, _)| known.contains_key(*name)));
    }
}
