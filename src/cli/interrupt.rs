//! Ctrl-C leaves nothing half written: the folder in the making is removed before the program ends.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
};

use super::say;

/// The folder that an interrupt must remove.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Exit code of a program ended by an interrupt, as shells count it.
const INTERRUPTED: i32 = 130;

/// From now on an interrupt removes `partial`.
pub(super) fn removes(partial: &Path) {
    set(Some(partial.to_owned()));
    let handler = ctrlc::set_handler(|| {
        // Held to the end, so that the folder cannot be finished while it is being removed.
        let unfinished = UNFINISHED.lock();
        match unfinished.as_deref() {
            Ok(Some(folder)) => {
                let _ = fs::remove_dir_all(folder);
                say("interrupted: nothing was written");
            }
            _ => say("interrupted"),
        }
        std::process::exit(INTERRUPTED);
    });
    if let Err(error) = handler {
        say(&format!("warning: an interrupt may leave {} behind: {error}", partial.display()));
    }
}

/// From now on an interrupt removes nothing.
pub(super) fn keeps_all() {
    set(None);
}

fn set(folder: Option<PathBuf>) {
    if let Ok(mut unfinished) = UNFINISHED.lock() {
        *unfinished = folder;
    }
}
