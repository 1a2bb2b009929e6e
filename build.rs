//! Tells the program which commit and which lock file it was built from, so that a run's manifest can.

use std::{env, fs, path::Path, process::Command};

use sha2::{Digest, Sha256};

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    let lock = fs::read("Cargo.lock").unwrap_or_default();
    let hex: String = Sha256::digest(&lock).iter().map(|b| format!("{b:02x}")).collect();
    println!("cargo::rustc-env=CTHULU_LOCKFILE_SHA256={hex}");
    // What Git moves when it commits; a source outside a repository has none of it, and no commit.
    for file in ["HEAD", "logs/HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]).filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    for folder in ["src", "strategies", "datasets/instruments.toml"] {
        println!("cargo::rerun-if-changed={folder}");
    }
    if let Some(commit) = git(&["rev-parse", "HEAD"]) {
        let is_altered = git(&["status", "--porcelain", "--", "src", "strategies", "datasets/instruments.toml", "Cargo.lock"]).is_some();
        println!("cargo::rustc-env=CTHULU_GIT_COMMIT={commit}{}", if is_altered { "-altered" } else { "" });
    }
}

/// What Git answers in the package's folder; `None` for nothing, or without Git.
fn git(args: &[&str]) -> Option<String> {
    let folder = env::var("CARGO_MANIFEST_DIR").ok()?;
    let out = Command::new("git").current_dir(folder).args(args).output().ok()?;
    let text = String::from_utf8(out.stdout).ok()?.trim().to_owned();
    (out.status.success() && !text.is_empty()).then_some(text)
}
