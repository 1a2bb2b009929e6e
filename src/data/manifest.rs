//! What stands beside a price file: `NAME.manifest.toml`, which says what the file cannot.
//!
//! A manifest answers what nobody named: the symbol, the zone, the order of dates, the side of the prices. What is named by hand wins.
//! It belongs to the one file it names, and to those very bytes: a file that has changed since is told by [`Manifest::is_of`].

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{DateOrder, Format, write::write_text};
use crate::{
    error::{Error, Result},
    market::{Calendar, PriceSide},
    time::{Nanos, Timeframe},
};

/// The part of a manifest that a reader needs, and what an import adds to it; the rest (licence, notes) is for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manifest {
    /// Name of the file it describes.
    pub file: String,
    /// What the file prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// Length of a bar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeframe: Option<Timeframe>,
    /// Clock of times without an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What dates start with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
    /// What the one price is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_side: Option<PriceSide>,
    /// Hours of its market, where they are not its instrument's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Calendar>,
    /// How the file is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Hex SHA-256 of the file as stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Time of the first row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Nanos>,
    /// Time of the last row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Nanos>,
    /// The files it was imported from, joined by `, `; for a file from elsewhere, whatever its owner says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Hex SHA-256 of each of these as stored, joined alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_sha256: Option<String>,
    /// How these were written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_format: Option<Format>,
    /// The clock of their times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_zone: Option<String>,
}

impl Manifest {
    /// The manifest that lies beside a price file; `None` where there is none. One that describes a neighbour of nearly the same name,
    /// as `prices.csv` beside an imported `prices.parquet`, is not this file's.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Config`] when it is no manifest or names a file that is not there.
    pub fn beside(file: &Path) -> Result<Option<Self>> {
        let Some(name) = file.file_name().and_then(|n| n.to_str()) else { return Ok(None) };
        for path in places(file) {
            let Some(manifest) = read(&path)? else { continue };
            if manifest.file == name {
                return Ok(Some(manifest));
            }
            if !file.with_file_name(&manifest.file).exists() {
                let problem = format!("describes '{}', but lies beside '{name}'; rename one of them", manifest.file);
                return Err(Error::config(path.display().to_string(), problem));
            }
        }
        Ok(None)
    }

    /// Writes it beside the file it describes, and nowhere over the manifest of a neighbour; where it lies then.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be written.
    pub fn write_beside(&self, file: &Path) -> Result<PathBuf> {
        let path = Self::place_beside(file);
        let text = toml::to_string(self).map_err(|e| Error::Failed(format!("the manifest cannot be spelled out: {e}")))?;
        write_text(&path, &format!("# Written by an import: what the file beside it is and where it comes from.\n{text}"))?;
        Ok(path)
    }

    /// Where the manifest of a file is to be written: under the short name, or the long one where a neighbour has that.
    #[must_use]
    pub fn place_beside(file: &Path) -> PathBuf {
        let own = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let [short, long] = places(file);
        let is_a_neighbours = read(&short).is_ok_and(|there| {
            there.is_some_and(|there| there.file != own && !there.file.is_empty() && file.with_file_name(&there.file).exists())
        });
        if is_a_neighbours { long } else { short }
    }

    /// Whether it describes a file with this hash; one without a hash describes any.
    #[must_use]
    pub fn is_of(&self, sha256: &str) -> bool {
        self.sha256.as_ref().is_none_or(|own| own == sha256)
    }
}

fn read(path: &Path) -> Result<Option<Manifest>> {
    match std::fs::read_to_string(path) {
        Ok(text) => toml::from_str(&text).map(Some).map_err(|e| Error::config(path.display().to_string(), e.message())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io(path, "cannot read", e)),
    }
}

/// `prices.csv.gz` is described by `prices.manifest.toml`, or by `prices.csv.gz.manifest.toml` where a neighbour has the short name.
fn places(file: &Path) -> [PathBuf; 2] {
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
    [stem, &name].map(|name| file.with_file_name(format!("{name}.manifest.toml")))
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
        let folder = std::env::temp_dir().join(format!("cthulu-lab-manifest-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("a.manifest.toml"), "file = \"a.csv.gz\"\n").unwrap();
        let problem = Manifest::beside(&folder.join("a.parquet")).unwrap_err().to_string();
        assert!(problem.contains("describes 'a.csv.gz', but lies beside 'a.parquet'"), "{problem}");
        // Once that file is there, the manifest is plainly its own, and stays so.
        std::fs::write(folder.join("a.csv.gz"), "").unwrap();
        assert_eq!(Manifest::beside(&folder.join("a.parquet")).unwrap(), None);
        let own = Manifest { file: "a.parquet".into(), rows: Some(3), ..Manifest::default() };
        assert_eq!(own.write_beside(&folder.join("a.parquet")).unwrap(), folder.join("a.parquet.manifest.toml"));
        assert_eq!(Manifest::beside(&folder.join("a.parquet")).unwrap(), Some(own));
        assert_eq!(Manifest::beside(&folder.join("a.csv.gz")).unwrap().unwrap().file, "a.csv.gz");
    }
}
