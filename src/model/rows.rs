//! Rows of features from a CSV file, by name.

use std::path::Path;

use crate::error::{Error, Result, nearest};

/// Rows in the order of a model's features, a missing value being NaN.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Row after row.
    pub values: Vec<f64>,
    /// How many rows.
    pub count: usize,
    /// Columns of the file that the model does not know, in the file's order.
    pub unknown: Vec<String>,
}

/// Reads the columns that `features` names, in that order, from a CSV file with a header; an empty cell, `NaN` or `NA` is missing.
///
/// # Errors
/// [`Error::Data`] for a feature without a column, with the nearest column; for a column that stands twice; and for a cell that is not a
/// number, with its row.
pub fn read_rows(path: &Path, features: &[String]) -> Result<Rows> {
    let file = std::fs::File::open(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::absent(path),
        _ => Error::io(path, "cannot read", source),
    })?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let told = |error: csv::Error| Error::data(path, format!("{error}; it must be a CSV file in UTF-8 with as many cells in every row"));
    let header: Vec<String> = reader.headers().map_err(told)?.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    let columns = columns_of(path, &header, features)?;
    let unknown = header.iter().filter(|name| !features.contains(name)).cloned().collect();
    let (mut values, mut count) = (Vec::new(), 0);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(told)? {
        for (column, feature) in columns.iter().zip(features) {
            let cell = &record[*column];
            let value = parse(cell).ok_or_else(|| Error::Data {
                path: path.to_owned(),
                row: record.position().map(csv::Position::line),
                column: Some(feature.clone()),
                problem: format!("'{cell}' is not a number; leave a missing value empty"),
            })?;
            values.push(value);
        }
        count += 1;
    }
    Ok(Rows { values, count, unknown })
}

fn columns_of(path: &Path, header: &[String], features: &[String]) -> Result<Vec<usize>> {
    let column = |feature: &String| {
        let mut found = (0..).zip(header).filter(|(_, name)| *name == feature).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (Some(_), Some(_)) => Err(Error::data(path, format!("the column '{feature}' stands twice; leave one"))),
            (None, _) => {
                let near = nearest(feature, header.iter().map(String::as_str)).map(|name| format!("; '{name}' is the nearest there is"));
                let near = near.unwrap_or_default();
                Err(Error::data(
                    path,
                    format!("the model's feature '{feature}' has no column{near}; add it, with empty cells where it is missing"),
                ))
            }
        }
    };
    features.iter().map(column).collect()
}

fn parse(cell: &str) -> Option<f64> {
    if cell.is_empty() || ["nan", "na", "null", "none"].contains(&cell.to_ascii_lowercase().as_str()) {
        return Some(f64::NAN);
    }
    cell.parse().ok()
}
