//! What can go wrong, each with the place, the value and the remedy.
//!
//! Refusals, rejects and halts are events of a run, not errors; these are the reasons a run does not start, or could not be written.

use std::path::{Path, PathBuf};

/// The library's error. Each message names the file, row, column and value where there is one, and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {doing}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as "cannot read".
        doing: &'static str,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A data file breaks its contract.
    #[error("{}{}{}: {problem}", .path.display(), .row.map(|r| format!(", row {r}")).unwrap_or_default(), .column.as_ref().map(|c| format!(", column {c}")).unwrap_or_default())]
    Data {
        /// The file.
        path: PathBuf,
        /// Line in the file, the first line being 1.
        row: Option<u64>,
        /// Column by name.
        column: Option<String>,
        /// What is wrong, with the value and the remedy.
        problem: String,
    },
    /// A rule expression does not compile. The text shows the expression with a caret.
    #[error("{0}")]
    Rule(String),
    /// A configuration file, a key or an argument is wrong.
    #[error("{place}: {problem}")]
    Config {
        /// The file and key, or the argument.
        place: String,
        /// What is wrong, with the value and the remedy.
        problem: String,
    },
    /// The work itself failed after a proper start.
    #[error("{0}")]
    Failed(String),
}

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`Error::Io`] at `path`.
    pub fn io(path: impl AsRef<Path>, doing: &'static str, source: std::io::Error) -> Self {
        Self::Io { path: path.as_ref().to_owned(), doing, source }
    }

    /// An [`Error::Data`] about the whole file.
    pub fn data(path: impl AsRef<Path>, problem: impl Into<String>) -> Self {
        Self::Data { path: path.as_ref().to_owned(), row: None, column: None, problem: problem.into() }
    }

    /// An [`Error::Config`] at `place`.
    pub fn config(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Config { place: place.into(), problem: problem.into() }
    }

    /// A name that was typed for a file or folder that is not there, with the nearest that is.
    #[must_use]
    pub fn absent(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let nearest = nearest_entry(path).map(|name| format!("; did you mean '{name}'?")).unwrap_or_default();
        let place = if path.is_absolute() || !nearest.is_empty() { "" } else { " under the folder you are in" };
        Self::config(path.display().to_string(), format!("there is no such file{place}{nearest}"))
    }

    /// Whether the arguments or files are at fault (exit code 2) rather than the work (exit code 1). A path that is not there or may
    /// not be used is the argument's fault; a full disk is not.
    #[must_use]
    pub fn is_input(&self) -> bool {
        use std::io::ErrorKind::{InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
        match self {
            Self::Data { .. } | Self::Rule(_) | Self::Config { .. } => true,
            Self::Io { source, .. } => {
                matches!(source.kind(), InvalidData | IsADirectory | NotADirectory | NotFound | PermissionDenied | ReadOnlyFilesystem)
            }
            Self::Failed(_) => false,
        }
    }
}

/// The entry of `known` nearest to `typed`, where one is near enough to be meant.
///
/// Distance counts insertions, deletions, substitutions and swaps of neighbours; at most a third of the longer word may differ.
///
/// ```
/// use cthulu_lab::error::nearest;
/// assert_eq!(nearest("rsi_bar", ["fast_bars", "rsi_bars"]), Some("rsi_bars"));
/// assert_eq!(nearest("volume", ["fast_bars", "rsi_bars"]), None);
/// ```
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    let scored = known.into_iter().map(|name| (edit_distance(&lower, &name.to_lowercase()), name));
    let is_near = |distance: usize, name: &str| {
        let longer = name.chars().count().max(lower.chars().count());
        distance <= (longer / 3).max(1) && distance < longer
    };
    scored.filter(|(distance, name)| is_near(*distance, name)).min().map(|(_, name)| name)
}

/// `1 bar`, `2 bars`: a count and what is counted, the plural by an `s`.
pub fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `; did you mean 'x'?` for the nearest known name, or the list of all when none is near.
pub fn suggest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(typed, known.clone()) {
        Some(name) => format!("; did you mean '{name}'?"),
        None => format!("; known: {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// The entry nearest to a path's last part in the folder it names.
fn nearest_entry(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name()?.to_str()?;
    let mut entries: Vec<String> = std::fs::read_dir(folder).ok()?.filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    entries.sort_unstable();
    let whole = |entry: &str| path.with_file_name(entry).display().to_string();
    // A forgotten ending is the commonest slip, and further away than a letter.
    let longer = entries.iter().find(|entry| entry.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
    longer.map(String::as_str).or_else(|| nearest(name, entries.iter().map(String::as_str))).map(whole)
}

fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    rows[0] = (0..=b.len()).collect();
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let substitute = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            rows[i][j] = substitute.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                rows[i][j] = rows[i][j].min(rows[i - 2][j - 2] + 1);
            }
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_error_names_file_row_and_column() {
        let error = Error::Data {
            path: "gold.csv".into(),
            row: Some(1042),
            column: Some("close".into()),
            problem: "'1.2.3' is not a number".into(),
        };
        assert_eq!(error.to_string(), "gold.csv, row 1042, column close: '1.2.3' is not a number");
        assert!(error.is_input());
    }

    #[test]
    fn a_missing_file_suggests_its_neighbour() {
        let told = |path: &str| Error::absent(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).to_string();
        assert!(told("datasets/sp500_d1.csv").ends_with("datasets/sp500_d1.csv.gz'?"), "{}", told("datasets/sp500_d1.csv"));
        assert!(told("experiments/defualt.toml").ends_with("experiments/default.toml'?"));
        assert!(told("nowhere/at/all.csv").ends_with("there is no such file"));
    }

    #[test]
    fn swapped_neighbours_count_once() {
        assert_eq!(edit_distance("colse", "close"), 1);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(nearest("RSI_reversl", ["rsi_reversal", "momentum_breakout"]), Some("rsi_reversal"));
    }
}
