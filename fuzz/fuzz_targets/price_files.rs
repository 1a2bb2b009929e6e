//! Any bytes through every parser of price files: CSV in all its layouts, JSON, Parquet whole and by row groups, and gzip around them.
//!
//! `cargo +nightly fuzz run price_files` in the package's folder. There is nothing to assert but that an answer comes: a panic is the finding.

#![no_main]

use cthulu_lab::data::{DateOrder, Format, ReadOptions, check_bytes, check_bytes_by_group};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // The first byte names the options, so that the corpus explores them too.
    let Some((choice, stored)) = bytes.split_first() else { return };
    let choice = usize::from(*choice);
    let named = Format::ALL.get(choice % (2 * Format::ALL.len())).copied();
    let options = ReadOptions {
        format: named,
        zone: (choice.is_multiple_of(3)).then_some(chrono_tz::America::New_York),
        date_order: [None, Some(DateOrder::Dmy), Some(DateOrder::Mdy)][choice / 3 % 3],
        point: (choice.is_multiple_of(5)).then_some(0.00001),
        split_adjust: choice.is_multiple_of(7),
        dedupe: choice.is_multiple_of(2),
        ..ReadOptions::default()
    };
    let checked = check_bytes(stored, &options);
    assert_eq!(checked.ok, !checked.findings.iter().any(|finding| finding.is_error()));
    // Parquet files of ticks are read a row group at a time as well.
    if let Some(by_group) = check_bytes_by_group(stored, &options) {
        assert_eq!(by_group.ok, !by_group.findings.iter().any(|finding| finding.is_error()));
    }
});
