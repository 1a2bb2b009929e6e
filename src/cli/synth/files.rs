//! The files of a synthetic market: its bars, the manifest beside them, and the path of its regimes.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::super::{args::SynthArgs, print, print_json};
use crate::{
    data::{Container, Instruments, Manifest, write_bars, write_text},
    error::{Error, Result, counted},
    experiment::SynthSpec,
    feed::synth::{Correlation, REGIMES, Synthetic, Truth},
    market::{Calendar, Instrument},
    seed::Seed,
    time::{Nanos, Timeframe},
};

/// `NAME.manifest.toml` as written: what any price file's says, and then how these prices were made and what is known of them.
#[derive(Serialize)]
struct Written<'a> {
    file: String,
    source: String,
    synthetic: bool,
    symbol: String,
    timeframe: Timeframe,
    calendar: Calendar,
    zone: &'static str,
    price_side: &'static str,
    first: Option<Nanos>,
    last: Option<Nanos>,
    rows: usize,
    sha256: String,
    kind: &'static str,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    drawn_from: Option<&'a String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instrument: Option<usize>,
    #[serde(skip_serializing_if = "<[f64]>::is_empty")]
    correlation: &'a [f64],
    #[serde(skip_serializing_if = "Option::is_none")]
    point: Option<f64>,
    parameters: &'a BTreeMap<&'static str, f64>,
    truth: &'a Truth,
}

/// Writes every instrument's files.
pub(super) fn write(args: &SynthArgs, synth: &SynthSpec, seed: u64, out: &Path) -> Result<()> {
    let symbol = args.symbol();
    let instrument = Instruments::at_hand()?.get(symbol).cloned().unwrap_or_else(|| Instrument::fractional(symbol));
    let count = usize::from(args.instruments);
    let correlation = if args.correlation.is_empty() { Correlation::none(count) } else { Correlation::new(count, &args.correlation)? };
    let places: Vec<PathBuf> = (1..=count).map(|i| place(out, count, i)).collect();
    for place in &places {
        check_place(place)?;
    }
    let (recipe, frame) = (synth.recipe()?, synth.frame(&instrument));
    let made = recipe.generate_several(&frame, &Seed::new(seed), &correlation)?;
    let mut truth = recipe.truth(&frame);
    if let ([one], true) = (args.correlation.as_slice(), count > 1) {
        truth.correlation_of_shocks = Some(*one);
    }
    for ((number, place), synthetic) in (1..).zip(&places).zip(&made) {
        let numbered = (count > 1).then_some(number);
        let written = Written {
            file: file_name(place),
            source: format!("cthulu-lab {}, data synth", env!("CARGO_PKG_VERSION")),
            synthetic: true,
            symbol: numbered.map_or_else(|| symbol.to_owned(), |n| format!("{symbol}{n}")),
            timeframe: frame.timeframe,
            calendar: frame.calendar,
            zone: "UTC",
            price_side: "bid",
            first: synthetic.bars.opened_at().first().copied(),
            last: synthetic.bars.opened_at().last().copied(),
            rows: synthetic.bars.len(),
            sha256: write_bars(&synthetic.bars, place)?,
            kind: recipe.info().name,
            seed,
            drawn_from: synth.source.as_ref(),
            instrument: numbered,
            correlation: if count > 1 { &args.correlation } else { &[] },
            point: frame.point,
            parameters: recipe.params().values(),
            truth: &truth,
        };
        write_beside(place, &written, synthetic)?;
    }
    if args.json {
        let files: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        return print_json(&serde_json::json!({ "files": files, "kind": recipe.info().name, "seed": seed,
            "parameters": recipe.params().values(), "truth": truth }));
    }
    let bars = counted(frame.bars as u64, "bar");
    print(&places.iter().map(|place| format!("{}: {bars} of {}\n", place.display(), recipe.info().name)).collect::<String>())
}

/// `prices.csv`, or `prices_2.csv` for the second of several.
fn place(out: &Path, count: usize, number: usize) -> PathBuf {
    if count == 1 {
        return out.to_owned();
    }
    let name = file_name(out);
    let (stem, ending) = name.split_once('.').unwrap_or((&name, ""));
    out.with_file_name(format!("{stem}_{number}.{ending}"))
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A form that can be written, and no other file's manifest in the way.
fn check_place(place: &Path) -> Result<()> {
    Container::of(place)?;
    Manifest::beside(place).map(|_| ())
}

/// The manifest, and the path of regimes under the same name; neither takes the place of a neighbour's.
fn write_beside(place: &Path, written: &Written<'_>, synthetic: &Synthetic) -> Result<()> {
    let text = toml::to_string(written).map_err(|e| Error::Failed(format!("the manifest has no TOML form: {e}")))?;
    let text = format!("# Synthetic prices: how they were made, and what is known of them.\n{text}");
    let path = Manifest::place_beside(place);
    write_text(&path, &text)?;
    if synthetic.regimes.is_empty() {
        return Ok(());
    }
    let mut rows = String::from("timestamp,regime\n");
    for (at, regime) in synthetic.bars.opened_at().iter().zip(&synthetic.regimes) {
        writeln!(rows, "{at},{}", REGIMES[usize::from(*regime)]).expect("a string takes any text");
    }
    write_text(&path.with_file_name(file_name(&path).replace("manifest.toml", "regimes.csv")), &rows)
}
