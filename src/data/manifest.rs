//! What stands beside a price file: `NAME.manifest.toml`, which says what the file cannot.
//!
//! A manifest answers what nobody named: the symbol, the zone, the order of dates, the side of the prices. What is named by hand wins.
//! It belongs to the one file it names, and to those very bytes: a file that has changed since is told by [`Manifest::is_of`].

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::DateOrder;
use crate::{
    error::{Error, Result},
    market::PriceSide,
    time::{Nanos, Timeframe},
};

/// The part of a manifest that a reader needs; the rest (source, licence, notes) is for people.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Manifest {
    /// Name of the file it describes.
    pub file: String,
    /// What the file prices.
    pub symbol: Option<String>,
    /// Length of a bar.
    pub timeframe: Option<Timeframe>,
    /// Clock of times without an offset.
    pub zone: Option<String>,
    /// What dates start with.
    pub date_order: Option<DateOrder>,
    /// What the one price is.
    pub price_side: Option<PriceSide>,
    /// Hex SHA-256 of the file as stored.
    pub sha256: Option<String>,
    /// Time of the first row.
    pub first: Option<Nanos>,
    /// Time of the last row.
    pub last: Option<Nanos>,
}

impl Manifest {
    /// The manifest that lies beside a price file; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Config`] when it is no manifest or names another file.
    pub fn beside(file: &Path) -> Result<Option<Self>> {
        let (Some(name), path) = (file.file_name().and_then(|n| n.to_str()), manifest_path(file)) else { return Ok(None) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(path, "cannot read", e)),
        };
        let place = path.display().to_string();
        let manifest: Self = toml::from_str(&text).map_err(|e| Error::config(&place, e.message()))?;
        if manifest.file != name {
            return Err(Error::config(place, format!("describes '{}', but lies beside '{name}'; rename one of them", manifest.file)));
        }
        Ok(Some(manifest))
    }

    /// Whether it describes a file with this hash; one without a hash describes any.
    #[must_use]
    pub fn is_of(&self, sha256: &str) -> bool {
        self.sha256.as_ref().is_none_or(|own| own == sha256)
    }
}

/// `prices.csv.gz` is described by `prices.manifest.toml`.
fn manifest_path(file: &Path) -> PathBuf {
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
    file.with_file_name(format!("{stem}.manifest.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_files_say_what_they_are() {
        let manifest = Manifest::beside(Path::new("datasets/eurusd_h1_2017.csv.gz")).unwrap().unwrap();
        assert_eq!((manifest.symbol.as_deref(), manifest.zone.as_deref()), (Some("EURUSD"), Some("UTC")));
        assert_eq!((manifest.date_order, manifest.price_side), (Some(DateOrder::Dmy), Some(PriceSide::Ask)));
        assert!(!manifest.is_of("00"));
    }

    #[test]
    fn a_file_without_one_is_on_its_own() {
        assert_eq!(Manifest::beside(Path::new("datasets/nothing.csv")).unwrap(), None);
    }

    #[test]
    fn a_manifest_of_another_file_is_refused() {
        let problem = Manifest::beside(Path::new("datasets/sp500_d1.parquet")).unwrap_err().to_string();
        assert!(problem.contains("describes 'sp500_d1.csv.gz', but lies beside 'sp500_d1.parquet'"), "{problem}");
    }
}
