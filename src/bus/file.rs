//! A file that only grows by whole pieces.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, GzBuilder};

use crate::error::{Error, Result};

/// Uncompressed bytes in one gzip member: what a crash may cost.
pub(super) const BLOCK_BYTES: usize = 64 * 1024;

/// An append-only file whose failed appends leave nothing behind.
pub(super) struct Pieces {
    path: PathBuf,
    file: File,
    length: u64,
}

impl Pieces {
    /// An empty file in place of whatever was there.
    pub(super) fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).map_err(|e| Error::io(path, "cannot create", e))?;
        Ok(Self { path: path.to_owned(), file, length: 0 })
    }

    /// An existing file, cut to its first `length` bytes.
    pub(super) fn resume(path: &Path, length: u64) -> Result<Self> {
        let file = File::options().write(true).open(path).map_err(|e| Error::io(path, "cannot open", e))?;
        let mut pieces = Self { path: path.to_owned(), file, length };
        pieces.cut()?;
        Ok(pieces)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Appends a piece by one write. After an error the file is as before.
    pub(super) fn append(&mut self, piece: &[u8]) -> Result<()> {
        let written = self.file.write_all(piece).and_then(|()| self.file.flush());
        if let Err(error) = written {
            // The reason of the failed write is the one to tell.
            let _ = self.cut();
            return Err(Error::io(&self.path, "cannot write", error));
        }
        self.length += piece.len() as u64;
        Ok(())
    }

    /// Asks the system to put it on the disk itself.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|e| Error::io(&self.path, "cannot sync", e))
    }

    /// Cuts what lies beyond the last whole piece.
    pub(super) fn cut(&mut self) -> Result<()> {
        let cut = self.file.set_len(self.length).and_then(|()| self.file.seek(SeekFrom::Start(self.length)));
        cut.map(|_| ()).map_err(|e| Error::io(&self.path, "cannot cut", e))
    }
}

/// Lines gathered into blocks, each of them one complete gzip member without a time stamp.
///
/// Lines are held until their block is written, so an error loses none of them: the next attempt writes the same block.
pub(super) struct Members {
    pieces: Pieces,
    held: Vec<u8>,
}

impl Members {
    pub(super) const fn new(pieces: Pieces) -> Self {
        Self { pieces, held: Vec::new() }
    }

    pub(super) const fn pieces(&self) -> &Pieces {
        &self.pieces
    }

    pub(super) fn replace_file(&mut self, pieces: Pieces) {
        self.pieces = pieces;
    }

    pub(super) fn hold(&mut self, line: &[u8]) {
        self.held.extend_from_slice(line);
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether what is held is a block and wants [`Self::write_block`].
    pub(super) const fn is_full(&self) -> bool {
        self.held.len() >= BLOCK_BYTES
    }

    /// Writes what is held as one member.
    pub(super) fn write_block(&mut self) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let member = member(&self.held).map_err(|e| Error::io(self.pieces.path(), "cannot compress for", e))?;
        self.pieces.append(&member)?;
        self.held.clear();
        Ok(())
    }

    pub(super) fn cut(&mut self) -> Result<()> {
        self.pieces.cut()
    }
}

/// `bytes` as one gzip member, with no time in its header.
fn member(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::with_capacity(bytes.len() / 4), Compression::new(1));
    encoder.write_all(bytes)?;
    encoder.finish()
}
