//! How far a long piece of work is: shown once it has taken a second, on a terminal only, and wiped away when it ends.

use std::{
    io::IsTerminal,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError::Timeout, bounded};
use indicatif::{ProgressBar, ProgressStyle};

use crate::search::Best;

/// Work that takes less is over before anyone wonders.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// Does the work while showing `done` of `total` steps; a total of 0 means that nobody knows how many there are.
pub(super) fn show<T>(what: &'static str, total: u64, done: &AtomicU64, work: impl FnOnce() -> T) -> T {
    shown(&Shown { what, total, done, best: None }, work)
}

/// Does a search while showing how many of its trials are played, and the best objective that its observer was told of.
pub(super) fn search<T>(total: u64, (done, best): (&AtomicU64, &Best), work: impl FnOnce() -> T) -> T {
    shown(&Shown { what: "playing trials", total, done, best: Some(best) }, work)
}

/// The best objective so far, as it stands behind a bar.
pub(super) fn best_words(best: &Best) -> String {
    best.get().map_or_else(String::new, |best| format!(", best {best:.3}"))
}

/// What is drawn.
struct Shown<'a> {
    what: &'static str,
    total: u64,
    done: &'a AtomicU64,
    best: Option<&'a Best>,
}

fn shown<T>(shown: &Shown<'_>, work: impl FnOnce() -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return work();
    }
    std::thread::scope(|scope| {
        // Dropping the sender, by return or by panic, ends the display.
        let (_working, stopped) = bounded::<()>(0);
        scope.spawn(move || draw(shown, &stopped));
        let result = work();
        drop(_working);
        result
    })
}

fn draw(Shown { what, total, done, best }: &Shown<'_>, stopped: &Receiver<()>) {
    if stopped.recv_timeout(PATIENCE) != Err(Timeout) {
        return;
    }
    let (bar, template) = match *total {
        0 => (ProgressBar::new_spinner(), "{spinner} {msg} ({elapsed})"),
        _ => (ProgressBar::new(*total), "{msg} {bar:30} {percent:>3} %, {eta} left{prefix}"),
    };
    let bar = bar.with_message(*what).with_style(ProgressStyle::with_template(template).expect("the template is well-formed"));
    while stopped.recv_timeout(TICK) == Err(Timeout) {
        bar.set_position(done.load(Relaxed));
        if let Some(best) = best {
            bar.set_prefix(best_words(best));
        }
        bar.tick();
    }
    bar.finish_and_clear();
}
