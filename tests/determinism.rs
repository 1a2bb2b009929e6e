//! The same question twice has the same id and the same bytes, with any number of threads.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Plays the default experiment in a process of its own.
fn played(folder: &Path, threads: &str, more: &[&str]) -> PathBuf {
    let place = folder.join(format!("threads-{threads}-{}", more.len()));
    let done = Command::new(env!("CARGO_BIN_EXE_cthulu-lab"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["backtest", "--threads", threads, "--out"])
        .arg(&place)
        .args(more)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    place
}

fn bytes(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name} in {}: {e}", folder.display()))
}

#[test]
fn one_thread_and_two_write_the_same_run() {
    let folder = std::env::temp_dir().join(format!("cthulu-lab-determinism-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let (one, two) = (played(&folder, "1", &["--no-report"]), played(&folder, "2", &["--no-report"]));
    for name in ["run.json", "trades.csv", "equity.csv", "verdict.json"] {
        assert!(bytes(&one, name) == bytes(&two, name), "{name} differs");
    }
    // Consumers and the report change nothing of what was found.
    let reported = played(&folder, "2", &[]);
    assert!(bytes(&one, "run.json") == bytes(&reported, "run.json"), "run.json differs when a report is written");
    let again = played(&folder, "1", &[]);
    assert!(bytes(&reported, "events.jsonl.gz") == bytes(&again, "events.jsonl.gz"), "the journal differs");
    let other = played(&folder, "1", &["--no-report", "--param", "rsi_bars=13"]);
    let id = |place: &Path| serde_json::from_slice::<serde_json::Value>(&bytes(place, "run.json")).unwrap()["id"].clone();
    assert_eq!(id(&one), id(&two));
    assert_ne!(id(&one), id(&other), "another question has another id");
    fs::remove_dir_all(&folder).unwrap();
}
