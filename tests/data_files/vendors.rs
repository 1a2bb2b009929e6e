//! Files as traders really have them, where the folder of trials is present: right rows, or a refusal that says what to do.

use std::path::{Path, PathBuf};

use cthulu_lab::data::{DateOrder, ReadOptions, check};

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !folder.exists() {
        eprintln!("skipped: the files of trials are not here");
        return None;
    }
    Some(folder)
}

#[test]
fn every_vendor_file_is_read_or_refused_for_its_own_reason() {
    let Some(folder) = folder() else { return };
    let mut shown = String::new();
    let mut names: Vec<PathBuf> = ["dirty", "bars", "ticks"]
        .iter().flat_map(|f| std::fs::read_dir(folder.join(f)).unwrap()).map(|e| e.unwrap().path()).collect();
    names.sort();
    for path in names {
        for order in [None, Some(DateOrder::Dmy), Some(DateOrder::Mdy)] {
            let options = ReadOptions { date_order: order, point: Some(0.00001), ..ReadOptions::default() };
            let checked = check(&path, &options).unwrap();
            shown.push_str(&format!("{} {order:?} ok={} rows={} tf={:?} {:?}..{:?}\n", path.file_name().unwrap().to_string_lossy(), checked.ok, checked.rows, checked.timeframe.map(|t| t.to_string()), checked.first.map(|t| t.to_string()), checked.last.map(|t| t.to_string())));
            for f in checked.findings.iter().filter(|f| f.kind != "gap").take(4) {
                shown.push_str(&format!("     {:?} {} row {:?} col {:?} val {:?}: {}\n", f.severity, f.kind, f.row, f.column, f.value, f.message));
            }
            if checked.ok { break; }
        }
    }
    panic!("{shown}");
}
