//! Strategies that see ahead are caught, however they do it; honest ones are not.

use std::sync::{Arc, Mutex};

use cthulu_lab::{
    broker::Venue,
    experiment::{DataSpec, Experiment, Spec},
    market::{Bar, Bars, Instrument, Quoting, Side},
    seed::Seed,
    strategy::{Context, Entry, STRATEGIES, Strategy},
    time::{HOUR, Nanos, Timeframe},
    walk::{Leak, Lookahead, Prices, lookahead},
};
use rand_chacha::rand_core::Rng;

use crate::cli::{Scratch, lab};

/// A random walk of hourly bars.
fn walk(rows: usize) -> Prices {
    let mut generator = Seed::new(3).generator();
    let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
    let mut price = 100.0;
    for i in 0..rows as i64 {
        let close = price * (1.0 + ((generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 0.01);
        let (opened_at, closed_at) = (Nanos(i * HOUR), Nanos((i + 1) * HOUR));
        let (high, low) = (f64::max(price, close), f64::min(price, close));
        bars.push(&Bar { opened_at, closed_at, open: price, high, low, close, volume: 1.0, ..Bar::default() });
        price = close;
    }
    let venue = Venue { quoting: Quoting { spread: Some(0.0), ..Quoting::default() }, ..Venue::default() };
    Prices { bars: Arc::new(bars), instrument: Instrument::fractional("X"), venue }
}

/// Enters in the direction that a function of the row and the bar says.
struct Says<F> {
    says: F,
    row: usize,
}

impl<F: FnMut(usize, &Bar) -> Option<Side>> Strategy for Says<F> {
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        if let Some(side) = (self.says)(self.row, bar) {
            ctx.enter(Entry::market(side));
        }
        self.row += 1;
    }
}

fn says(says: impl FnMut(usize, &Bar) -> Option<Side> + 'static) -> Box<dyn Strategy> {
    Box::new(Says { says, row: 0 })
}

/// The direction from this close to that.
fn towards(bar: &Bar, next: Option<f64>) -> Option<Side> {
    next.map(|next| if next > bar.close { Side::Buy } else { Side::Sell })
}

fn found(make: impl Fn(&Arc<Bars>) -> Box<dyn Strategy>) -> Lookahead {
    lookahead(&walk(2000), &|bars| Ok(make(bars)), Seed::new(7)).unwrap()
}

#[test]
fn a_strategy_that_reads_the_next_bar_of_its_data_is_caught_where_it_decides_by_it() {
    let peeking = found(|bars| {
        let bars = Arc::clone(bars);
        says(move |row, bar| towards(bar, bars.close().get(row + 1).copied()))
    });
    let Some(Leak::Truncation { cut, difference }) = peeking.leak else { panic!("{peeking:?}") };
    // The last row before the cut is the first that misses its next bar: 2,000 / 25 = 80.
    assert_eq!((cut, difference.row, difference.otherwise.as_str()), (80, 79, "nothing"));
    assert!(difference.whole.starts_with("enter "), "{difference:?}");
}

#[test]
fn one_that_looks_at_the_future_as_a_whole_is_caught() {
    // Buys below the mean of all of the data, which no one knows yet.
    let normalised = found(|bars| {
        let mean = bars.close().iter().sum::<f64>() / bars.len() as f64;
        says(move |_, bar| Some(if bar.close < mean { Side::Buy } else { Side::Sell }))
    });
    assert!(matches!(normalised.leak, Some(Leak::Truncation { .. })), "{normalised:?}");
}

#[test]
fn one_whose_length_gives_the_cut_away_is_caught_by_another_future() {
    // Plays honestly unless all of the data is there.
    let careful = found(|bars| {
        let bars = Arc::clone(bars);
        says(move |row, bar| if bars.len() == 2000 { towards(bar, bars.close().get(row + 1).copied()) } else { None }.or(Some(Side::Buy)))
    });
    assert!(careful.leak.is_some(), "{careful:?}");
}

#[test]
fn one_that_keeps_the_real_future_outside_its_data_is_caught_in_another_market() {
    // Whatever it is shown, it remembers this.
    let real = walk(2000).bars;
    let oracle = found(|_| {
        let real = Arc::clone(&real);
        says(move |row, _| {
            let (now, next) = (real.close().get(row)?, real.close().get(row + 1)?);
            Some(if next > now { Side::Buy } else { Side::Sell })
        })
    });
    let Some(Leak::OtherMarket { entries, standard_errors }) = oracle.leak else { panic!("{oracle:?}") };
    assert!(entries > 500 && standard_errors > 10.0, "{entries} {standard_errors}");
}

#[test]
fn one_that_remembers_an_earlier_run_in_shared_state_is_caught() {
    let seen: Arc<Mutex<Vec<f64>>> = Arc::default();
    let remembering = found(|_| {
        let seen = Arc::clone(&seen);
        says(move |row, bar| {
            let mut seen = seen.lock().unwrap();
            if seen.len() <= row {
                seen.push(bar.close);
            }
            towards(bar, seen.get(row + 1).copied())
        })
    });
    assert!(matches!(remembering.leak, Some(Leak::Repetition(_))), "{remembering:?}");
}

#[test]
fn an_honest_strategy_in_rust_passes() {
    let honest = found(|_| {
        let mut last = None;
        says(move |_, bar| last.replace(bar.close).map(|last| if bar.close > last { Side::Buy } else { Side::Sell }))
    });
    assert_eq!(honest.leak, None);
    assert!(honest.decisions == 1999 && honest.cuts.len() == 24 && honest.entries_elsewhere > 1000, "{honest:?}");
}

#[test]
fn every_shipped_strategy_passes_on_real_prices() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/eurusd_h1_2017.csv.gz");
    for (name, _) in STRATEGIES {
        let spec = Spec::of("x", *name, vec![DataSpec::of(path.display().to_string())]);
        let found = Experiment::new(spec).unwrap().lookahead(Seed::new(7)).unwrap();
        assert!(found.leak.is_none() && found.decisions > 0, "{name}: {found:?}");
    }
}

#[test]
fn the_command_says_what_was_tried_and_the_language_cannot_ask_for_the_future() {
    let output = lab(&["lookahead", "--strategy", "rsi_reversal", "--data", "datasets/eurusd_h1_2017.csv.gz"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && told.starts_with("rsi_reversal sees nothing ahead: its ") && told.contains(" on 6225 bars"),
        "{told}"
    );
    let scratch = Scratch::new("lookahead");
    for (rule, words) in [("close[-1] > close", "-1"), ("close[0 - 1] > close", "[0")] {
        let text = format!("name = \"ahead\"\nabout = \"A test.\"\n[long]\nenter = \"{rule}\"\n");
        let output = lab(&["lookahead", "--strategy", &scratch.file("ahead.toml", &text), "--data", "datasets/eurusd_h1_2017.csv.gz"]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && told.contains(words), "{rule}: {told}");
    }
}
