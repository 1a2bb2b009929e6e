//! The training log: every event of a run as a record, in numbered `training_log.NNNN.jsonl.gz` files that survive a crash.
//!
//! A file is a row of complete gzip members, one per block of lines, each written by a single write. After `kill -9` at most the last
//! unwritten block is missing: the reader stops before a torn member, and a log that is resumed cuts it off first. A new file begins at
//! a block's end once the file has reached its size.

use std::{
    io::Read,
    path::{Path, PathBuf},
};

use flate2::bufread::GzDecoder;

use super::{
    Batch, Consumer, Outcome,
    file::{Members, Pieces},
};
use crate::error::{Error, Result};

const PREFIX: &str = "training_log.";
const SUFFIX: &str = ".jsonl.gz";

/// When a file of the log ends, and how hard its blocks are pushed to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// A file that has reached this many compressed bytes is followed by the next.
    pub file_bytes: u64,
    /// Whether each block waits for the disk, so that it survives a loss of power and not only of the process.
    pub sync: bool,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { file_bytes: 64 * 1024 * 1024, sync: false }
    }
}

/// Writes the training log of a folder.
pub struct TrainingLog {
    folder: PathBuf,
    rotation: Rotation,
    number: u32,
    members: Members,
    files: Vec<PathBuf>,
    taken_seq: u64,
}

impl TrainingLog {
    /// Begins a log in `folder`; one that lies there is removed.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn create(folder: &Path, rotation: Rotation) -> Result<Self> {
        for (_, path) in files_of(folder)? {
            std::fs::remove_file(&path).map_err(|e| Error::io(&path, "cannot remove", e))?;
        }
        Self::open(folder, rotation, 1, Pieces::create)
    }

    /// Goes on with the log in `folder` after its last whole block, or begins one.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn resume(folder: &Path, rotation: Rotation) -> Result<Self> {
        match files_of(folder)?.pop() {
            Some((number, path)) => {
                let intact = read_lines(&path)?.intact_bytes;
                Self::open(folder, rotation, number, |path| Pieces::resume(path, intact))
            }
            None => Self::create(folder, rotation),
        }
    }

    fn open(folder: &Path, rotation: Rotation, number: u32, pieces: impl Fn(&Path) -> Result<Pieces>) -> Result<Self> {
        let path = file_path(folder, number);
        let members = Members::new(pieces(&path)?);
        Ok(Self { folder: folder.to_owned(), rotation, number, members, files: vec![path], taken_seq: 0 })
    }

    fn write_full_block(&mut self) -> Result<()> {
        if self.members.is_full() { self.write_block() } else { Ok(()) }
    }

    fn write_block(&mut self) -> Result<()> {
        if self.members.pieces().length() >= self.rotation.file_bytes {
            let path = file_path(&self.folder, self.number + 1);
            self.members.replace_file(Pieces::create(&path)?);
            self.number += 1;
            self.files.push(path);
        }
        self.members.write_block()?;
        if self.rotation.sync { self.members.pieces().sync() } else { Ok(()) }
    }
}

impl Consumer for TrainingLog {
    fn name(&self) -> &'static str {
        "training_log"
    }

    fn consume(&mut self, batch: &Batch) -> Result<()> {
        let lines = batch.lines();
        self.write_full_block()?;
        for index in batch.after(self.taken_seq)..batch.events().len() {
            self.members.hold(lines.line(index));
            self.taken_seq = batch.events()[index].seq;
            self.write_full_block()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.members.is_empty() { Ok(()) } else { self.write_block() }
    }

    fn restart(&mut self) -> Result<()> {
        self.members.cut()
    }

    fn finish(&mut self) -> Result<Outcome> {
        Ok(Outcome { files: self.files.clone(), ..Outcome::default() })
    }
}

/// What could be read of a file of gzip members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intact {
    /// Its lines, without their newlines.
    pub lines: Vec<String>,
    /// Bytes of the file up to the end of its last whole member.
    pub intact_bytes: u64,
    /// Bytes after them: 0 unless the writer was killed inside a write.
    pub torn_bytes: u64,
}

/// Reads the lines of one file of the log (or of a journal), up to the last whole member.
///
/// # Errors
/// When the file cannot be read; a torn tail is no error.
pub fn read_lines(path: &Path) -> Result<Intact> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, "cannot read", e))?;
    let (mut lines, mut rest) = (Vec::new(), bytes.as_slice());
    while let Some((text, after)) = read_member(rest) {
        lines.extend(text.lines().map(str::to_owned));
        rest = after;
    }
    let torn_bytes = rest.len() as u64;
    Ok(Intact { lines, intact_bytes: bytes.len() as u64 - torn_bytes, torn_bytes })
}

/// Reads the lines of all files of the log in `folder`, in order.
///
/// # Errors
/// When the folder or a file cannot be read.
pub fn read_folder(folder: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (_, path) in files_of(folder)? {
        lines.extend(read_lines(&path)?.lines);
    }
    Ok(lines)
}

/// The text of the first member and the bytes after it; `None` when it is torn, or when nothing is left.
fn read_member(bytes: &[u8]) -> Option<(String, &[u8])> {
    let mut text = String::new();
    let mut decoder = GzDecoder::new(bytes);
    let whole = !bytes.is_empty() && decoder.read_to_string(&mut text).is_ok();
    whole.then(|| (text, decoder.into_inner()))
}

fn file_path(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{PREFIX}{number:04}{SUFFIX}"))
}

/// The files of the log, oldest first.
fn files_of(folder: &Path) -> Result<Vec<(u32, PathBuf)>> {
    let unreadable = |e| Error::io(folder, "cannot list", e);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name();
        let number = name.to_str().and_then(|n| n.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse::<u32>().ok());
        files.extend(number.map(|n| (n, folder.join(&name))));
    }
    files.sort();
    Ok(files)
}
