//! How an experiment file is read where its text leaves a choice, and what is said when it is typed wrong.
//!
//! The reader's own messages are written for programmers; here they become what was found, what is expected, and the remedy.

use std::{fmt, path::Path};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error as _, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use super::{
    cost_spec::{FromData, SpreadSpec},
    spec::StrategyChoice,
};
use crate::{
    error::{Error, suggest},
    time::Nanos,
};

/// Names that the plan of the file has and this version does not do.
const PLANNED: [&str; 2] = ["volatility", "kelly"];

impl<'de> Deserialize<'de> for StrategyChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;
        impl<'de> Visitor<'de> for Choice {
            type Value = StrategyChoice;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a strategy's name or file, or [[strategy]] tables")
            }
            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<StrategyChoice, E> {
                Ok(StrategyChoice::One(name.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<StrategyChoice, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(StrategyChoice::Several)
            }
        }
        deserializer.deserialize_any(Choice)
    }
}

impl<'de> Deserialize<'de> for SpreadSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Spread;
        impl Visitor<'_> for Spread {
            type Value = SpreadSpec;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of points, or \"data\"")
            }
            fn visit_f64<E: serde::de::Error>(self, points: f64) -> Result<SpreadSpec, E> {
                Ok(SpreadSpec::Points(points))
            }
            fn visit_i64<E: serde::de::Error>(self, points: i64) -> Result<SpreadSpec, E> {
                Ok(SpreadSpec::Points(points as f64))
            }
            fn visit_u64<E: serde::de::Error>(self, points: u64) -> Result<SpreadSpec, E> {
                Ok(SpreadSpec::Points(points as f64))
            }
            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<SpreadSpec, E> {
                if word == "data" { Ok(SpreadSpec::Named(FromData::Data)) } else { Err(E::unknown_variant(word, &["data"])) }
            }
        }
        deserializer.deserialize_any(Spread)
    }
}

/// A date or moment, in quotes or as TOML's own.
pub(super) fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Nanos>, D::Error> {
    struct Moment;
    impl<'de> Visitor<'de> for Moment {
        type Value = Nanos;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a date such as 2017-03-01")
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Nanos, E> {
            let wrong = || E::custom(format!("'{text}' is neither a date (2017-03-01) nor an RFC 3339 moment"));
            Nanos::parse_date_or_moment(text).ok_or_else(wrong)
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Nanos, A::Error> {
            let date = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
            self.visit_str(&date.to_string()).map_err(|e: A::Error| A::Error::custom(e))
        }
    }
    deserializer.deserialize_any(Moment).map(Some)
}

/// A TOML error with its line and key, in plain words, with the nearest known name for one that is unknown.
pub(super) fn explain(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let message = error.message();
    let at = error.span().map_or(String::new(), |span| place(text, span.start, message.starts_with("unknown field")));
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let problem = match quoted.split_first() {
        Some((typed, known)) if message.starts_with("unknown") => unknown(path, message, typed, known),
        Some((key, _)) if message.starts_with("missing field") => return missing(path, &at, key),
        _ => mistyped(message).unwrap_or_else(|| message.to_owned()),
    };
    Error::config(format!("{}{at}", path.display()), problem)
}

/// The line, and its key unless the message is about that.
fn place(text: &str, start: usize, is_about_key: bool) -> String {
    let line = text[..start].matches('\n').count();
    let key = text.lines().nth(line).and_then(|l| l.split_once('=')).map(|(key, _)| key.trim());
    let is_plain = |key: &&str| !is_about_key && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    format!(", line {}{}", line + 1, key.filter(is_plain).map(|k| format!(", {k}")).unwrap_or_default())
}

fn unknown(path: &Path, message: &str, typed: &str, known: &[&str]) -> String {
    let is_key = message.starts_with("unknown field");
    if PLANNED.contains(&typed) {
        let instead = match known {
            _ if is_key => "name a file with path".to_owned(),
            [one] => format!("use {one}"),
            several => format!("use one of: {}", several.join(", ")),
        };
        return format!("'{typed}' is planned and not built yet; {instead}");
    }
    if ["about", "let", "long", "short", "rules"].contains(&typed) && known.contains(&"walkforward") {
        return format!(
            "'{typed}' is a key of a strategy file, and here is an experiment; to play a strategy: --strategy {}",
            path.display()
        );
    }
    format!("unknown {} '{typed}'{}", if is_key { "key" } else { "value" }, suggest(typed, known.iter().copied()))
}

fn missing(path: &Path, at: &str, key: &str) -> Error {
    let (at, what) = match key {
        "strategy" => ("", "; it names a strategy file, or one of `cthulu-lab strategies list`"),
        "data" => ("", "; name at least one price file, as [[data]] with path = \"FILE\""),
        "path" => (at, "; every [[data]] names its file"),
        "method" | "value" => (at, "; write it as { method = \"risk\", value = 0.01 }"),
        _ => (at, ""),
    };
    Error::config(format!("{}{at}", path.display()), format!("the key '{key}' is missing{what}"))
}

/// `invalid type: string "1", expected f64`, for people.
fn mistyped(message: &str) -> Option<String> {
    if message.starts_with("wanted string") {
        return Some("a word in quotes is expected".to_owned());
    }
    let (found, expected) =
        message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?.rsplit_once(", expected ")?;
    if expected == r#""method" or "value""# {
        return Some(format!("unknown key {}; sizing has method and value", found.trim_start_matches("string ").replace('"', "'")));
    }
    let found = match found.split_once(' ').unwrap_or((found, "")) {
        ("string", text) => format!("{text} is text in quotes"),
        ("integer", number) => format!("{} is a number", number.trim_matches('`')),
        ("floating", number) => format!("{} is a number", number.trim_start_matches("point ").trim_matches('`')),
        ("boolean", value) => format!("{} is a yes or no", value.trim_matches('`')),
        ("map", _) => "this is a table".to_owned(),
        ("sequence", _) => "this is a list".to_owned(),
        _ => format!("this is {found}"),
    };
    let expected = match expected {
        "f64" => "a number",
        "u64" | "usize" | "u32" => "a whole number of 0 or more",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "a sequence" => "a list in [ ]",
        "a map" => "a table",
        other if other.contains("Sizing") => "a table such as { method = \"risk\", value = 0.01 }",
        other if other.starts_with("struct") => "a table",
        other => other,
    };
    Some(format!("{found} where {expected} is expected"))
}
