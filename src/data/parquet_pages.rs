//! Whether a Parquet file's pages hold what its footer says, before anything is decoded.
//!
//! The decoder reserves room for as many values as a page's header claims; where that header is damaged the room is more than any machine
//! has, and the process would end there. Reads the headers alone; nothing is unpacked.

use std::io::Cursor;

use polars_parquet::{
    parquet::page::CompressedPage,
    read::{ColumnChunkMetadata, PageReader},
};

/// Room that a page may take beyond what the footer says of its column: not every writer counts headers.
const SLACK: usize = 1 << 20;

/// Compares the page headers of one column chunk with the footer.
///
/// # Errors
/// What does not agree.
pub(super) fn check_pages(bytes: &[u8], chunk: &ColumnChunkMetadata) -> Result<(), String> {
    let range = chunk.byte_range();
    let place = usize::try_from(range.start).ok().zip(usize::try_from(range.end).ok());
    check_stored(place.and_then(|(start, end)| bytes.get(start..end)).ok_or("a column lies beyond the file's end")?, chunk)
}

/// The same of the chunk's own bytes.
///
/// # Errors
/// What does not agree.
pub(super) fn check_stored(stored: &[u8], chunk: &ColumnChunkMetadata) -> Result<(), String> {
    let values = usize::try_from(chunk.num_values()).map_err(|_| "a column has a negative count")?;
    let room = usize::try_from(chunk.uncompressed_size()).map_err(|_| "a column has a negative size")?.saturating_add(SLACK);
    let mut seen = 0_usize;
    for page in PageReader::new(Cursor::new(stored.to_vec().into()), chunk, Vec::new(), stored.len()) {
        // A dictionary keeps its counts to itself, and the decoder checks them.
        let CompressedPage::Data(page) = page.map_err(|e| e.to_string())? else { continue };
        seen = seen.saturating_add(page.num_values());
        if seen > values || page.uncompressed_size() > room {
            return Err("a page claims more than its column holds".to_owned());
        }
    }
    if seen == values { Ok(()) } else { Err(format!("{seen} values stand where {values} should")) }
}
