//! Which kind of file a name asks for.

use std::path::Path;

use crate::error::{Error, Result};

/// How prices are written into a file; the name's ending says it.
///
/// ```
/// use cthulu_lab::data::Container;
/// assert_eq!(Container::of("prices.CSV.gz".as_ref()).unwrap(), Container::Csv);
/// assert_eq!(Container::of("prices.parquet".as_ref()).unwrap(), Container::Parquet);
/// assert!(Container::of("prices.xlsx".as_ref()).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// `.csv`, and under gzip `.csv.gz`.
    Csv,
    /// `.parquet`.
    Parquet,
}

impl Container {
    /// As the name of a file to be written ends.
    ///
    /// # Errors
    /// [`Error::Config`] for another ending.
    pub fn of(path: &Path) -> Result<Self> {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        if name.ends_with(".parquet") {
            return Ok(Self::Parquet);
        }
        if name.ends_with(".csv") || name.ends_with(".csv.gz") {
            return Ok(Self::Csv);
        }
        let problem = format!("'{}' names no format: it ends in none of .parquet, .csv and .csv.gz; name the file so", path.display());
        Err(Error::config("--out", problem))
    }
}
