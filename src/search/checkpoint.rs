//! What was told, in a file: a search that is cut short goes on where it stopped.
//!
//! One JSON line a trial, after a first line that names the question. A line that was cut short, with all after it, is forgotten.

use std::{
    cell::Cell,
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::trial::Told;
use crate::error::{Error, Result};

/// The first line of the file.
#[derive(PartialEq, Serialize, Deserialize)]
struct Head {
    question: String,
}

/// The file, and how many of the trials it has.
pub(super) struct Journal {
    path: PathBuf,
    kept: Cell<usize>,
}

impl Journal {
    /// Opens or begins the file for this question, and reads what it has.
    pub(super) fn open(path: &Path, question: &str) -> Result<(Self, Vec<Told>)> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::io(path, "cannot read", error)),
        };
        let mut lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let told = match lines.next() {
            Some(head) => {
                let head: Option<Head> = serde_json::from_str(head).ok();
                if head.is_none_or(|head| head.question != question) {
                    let problem = "this checkpoint belongs to another search; remove it, or start afresh";
                    return Err(Error::config(path.display().to_string(), problem));
                }
                lines.map_while(|line| serde_json::from_str(line).ok()).collect()
            }
            None => Vec::new(),
        };
        let mut whole = line(&Head { question: question.to_owned() });
        told.iter().for_each(|told: &Told| whole.push_str(&line(told)));
        fs::write(path, whole).map_err(|e| Error::io(path, "cannot write", e))?;
        Ok((Self { path: path.to_owned(), kept: Cell::new(told.len()) }, told))
    }

    /// Appends what is new of `told`.
    pub(super) fn keep(&self, told: &[Told]) -> Result<()> {
        let Some(new) = told.get(self.kept.get()..).filter(|new| !new.is_empty()) else { return Ok(()) };
        let text: String = new.iter().map(line).collect();
        let open = || OpenOptions::new().append(true).open(&self.path);
        let write = |mut file: File| file.write_all(text.as_bytes());
        open().and_then(write).map_err(|e| Error::io(&self.path, "cannot write", e))?;
        self.kept.set(told.len());
        Ok(())
    }
}

fn line(of: &impl Serialize) -> String {
    serde_json::to_string(of).expect("a trial has a JSON form") + "\n"
}
