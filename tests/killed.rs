//! A run that is killed outright: what it had written stays readable.

#![cfg(unix)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use cthulu_lab::{bus::read_folder, event::Record};

use crate::cli::{Scratch, waves};

/// The folder in the making, once its training log has something in it.
fn under_way(folder: &Path) -> Option<PathBuf> {
    let found = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|e| e.path());
    let partial = found.into_iter().find(|path| path.to_string_lossy().contains(".partial-"))?;
    let log = fs::metadata(partial.join("training_log.0001.jsonl.gz")).ok()?;
    (log.len() > 0).then_some(partial)
}

#[test]
fn a_training_log_survives_kill_9_and_reads_without_a_gap() {
    let scratch = Scratch::new("killed");
    let prices = scratch.file("waves.csv", &waves(150_000));
    let mut child = Command::new(env!("CARGO_BIN_EXE_cthulu-lab"))
        .args(["backtest", "--strategy", "sma_crossover", "--param", "fast=2", "--param", "slow=5", "--data", &prices, "--out", "run"])
        .current_dir(&scratch.0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut partial = None;
    for _ in 0..6000 {
        partial = under_way(&scratch.0);
        if partial.is_some() || child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let partial = partial.expect("the run was killed while it wrote");
    let lines = read_folder(&partial).unwrap();
    assert!(!lines.is_empty());
    for (line, seq) in lines.iter().zip(1..) {
        assert_eq!(Record::parse(line).unwrap().seq, seq);
    }
    assert!(!scratch.0.join("run").exists());
}
