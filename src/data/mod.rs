//! Files and columns: what a price file must be, reading it, writing it, and the catalogue of instruments.
//!
//! Promises that whatever [`read_bars`] and [`read_ticks`] return meets the contract (ascending times, prices inside their bar, positive,
//! not crossed), and that a file which does not is refused with its row, column and value. It repairs nothing in silence. It refuses to
//! guess: a day-first date needs its order named, a spread in points needs the point. The only module that names polars.
//!
//! To load a file for a run use [`load`]; to look at one that may be broken use [`check`].

mod adjust;
mod assumed;
mod catalogue;
mod chunk;
mod clock;
mod container;
mod contract;
mod dataset;
mod detect;
mod finding;
mod folder;
mod folder_check;
mod folder_load;
mod format;
mod gaps;
mod hints;
mod import;
mod json;
mod jumps;
mod layout;
mod manifest;
mod news;
mod parquet;
mod parquet_pages;
mod parse;
mod quality;
mod read;
mod resample;
mod resample_buckets;
mod resample_file;
mod series_file;
mod shift;
mod spelling;
mod split;
mod stream;
mod stream_parquet;
mod table;
mod trades;
mod write;
mod write_parquet;
mod written;

pub use assumed::assumed_calendar;
pub use catalogue::Instruments;
pub use clock::DateOrder;
pub use container::Container;
pub use dataset::{Dataset, hex, load, sha256_hex};
pub use finding::{Checked, Finding, Severity};
pub use folder::{Listed, ListedFile, SeriesFiles, find_series, list, symbol_of};
pub use folder_check::{check_series, seams};
pub use folder_load::load_series;
pub use format::Format;
pub use import::{Import, Series, import, join, write_bars};
pub use manifest::Manifest;
pub use news::read_news;
pub use read::{ReadOptions, check, check_bytes, check_bytes_by_group, read_bars, read_ticks, read_trades};
pub use resample::{DayEnd, TickBars, resample_bars, resample_ticks, resample_trades};
pub use resample_file::{Resampled, resample_file, resample_series};
pub use series_file::{TableFile, read_table};
pub use stream::{Piece, TickSource, TickStream};
pub use trades::Trades;
pub use write::{write_csv, write_text, write_ticks_csv, write_trades_csv};
pub use write_parquet::{write_parquet, write_ticks_parquet, write_trades_parquet};

#[cfg(test)]
mod tests;
