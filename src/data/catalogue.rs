//! The instruments' file: one table per symbol.
//!
//! A copy is compiled in, so the command works in any folder; a user's own `datasets/instruments.toml` comes first.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use crate::{
    error::{Error, Result},
    market::Instrument,
};

const BUILTIN: &str = include_str!("../../datasets/instruments.toml");

/// Instruments by symbol.
///
/// ```
/// use cthulu_lab::data::Instruments;
/// assert_eq!(Instruments::builtin().get("EURUSD").unwrap().contract_size, 100_000.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Instruments(BTreeMap<String, Instrument>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    instrument: Vec<Instrument>,
}

impl Instruments {
    /// Reads an instruments file.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Config`] naming the symbol and field that are wrong.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::io(path, "cannot read", source))?;
        Self::parse(&text).map_err(|problem| Error::config(path.display().to_string(), problem))
    }

    /// Those of `datasets/instruments.toml` here, which a user may edit; where there is no such file, those that ship with the program.
    ///
    /// # Errors
    /// As [`Instruments::load`].
    pub fn at_hand() -> Result<Self> {
        let file = Path::new("datasets/instruments.toml");
        if file.is_file() { Self::load(file) } else { Ok(Self::builtin()) }
    }

    /// The instruments that ship with the program.
    #[must_use]
    pub fn builtin() -> Self {
        Self::parse(BUILTIN).expect("the shipped instruments are valid; a test reads them")
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|e| e.to_string())?;
        let mut found = BTreeMap::new();
        for instrument in file.instrument {
            instrument.check().map_err(|problem| format!("{}: {problem}", instrument.symbol))?;
            if let Some(twice) = found.insert(instrument.symbol.clone(), instrument) {
                return Err(format!("{} stands twice", twice.symbol));
            }
        }
        Ok(Self(found))
    }

    /// The instrument called `symbol`, exactly as written.
    #[must_use]
    pub fn get(&self, symbol: &str) -> Option<&Instrument> {
        self.0.get(symbol)
    }

    /// All symbols in alphabetical order.
    pub fn symbols(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Calendar;

    #[test]
    fn the_shipped_instruments_are_valid() {
        let all = Instruments::builtin();
        assert_eq!(all.get("XAUUSD").unwrap().contract_size, 100.0);
        assert_eq!(all.get("USDJPY").unwrap().point, Some(0.001));
        assert_eq!(all.get("SPX").unwrap().calendar, Calendar::US_EQUITY);
        assert_eq!(all.get("BTCUSD").unwrap().calendar, Calendar::RoundTheClock);
        assert!(all.get("eurusd").is_none());
        assert!(all.symbols().count() >= 18);
    }

    #[test]
    fn mistakes_name_the_symbol() {
        let wrong = "[[instrument]]\nsymbol = \"X\"\ncontract_size = 0.0\n";
        assert_eq!(Instruments::parse(wrong).unwrap_err(), "X: contract_size must be above 0, not 0");
        let twice = "[[instrument]]\nsymbol = \"X\"\ncontract_size = 1.0\n".repeat(2);
        assert_eq!(Instruments::parse(&twice).unwrap_err(), "X stands twice");
        assert!(
            Instruments::parse("[[instrument]]\nsymbol = \"X\"\ncontract_size = 1.0\ncontract = 2\n").unwrap_err().contains("contract")
        );
    }
}
