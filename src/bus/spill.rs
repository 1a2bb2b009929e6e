//! Batches that did not fit into a queue, on disk and in order.
//!
//! One file per consumer. While anything waits in it, every later batch goes there too, so order is kept; once it is empty it is cut
//! to nothing and the queue is used again. The file is the process's own and is removed at the end: it carries nothing over a crash.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::error::{Error, Result};

/// A first-in, first-out of byte blocks on disk.
pub(super) struct Spill {
    path: PathBuf,
    /// Blocks waiting: raised by the engine's side, lowered by the consumer's.
    waiting: AtomicU64,
    file: Mutex<Option<Blocks>>,
}

struct Blocks {
    file: File,
    write_at: u64,
    read_at: u64,
}

impl Spill {
    /// A spill that makes its file when it is first needed.
    pub(super) fn new(folder: &Path, consumer: &str) -> Self {
        Self { path: folder.join(format!(".{consumer}.spill")), waiting: AtomicU64::new(0), file: Mutex::new(None) }
    }

    /// Whether blocks wait. What was sent to the queue before they were written is visible to whoever sees `true`.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    /// Appends a block. After an error nothing of it remains.
    pub(super) fn push(&self, block: &[u8]) -> Result<()> {
        let mut guard = self.lock();
        if guard.is_none() {
            let file = File::options().read(true).write(true).create(true).truncate(true).open(&self.path);
            *guard = Some(Blocks { file: file.map_err(|e| Error::io(&self.path, "cannot spill to", e))?, write_at: 0, read_at: 0 });
        }
        let blocks = guard.as_mut().expect("the file was just opened");
        blocks.append(block).map_err(|e| Error::io(&self.path, "cannot spill to", e))?;
        self.waiting.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Takes the oldest block; `None` when none waits.
    pub(super) fn pop(&self) -> Result<Option<Vec<u8>>> {
        let mut guard = self.lock();
        let Some(blocks) = guard.as_mut().filter(|_| self.is_waiting()) else { return Ok(None) };
        let block = blocks.take();
        if self.waiting.fetch_sub(1, Ordering::Release) == 1 {
            blocks.rewind();
        }
        block.map(Some).map_err(|e| Error::io(&self.path, "cannot read back", e))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Blocks>> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if self.lock().take().is_some() {
            // A leftover file harms nothing: the next run cuts it.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Blocks {
    fn append(&mut self, block: &[u8]) -> std::io::Result<()> {
        self.file.seek(SeekFrom::Start(self.write_at))?;
        self.file.write_all(&(block.len() as u64).to_le_bytes())?;
        self.file.write_all(block)?;
        self.write_at += 8 + block.len() as u64;
        Ok(())
    }

    fn take(&mut self) -> std::io::Result<Vec<u8>> {
        self.file.seek(SeekFrom::Start(self.read_at))?;
        let mut length = [0; 8];
        self.file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        self.read_at += 8 + length;
        let mut block = Vec::new();
        (&self.file).take(length).read_to_end(&mut block)?;
        if block.len() as u64 == length { Ok(block) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
    }

    fn rewind(&mut self) {
        (self.write_at, self.read_at) = (0, 0);
        // Only frees the disk; the file is overwritten from its start either way.
        let _ = self.file.set_len(0);
    }
}
