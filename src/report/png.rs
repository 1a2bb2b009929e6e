//! A chart as a PNG in the colours of paper, for mails and notes.
//!
//! It is drawn at twice its size and averaged down, which smooths what the pixel backend leaves jagged.

use super::ink::Ink;
use super::plot::{Frame, Plot, draw};
use crate::error::{Error, Result};
use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::drawing::IntoDrawingArea;
use std::path::Path;

/// Device pixels per CSS pixel in the file.
const DENSITY: u32 = 2;
/// Drawn pixels per device pixel, in each direction.
const OVERSAMPLING: u32 = 2;

/// Writes `plot` to `path`, 1800 pixels wide and `css_height` × 2 high. The bytes depend on the plot alone.
///
/// # Errors
/// [`Error::Failed`] when drawing fails or the file cannot be written.
pub(super) fn write(plot: &Plot, css_height: u32, path: &Path) -> Result<()> {
    let frame = Frame { width: 900, height: css_height, unit: DENSITY * OVERSAMPLING, is_picture: true };
    let (width, height) = frame.size();
    let mut drawn = vec![0; (width * height * 3) as usize];
    {
        let area = BitMapBackend::with_buffer(&mut drawn, (width, height)).into_drawing_area();
        area.fill(&Ink::Paper.light()).map_err(|e| fault(path, e))?;
        draw(plot, frame, &area)?;
        area.present().map_err(|e| fault(path, e))?;
    }
    let (width, height) = (width / OVERSAMPLING, height / OVERSAMPLING);
    let small = averaged(&drawn, width as usize, height as usize);
    let mut file = BitMapBackend::new(path, (width, height));
    file.blit_bitmap((0, 0), (width, height), &small).map_err(|e| fault(path, e))?;
    file.present().map_err(|e| fault(path, e))
}

fn fault(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("{}: cannot write the picture: {error}", path.display()))
}

/// The mean of each block of pixels, rounded to nearest.
fn averaged(drawn: &[u8], width: usize, height: usize) -> Vec<u8> {
    let n = OVERSAMPLING as usize;
    let mut small = Vec::with_capacity(width * height * 3);
    let mut sums = vec![0_u16; width * 3];
    for rows in drawn.chunks_exact(width * n * 3 * n).take(height) {
        sums.fill(0);
        for (i, value) in rows.iter().enumerate() {
            let within = i % (width * n * 3);
            sums[within / (n * 3) * 3 + within % 3] += u16::from(*value);
        }
        small.extend(sums.iter().map(|sum| ((usize::from(*sum) + n * n / 2) / (n * n)) as u8));
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averaging_takes_the_mean_of_each_block() {
        // Two 2 × 2 blocks in a row: the left with three white pixels and a black one, 3 · 255 / 4 = 191.25; the right all grey.
        let (white, black, grey) = ([255; 3], [0; 3], [90; 3]);
        let drawn = [white, black, grey, grey, white, white, grey, grey].concat();
        assert_eq!(averaged(&drawn, 2, 1), [191, 191, 191, 90, 90, 90]);
    }
}
