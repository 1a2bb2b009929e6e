//! Price files as they come: dirty ones, damaged ones, those of other tools, and our own read back.

mod contracts;
mod dirty;
mod formats;
mod import;
mod mutated;
mod parquet;
mod questions;
mod round_trip;
mod sessions;
mod vendors;

use std::path::PathBuf;

use cthulu_lab::data::{Checked, Finding, ReadOptions, check};

/// A path of this test run's own.
fn place(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("cthulu-lab-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn file(name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = place(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn examine(name: &str, bytes: impl AsRef<[u8]>, options: &ReadOptions) -> Checked {
    check(&file(name, bytes), options).unwrap()
}

/// The folder of trials, where it is present.
fn trials() -> Option<PathBuf> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let found = ["../shared/data", "../../shared/data"].map(|place| root.join(place)).into_iter().find(|place| place.exists());
    if found.is_none() {
        eprintln!("skipped: the files of trials are not here");
    }
    found
}

/// The errors among the findings.
fn errors(checked: &Checked) -> Vec<&Finding> {
    checked.findings.iter().filter(|f| f.is_error()).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}
