//! A strategy file as typed: its sections and keys, tables in the order of the file, and what the TOML parser objects to, in our words.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::parameters::Written;
use crate::error::{Error, nearest};

/// How an entry reaches the market.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OrderWay {
    /// At the next open.
    #[default]
    Market,
    /// At `price` or better.
    Limit,
    /// Once the market reaches `price`.
    Stop,
}

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) loses_when: Option<String>,
    #[serde(default)]
    pub(super) params: InOrder<Written>,
    #[serde(default, rename = "let")]
    pub(super) lets: InOrder<String>,
    pub(super) long: Option<SideText>,
    pub(super) short: Option<SideText>,
    #[serde(default)]
    pub(super) rules: RulesText,
    pub(super) provenance: Option<toml::Table>,
}

/// `[long]` or `[short]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SideText {
    pub(super) enter: String,
    pub(super) exit: Option<String>,
    pub(super) stop_loss: Option<String>,
    pub(super) take_profit: Option<String>,
    pub(super) confidence: Option<String>,
    pub(super) price: Option<String>,
}

/// `[rules]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RulesText {
    pub(super) cooldown_bars: u32,
    pub(super) max_bars: Option<u32>,
    pub(super) order: OrderWay,
    pub(super) trail: Option<TrailText>,
    pub(super) break_even: Option<String>,
}

/// `trail = { … }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrailText {
    pub(super) distance: String,
    pub(super) activate: Option<String>,
}

/// A table's entries in the order of the file, which plain maps lose.
pub(super) struct InOrder<T>(pub(super) Vec<(String, T)>);

impl<T> Default for InOrder<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for InOrder<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = InOrder<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<InOrder<T>, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, Spanned<T>>()? {
                    entries.push((value.span().start, name, value.into_inner()));
                }
                entries.sort_by_key(|(at, ..)| *at);
                Ok(InOrder(entries.into_iter().map(|(_, name, value)| (name, value)).collect()))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// The parser's complaint with its line, and the nearest known key where one is unknown.
pub(super) fn explained(error: &toml::de::Error, text: &str, place: &str) -> Error {
    let line = error.span().map(|span| text.as_bytes().iter().take(span.start).filter(|b| **b == b'\n').count() + 1);
    let at = line.map_or_else(|| place.to_owned(), |line| format!("{place}, line {line}"));
    let message = error.message();
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown field").then(|| quoted.next()).flatten();
    match unknown.map(|typed| (typed, nearest(typed, quoted.clone()))) {
        Some((typed, Some(near))) => Error::config(at, format!("unknown key '{typed}'; did you mean '{near}'?")),
        Some((typed, None)) => Error::config(at, format!("unknown key '{typed}'; known here: {}", quoted.collect::<Vec<_>>().join(", "))),
        None => Error::config(at, message.trim()),
    }
}
