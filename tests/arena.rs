//! An arena plays a set of parameters as a backtest does, on the rows it is told, whatever was played before or beside it.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cthulu_lab::{
    broker::{Fills, Venue},
    engine::{Account, Days},
    experiment::{Experiment, Spec, Watchers},
    market::{Bars, Calendar, Instrument, InstrumentId, Quoting},
    risk::{Limits, Lots, Sizing},
    rule::StrategyFile,
    strategy::STRATEGIES,
    walk::{Arena, AtEnd, Entrant, Played, Prices, Setup, Span},
};
use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use crate::stage::hourly;

fn none() -> BTreeMap<String, f64> {
    BTreeMap::new()
}

fn span(scored: std::ops::Range<usize>, at_end: AtEnd) -> Span {
    Span { scored, at_end }
}

fn experiment(strategy: &str, more: &str) -> Experiment {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/eurusd_h1_2017.csv.gz");
    let text = format!(
        "strategy = \"{strategy}\"\n[[data]]\npath = '{}'\n[costs]\nspread = 10.0\ncommission_fraction = 0.00002\n{more}",
        path.display()
    );
    Experiment::new(Spec::parse(&text, Path::new("arena.toml")).unwrap()).unwrap()
}

/// Buys when the close is above the mean of the last `n`, and sells when it is below.
const ABOVE_MEAN: &str = "name = 'above'\nabout = 'A test.'\n[params]\nn = { default = 3, min = 1, max = 50, step = 1 }\n\
    [long]\nenter = 'close > sma(close, n)'\nexit = 'close < sma(close, n)'\n";

/// All of 1,000 in units of one instrument per series, without costs.
fn small(series: Vec<Arc<Bars>>, strategy: &str) -> Arena {
    let days = Days { calendar: Calendar::RoundTheClock, timeframe: series[0].timeframe() };
    let instruments: Vec<Instrument> = (0..series.len()).map(|i| Instrument::fractional(format!("I{i}"))).collect();
    let venue = Venue { quoting: Quoting { spread: Some(0.0), ..Quoting::default() }, ..Venue::default() };
    let file = StrategyFile::parse(strategy, "small.toml").unwrap();
    let share = 1.0 / series.len() as f64;
    let entrants = (0..series.len()).map(|i| Entrant { file: file.clone(), instrument: InstrumentId(i as u16), weight: share }).collect();
    let account = Account {
        cash: 1000.0,
        sizing: Sizing::Fraction(1.0),
        lots: Lots::Fractional,
        limits: Limits::default(),
        instruments: instruments.clone(),
        gaps: Vec::new(),
        close_at_end: false,
    };
    let prices = series.into_iter().zip(instruments).map(|(bars, instrument)| Prices { bars, instrument, venue: venue.clone() }).collect();
    Arena::new(Setup { prices, entrants, account, leverage: 1.0, fills: Fills::default(), days }).unwrap()
}

/// Closes as given, each bar opening where the last closed.
fn closes(closes: &[f64]) -> Arc<Bars> {
    let mut open = closes[0];
    let bar = |close: &f64| {
        let bar = [open, open.max(*close), open.min(*close), *close];
        open = *close;
        bar
    };
    hourly(&closes.iter().map(bar).collect::<Vec<_>>())
}

#[test]
fn the_whole_span_gives_the_figures_of_a_backtest() {
    let mut trades = 0;
    for (name, _) in STRATEGIES {
        for (more, at_end) in [("[fills]\nclose_at_end = true\n", AtEnd::Close), ("[fills]\nmarket = \"close\"\n", AtEnd::Carry)] {
            let experiment = experiment(name, more);
            let outcome = experiment.run(Watchers::Off).unwrap();
            let arena = experiment.arena().unwrap();
            let played = arena.play(&none(), &span(0..arena.rows(), at_end)).unwrap();
            assert_eq!(played.metrics, outcome.metrics, "{name}");
            let pnls: Vec<f64> = outcome.run.trades.iter().map(|trade| trade.pnl).collect();
            assert_eq!(played.trade_pnls, pnls, "{name}");
            assert_eq!((played.costs, played.final_equity), (outcome.costs, outcome.run.book.equity()), "{name}");
            assert_eq!(played.day_returns.map(|days| days.len()), Some(outcome.day_rows.len()), "{name}");
            trades += pnls.len();
        }
    }
    assert!(trades > 500, "{trades}: strategies that do not trade prove nothing");
}

#[test]
fn every_set_of_parameters_is_scored_on_the_same_rows() {
    let arena = experiment("sma_crossover", "").arena().unwrap();
    let rows = 2000..3000;
    for slow in [20.0, 300.0] {
        let params = BTreeMap::from([("slow".to_owned(), slow)]);
        let played = arena.play(&params, &span(rows.clone(), AtEnd::Close)).unwrap();
        assert_eq!(played.metrics.bars, 1000);
        assert!(played.metrics.trades > 0);
    }
}

#[test]
fn rows_before_the_span_are_read_and_not_traded() {
    // Means of three: 11 at row 2, then 12, 13, 14; every close is above its mean, so the rule holds at each row from the third on.
    let arena = small(vec![closes(&[10.0, 11.0, 12.0, 13.0, 14.0, 16.0])], ABOVE_MEAN);
    let played = arena.play(&none(), &span(3..6, AtEnd::Close)).unwrap();
    // Decided at the first scored close, 13; bought at the next open, 13; closed at the last close, 16: 1,000/13 · 3.
    assert_eq!(played.trade_pnls, [1000.0 / 13.0 * 3.0]);
    assert_eq!((played.metrics.bars, played.metrics.exposure_fraction), (3, Some(2.0 / 3.0)));
    // With a mean of five the first value stands at row 4, the rows before the span counted.
    let late = arena.play(&BTreeMap::from([("n".to_owned(), 5.0)]), &span(3..6, AtEnd::Close)).unwrap();
    assert_eq!(late.trade_pnls, [1000.0 / 14.0 * 2.0]);
}

#[test]
fn a_position_at_the_end_is_closed_or_carried() {
    let arena = small(vec![closes(&[10.0, 11.0, 12.0, 13.0, 14.0, 16.0])], ABOVE_MEAN);
    let carried = arena.play(&none(), &span(0..5, AtEnd::Carry)).unwrap();
    // Bought at 12, the open after the third close; marked at 14.
    assert_eq!((carried.open_positions, carried.trade_pnls.len(), carried.final_equity), (1, 0, 1000.0 + 1000.0 / 12.0 * 2.0));
    let closed = arena.play(&none(), &span(0..5, AtEnd::Close)).unwrap();
    assert_eq!((closed.open_positions, closed.final_equity), (0, carried.final_equity));
    assert_eq!(closed.trade_pnls, [1000.0 / 12.0 * 2.0]);
}

#[test]
fn other_instruments_play_the_bars_of_the_same_time() {
    let (a, b) = (closes(&[10.0, 11.0, 12.0, 13.0, 14.0, 16.0]), closes(&[20.0, 22.0, 24.0, 26.0, 28.0, 32.0]));
    let both = small(vec![Arc::clone(&a), Arc::new(b.slice(1..6))], ABOVE_MEAN);
    let played = both.play(&none(), &span(3..5, AtEnd::Carry)).unwrap();
    // Two rows of each; both held from the open of row 4 at half the money: 500/13 · 1 + 500/26 · 2, and as much for the other.
    assert_eq!((played.metrics.bars, played.open_positions), (4, 2));
    assert!((played.final_equity - (1000.0 + 500.0 / 13.0 + 500.0 / 26.0 * 2.0)).abs() < 1e-9, "{}", played.final_equity);
    let whole = both.play(&none(), &span(0..6, AtEnd::Carry)).unwrap();
    assert_eq!(whole.metrics.bars, 11);
}

#[test]
fn plays_side_by_side_give_what_plays_in_turn_give() {
    let arena = experiment("rsi_reversal", "").arena().unwrap();
    let play = |i: u32| {
        let params = BTreeMap::from([("rsi_bars".to_owned(), f64::from(5 + i % 9)), ("stop_atr".to_owned(), 1.0 + f64::from(i) / 20.0)]);
        arena.play(&params, &span(500..3500, AtEnd::Close)).unwrap()
    };
    let in_turn: Vec<Played> = (0..24).map(play).collect();
    let beside: Vec<Played> = (0..24_u32).into_par_iter().map(play).collect();
    assert_eq!(in_turn, beside);
    assert!(in_turn.iter().any(|played| played != &in_turn[0]));
}

#[test]
fn what_cannot_be_played_is_refused_with_a_remedy() {
    let arena = small(vec![closes(&[10.0, 11.0, 12.0])], ABOVE_MEAN);
    let told = |params: &[(&str, f64)], rows| {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        arena.play(&params, &span(rows, AtEnd::Close)).unwrap_err().to_string()
    };
    assert!(told(&[("m", 3.0)], 0..3).contains("no strategy has a parameter 'm'"));
    assert!(told(&[("n", 51.0)], 0..3).contains("51 is outside 1 to 50"));
    for rows in [2..2, 1..4] {
        assert!(told(&[], rows).contains("are no span of 3 rows"));
    }
    assert_eq!(arena.warmup_bars(&BTreeMap::from([("n".to_owned(), 7.0)])).unwrap(), 7);
}
