//! CSV out: RFC 3339 UTC times and the shortest digits that read back to the same number.
//!
//! The columns are those of the command line's contract. A spread or a volume beside quotes, which that contract has no place for, follow
//! in columns of their own (`spread_price` in price units, `volume`) instead of being lost. Files appear whole or not at all.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use flate2::{Compression, GzBuilder};

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
    let has_volume = bars.ask().is_none() || bars.volume().iter().any(|v| v.to_bits() != 0);
    let mut header = if bars.ask().is_some() {
        "timestamp,bid_open,bid_high,bid_low,bid_close,ask_open,ask_high,ask_low,ask_close".to_owned()
    } else {
        "timestamp,open,high,low,close".to_owned()
    };
    header.push_str(if has_volume { ",volume" } else { "" });
    header.push_str(if bars.spread().is_some() { ",spread_price" } else { "" });
    write_rows(path, &header, bars.iter(), |bar, line| {
        let ask = bar.ask.map(|ask| [ask.open, ask.high, ask.low, ask.close]);
        let cells = [bar.open, bar.high, bar.low, bar.close].into_iter().chain(ask.into_iter().flatten());
        write_cells(line, bar.opened_at, cells.chain(has_volume.then_some(bar.volume)).chain(bar.spread))
    })
}

/// Writes ticks as CSV: `timestamp,bid,ask`, and `volume` where they have it, under gzip when the name ends in `.gz`.
///
/// # Errors
/// [`Error::Io`] when the file cannot be written.
pub fn write_ticks_csv(ticks: &Ticks, path: &Path) -> Result<()> {
    let header = if ticks.volume().is_some() { "timestamp,bid,ask,volume" } else { "timestamp,bid,ask" };
    write_rows(path, header, ticks.iter().enumerate(), |(i, tick), line| {
        let volume = ticks.volume().map(|volume| volume[i]);
        write_cells(line, tick.at, [tick.bid, tick.ask].into_iter().chain(volume))
    })
}

fn write_cells(line: &mut Vec<u8>, at: Nanos, cells: impl IntoIterator<Item = f64>) -> std::io::Result<()> {
    at.write_rfc3339(line);
    cells.into_iter().try_for_each(|value| write!(line, ",{value}"))
}

fn write_rows<T>(
    path: &Path,
    header: &str,
    rows: impl Iterator<Item = T>,
    cells: impl Fn(T, &mut Vec<u8>) -> std::io::Result<()>,
) -> Result<()> {
    replace_file(path, |file| {
        let fill = |out: &mut dyn Write| -> std::io::Result<()> {
            writeln!(out, "{header}")?;
            let mut line = Vec::with_capacity(128);
            for row in rows {
                line.clear();
                cells(row, &mut line)?;
                line.push(b'\n');
                out.write_all(&line)?;
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

/// Fills a file beside `path` and moves it there once it is whole.
pub(super) fn replace_file(path: &Path, fill: impl FnOnce(&mut File) -> Result<()>) -> Result<()> {
    let mut name = path.file_name().ok_or_else(|| Error::config(path.display().to_string(), "names no file"))?.to_owned();
    name.push(format!(".part{}", std::process::id()));
    let part = path.with_file_name(name);
    let cannot = |source| Error::io(path, "cannot write", source);
    let written = File::create(&part)
        .map_err(cannot)
        .and_then(|mut file| fill(&mut file))
        .and_then(|()| std::fs::rename(&part, path).map_err(cannot));
    if written.is_err() {
        // The half-written file is of no use; that it could not be removed would add nothing to the first error.
        let _ = std::fs::remove_file(&part);
    }
    written
}
