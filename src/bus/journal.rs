//! The journal: the canonical lines of a run, hashed, and on request kept in `events.jsonl.gz`.
//!
//! The hash is over the uncompressed lines, so it does not depend on batches, threads or the compressor.

use std::{collections::BTreeMap, path::Path};

use sha2::{Digest, Sha256};

use super::{
    Batch, Consumer, Outcome,
    file::{Members, Pieces},
};
use crate::error::Result;

/// Hashes and counts the lines of a run.
#[derive(Default)]
pub struct Journal {
    file: Option<Members>,
    hash: Sha256,
    kinds: BTreeMap<&'static str, u64>,
    taken_seq: u64,
}

/// The hash of a journal's lines, to which other lines of the same run may be added.
#[derive(Clone, Default)]
pub struct LineHash(Sha256);

impl LineHash {
    /// The hash of the lines and then `more`, in hex.
    #[must_use]
    pub fn then(&self, more: &str) -> String {
        crate::data::hex(&self.0.clone().chain_update(more).finalize())
    }
}

impl PartialEq for LineHash {
    fn eq(&self, other: &Self) -> bool {
        self.then("") == other.then("")
    }
}

impl std::fmt::Debug for LineHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.then(""))
    }
}

impl Journal {
    /// Its name in the statistics.
    pub const NAME: &'static str = "journal";

    /// A journal that is only hashed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A journal that is also written to `path` as gzip, in place of whatever was there.
    ///
    /// # Errors
    /// When the file cannot be created.
    pub fn to_file(path: &Path) -> Result<Self> {
        Ok(Self { file: Some(Members::new(Pieces::create(path)?)), ..Self::default() })
    }

    fn write_full_block(&mut self) -> Result<()> {
        self.file.as_mut().filter(|f| f.is_full()).map_or(Ok(()), Members::write_block)
    }
}

impl Consumer for Journal {
    fn name(&self) -> &'static str {
        Self::NAME
    }

    fn consume(&mut self, batch: &Batch) -> Result<()> {
        let lines = batch.lines();
        self.write_full_block()?;
        for index in batch.after(self.taken_seq)..batch.events().len() {
            let (event, line) = (&batch.events()[index], lines.line(index));
            self.hash.update(line);
            *self.kinds.entry(event.kind.name()).or_default() += 1;
            self.taken_seq = event.seq;
            if let Some(file) = &mut self.file {
                file.hold(line);
                self.write_full_block()?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), Members::write_block)
    }

    fn restart(&mut self) -> Result<()> {
        self.file.as_mut().map_or(Ok(()), Members::cut)
    }

    fn finish(&mut self) -> Result<Outcome> {
        let files = self.file.iter().map(|f| f.pieces().path().to_owned()).collect();
        let lines = LineHash(self.hash.clone());
        Ok(Outcome {
            files,
            event_log_sha256: Some(lines.then("")),
            event_log: Some(lines),
            kinds: Some(self.kinds.clone()),
            ..Outcome::default()
        })
    }
}
