//! Strategies that ship with the program, by name.

use std::{fs, path::Path};

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

/// The text of a strategy, and what to call it in messages: a file where one is named, then `strategies/NAME.toml`, then the catalogue.
///
/// # Errors
/// When there is neither; the message has the nearest known name.
pub fn strategy_text(choice: &str) -> Result<(String, String)> {
    let named = format!("strategies/{choice}.toml");
    for path in [choice, named.as_str()] {
        if path.ends_with(".toml") && Path::new(path).is_file() {
            let text = fs::read_to_string(path).map_err(|e| Error::config(path, format!("cannot be read: {e}")))?;
            return Ok((text, path.to_owned()));
        }
    }
    if let Some((_, text)) = STRATEGIES.iter().find(|(name, _)| *name == choice) {
        return Ok(((*text).to_owned(), named));
    }
    if choice.ends_with(".toml") {
        return Err(Error::config(choice, "no such strategy file"));
    }
    Err(Error::config("strategy", format!("there is no strategy '{choice}'{}", suggest(choice, STRATEGIES.iter().map(|(name, _)| *name)))))
}
