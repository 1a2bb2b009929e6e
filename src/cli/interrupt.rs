//! Ctrl-C, and a request to end, leave nothing half written: the folder in the making is removed before the program ends.

use std::{
    fs,
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use super::say;
use crate::{error::Result, experiment::RunFolder};

/// The folder that an interrupt must remove.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Whether the work goes on where it was when the command is given again.
static IS_RESUMABLE: AtomicBool = AtomicBool::new(false);

const KEPT: &str = "interrupted: what was finished is kept, and the same command goes on from there";

/// Exit code of a program ended by an interrupt, as shells count it.
const INTERRUPTED: i32 = 130;

/// From now on an interrupt ends the program in order.
pub(super) fn watch() {
    let handler = ctrlc::set_handler(|| {
        // Held to the end, so that no folder is begun or finished while it is being removed.
        let unfinished = unfinished();
        if std::io::stderr().is_terminal() {
            // Wipes away a progress bar.
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
        match unfinished.as_ref() {
            Some(folder) => {
                remove(folder);
                say(if IS_RESUMABLE.load(Relaxed) { KEPT } else { "interrupted: nothing was written" });
            }
            None if IS_RESUMABLE.load(Relaxed) => say(KEPT),
            None => say("interrupted"),
        }
        std::process::exit(INTERRUPTED);
    });
    if let Err(error) = handler {
        say(&format!("warning: an interrupt may leave a folder named .*.partial-* behind: {error}"));
    }
}

/// From now on an interrupt loses nothing: finished pieces are kept.
pub(super) fn is_resumable() {
    IS_RESUMABLE.store(true, Relaxed);
}

/// Begins a folder; from then on an interrupt removes it.
pub(super) fn begin(create: impl FnOnce() -> Result<RunFolder>) -> Result<RunFolder> {
    let mut unfinished = unfinished();
    let folder = create()?;
    *unfinished = Some(folder.path().to_owned());
    Ok(folder)
}

/// Finishes a folder: an interrupt comes before that or after, never between.
pub(super) fn finish(folder: RunFolder) -> Result<PathBuf> {
    let mut unfinished = unfinished();
    let place = folder.finish()?;
    *unfinished = None;
    Ok(place)
}

/// Removes a folder into which other threads may still be writing.
fn remove(folder: &PathBuf) {
    for _ in 0..20 {
        let _ = fs::remove_dir_all(folder);
        if !folder.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
