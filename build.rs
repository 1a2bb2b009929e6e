//! Tells the program which commit and which lock file it was built from, so that a run's manifest can.

use std::{env, fs, process::Command};

use sha2::{Digest, Sha256};

fn main() {
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rerun-if-changed=.git/HEAD");
    let lock = fs::read("Cargo.lock").unwrap_or_default();
    let hex: String = Sha256::digest(&lock).iter().map(|b| format!("{b:02x}")).collect();
    println!("cargo::rustc-env=CTHULU_LOCKFILE_SHA256={hex}");
    let Ok(folder) = env::var("CARGO_MANIFEST_DIR") else { return };
    let commit = Command::new("git").args(["-C", &folder, "rev-parse", "HEAD"]).output();
    if let Ok(out) = commit
        && out.status.success()
    {
        println!("cargo::rustc-env=CTHULU_GIT_COMMIT={}", String::from_utf8_lossy(&out.stdout).trim());
    }
}
