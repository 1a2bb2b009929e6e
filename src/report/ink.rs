//! The colours of the charts, by what they mean. The page maps them to style-sheet variables, so that one drawing serves light and dark.

use plotters::style::RGBColor;

/// A colour by its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Muted,
    Grid,
    Paper,
    Strategy,
    Benchmark,
    Gain,
    Loss,
}

impl Ink {
    pub(super) const ALL: [Self; 8] =
        [Self::Text, Self::Muted, Self::Grid, Self::Paper, Self::Strategy, Self::Benchmark, Self::Gain, Self::Loss];

    /// The colour on paper. Blue against orange stays apart for every common kind of colour blindness.
    pub(super) const fn light(self) -> RGBColor {
        match self {
            Self::Text => RGBColor(0x1b, 0x1f, 0x24),
            Self::Muted => RGBColor(0x59, 0x60, 0x69),
            Self::Grid => RGBColor(0xe4, 0xe2, 0xdc),
            Self::Paper => RGBColor(0xff, 0xff, 0xff),
            Self::Strategy => RGBColor(0x1d, 0x4f, 0x91),
            Self::Benchmark => RGBColor(0xa8, 0x7b, 0x2d),
            Self::Gain => RGBColor(0x3b, 0x78, 0xb5),
            Self::Loss => RGBColor(0xb8, 0x4a, 0x1a),
        }
    }

    /// The suffix of its classes and variable in the style sheet.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Muted => "muted",
            Self::Grid => "grid",
            Self::Paper => "paper",
            Self::Strategy => "strategy",
            Self::Benchmark => "benchmark",
            Self::Gain => "gain",
            Self::Loss => "loss",
        }
    }
}
