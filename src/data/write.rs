//! CSV out: RFC 3339 UTC times and the shortest digits that read back to the same number.
//!
//! The columns are those of the command line's contract. A spread or a volume beside quotes, which that contract has no place for, follow
//! in columns of their own (`spread_price` in price units, `volume`) instead of being lost. Files appear whole or not at all.

use std::{
    fs::File,
    io::{BufWriter, Write},
    ops::Range,
    path::Path,
};

use flate2::{Compression, GzBuilder};
use rayon::prelude::{IntoParallelIterator, ParallelIterator};
use sha2::{Digest, Sha256};

use super::{dataset::hex, trades::Trades};
use crate::{
    error::{Error, Result},
    market::{Bars, Ticks},
    time::Nanos,
};

/// Writes bars as CSV, under gzip when the name ends in `.gz`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_csv(bars: &Bars, path: &Path) -> Result<()> {
    save_csv(bars, path).map(drop)
}

/// Writes the same and answers the hex SHA-256 of the file.
pub(super) fn save_csv(bars: &Bars, path: &Path) -> Result<String> {
    let has_volume = bars.ask().is_none() || bars.volume().iter().any(|v| v.to_bits() != 0);
    let mut header = if bars.ask().is_some() {
        "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close".to_owned()
    } else {
        "timestamp,open,high,low,close".to_owned()
    };
    header.push_str(if has_volume { ",volume" } else { "" });
    header.push_str(if bars.spread().is_some() { ",spread_price" } else { "" });
    write_rows(path, &header, bars.len(), |i, text| {
        let bar = bars.bar(i);
        let ask = bar.ask.map(|ask| [ask.open, ask.high, ask.low, ask.close]);
        let cells = [bar.open, bar.high, bar.low, bar.close].into_iter().chain(ask.into_iter().flatten());
        write_cells(text, bar.opened_at, cells.chain(has_volume.then_some(bar.volume)).chain(bar.spread));
    })
}

/// Writes ticks as CSV: `timestamp,bid,ask`, and `volume` where they have it, under gzip when the name ends in `.gz`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_ticks_csv(ticks: &Ticks, path: &Path) -> Result<()> {
    save_ticks_csv(ticks, path).map(drop)
}

/// Writes the same and answers the hex SHA-256 of the file.
pub(super) fn save_ticks_csv(ticks: &Ticks, path: &Path) -> Result<String> {
    let header = if ticks.volume().is_some() { "timestamp,bid,ask,volume" } else { "timestamp,bid,ask" };
    write_rows(path, header, ticks.len(), |i, text| {
        let tick = ticks.tick(i);
        let volume = ticks.volume().map(|volume| volume[i]);
        write_cells(text, tick.at, [tick.bid, tick.ask].into_iter().chain(volume));
    })
}

/// Writes trades as CSV: `timestamp,price,amount`, under gzip when the name ends in `.gz`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_trades_csv(trades: &Trades, path: &Path) -> Result<()> {
    save_trades_csv(trades, path).map(drop)
}

/// Writes the same and answers the hex SHA-256 of the file.
pub(super) fn save_trades_csv(trades: &Trades, path: &Path) -> Result<String> {
    write_rows(path, "timestamp,price,amount", trades.len(), |i, text| {
        write_cells(text, trades.at[i], [trades.price[i], trades.amount[i]]);
    })
}

fn write_cells(text: &mut Vec<u8>, at: Nanos, cells: impl IntoIterator<Item = f64>) {
    at.write_rfc3339(text);
    for value in cells {
        text.push(b',');
        write_number(text, value);
    }
    text.push(b'\n');
}

/// The shortest digits that read back to the same number, never with an exponent.
fn write_number(text: &mut Vec<u8>, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let digits = buffer.format(value);
    if digits.contains('e') || !value.is_finite() {
        text.extend_from_slice(value.to_string().as_bytes());
    } else {
        text.extend_from_slice(digits.strip_suffix(".0").unwrap_or(digits).as_bytes());
    }
}

/// Rows that one thread spells out at a time.
const PIECE: usize = 8192;
/// Pieces held in memory before they are written.
const PIECES: usize = 16;

fn write_rows(path: &Path, header: &str, rows: usize, row: impl Fn(usize, &mut Vec<u8>) + Sync) -> Result<String> {
    let spell = |start: usize| -> Vec<Vec<u8>> {
        let end = (start + PIECE * PIECES).min(rows);
        let pieces: Vec<Range<usize>> = (start..end).step_by(PIECE).map(|from| from..(from + PIECE).min(end)).collect();
        let text = |piece: Range<usize>| {
            let mut text = Vec::with_capacity(piece.len() * 80);
            piece.for_each(|i| row(i, &mut text));
            text
        };
        pieces.into_par_iter().map(text).collect()
    };
    replace_file(path, |file| {
        let fill = |out: &mut (dyn Write + Send)| -> std::io::Result<()> {
            writeln!(out, "{header}")?;
            let mut ready = spell(0);
            for next in (PIECE * PIECES..rows + PIECE * PIECES).step_by(PIECE * PIECES) {
                // One batch is spelled out while the one before is written and hashed.
                let (spelled, written) = rayon::join(|| spell(next), || ready.iter().try_for_each(|text| out.write_all(text)));
                written?;
                ready = spelled;
            }
            Ok(())
        };
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let zipped = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        let done = if zipped {
            // No name and no time inside, so that equal rows give equal bytes.
            let mut packed = GzBuilder::new().mtime(0).write(&mut out, Compression::new(6));
            fill(&mut packed).and_then(|()| packed.finish().map(|_| ()))
        } else {
            fill(&mut out)
        };
        done.and_then(|()| out.flush()).map_err(|source| Error::io(path, "cannot write", source))
    })
}

/// A file that knows the hash of what was written to it.
pub(super) struct Hashed {
    file: File,
    hash: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Fills a file beside `path` and moves it there once it is whole; the hex SHA-256 of the file.
pub(super) fn replace_file(path: &Path, fill: impl FnOnce(&mut Hashed) -> Result<()>) -> Result<String> {
    let mut name = path.file_name().ok_or_else(|| Error::config(path.display().to_string(), "names no file"))?.to_owned();
    name.push(format!(".part{}", std::process::id()));
    let part = path.with_file_name(name);
    let cannot = |source| Error::io(path, "cannot write", source);
    let written = File::create(&part).map_err(cannot).and_then(|file| {
        let mut hashed = Hashed { file, hash: Sha256::new() };
        fill(&mut hashed)?;
        std::fs::rename(&part, path).map_err(cannot)?;
        Ok(hex(&hashed.hash.finalize()))
    });
    if written.is_err() {
        // The half-written file is of no use; that it could not be removed would add nothing to the first error.
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Writes a text, whole or not at all.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_text(path: &Path, text: &str) -> Result<()> {
    replace_file(path, |file| file.write_all(text.as_bytes()).map_err(|e| Error::io(path, "cannot write", e))).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_fewest_digits_and_no_exponent() {
        for (value, text) in [
            (1.0, "1"),
            (-0.0, "-0"),
            (1.10, "1.1"),
            (1e-5, "0.00001"),
            (1e21, "1000000000000000000000"),
            (0.1 + 0.2, "0.30000000000000004"),
        ] {
            let mut found = Vec::new();
            write_number(&mut found, value);
            assert_eq!(String::from_utf8(found).unwrap(), text);
        }
    }
}
