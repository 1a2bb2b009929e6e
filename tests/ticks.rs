//! Ticks that drive the engine: orders meet quotes, strategies meet completed bars, and the account adds up.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cthulu_lab::{
    data::{DayEnd, ReadOptions, TickSource, load, resample_ticks, write_csv, write_ticks_csv, write_ticks_parquet},
    event::{Event, Kind, Market, Record},
    experiment::{Experiment, Outcome, Spec, Watchers},
    feed::{Prices, TickReplay},
    market::{Bar, Bars, Calendar, ExitReason, FillKind, InstrumentId, OrderId, OrderKind, Quoting, Side, Ticks},
    portfolio::{Booked, Ledger},
    risk::Sizing,
    seed::Seed,
    strategy::{Context, Entry, RuleStrategy, STRATEGIES, Strategy as _},
    time::{MINUTE, Nanos, SECOND, Timeframe},
};
use proptest::prelude::*;
use rand_chacha::rand_core::Rng;

use crate::{
    cli::{Scratch, lab},
    stage::{Played, Stage, buy, seat, sell},
};

fn minute() -> Timeframe {
    "1m".parse().unwrap()
}

/// Ticks at these seconds with these bids; the ask is half above.
fn quoted(rows: &[(f64, f64)]) -> Arc<Ticks> {
    let at = rows.iter().map(|(seconds, _)| Nanos((seconds * 1e3) as i64 * (SECOND / 1000))).collect();
    Arc::new(Ticks::from_columns(at, rows.iter().map(|r| r.1).collect(), rows.iter().map(|r| r.1 + 0.5).collect()))
}

fn minutes(ticks: &Ticks) -> Arc<Bars> {
    Arc::new(resample_ticks(ticks, minute(), DayEnd::Utc).unwrap())
}

/// An account that trades the bars of some ticks at their own quotes, ten units a deal.
fn stage(ticks: &[Arc<Ticks>]) -> Stage {
    let mut stage = Stage::new(ticks.iter().map(|t| minutes(t)).collect());
    stage.quoting = Quoting::default();
    stage.account.sizing = Sizing::Lots(1.0);
    stage
}

fn play(stage: &Stage, ticks: &[Arc<Ticks>], seats: Vec<cthulu_lab::engine::Seat>) -> Played {
    let prices: Vec<_> =
        ticks.iter().zip(&stage.bars).map(|(t, b)| Prices::Ticks(TickSource::held(Arc::clone(t)), Arc::clone(b))).collect();
    stage.play_feed(seats, Box::new(TickReplay::new(&prices).unwrap()))
}

fn at_first_bar(entry: Entry) -> impl FnMut(usize, &mut Context<'_>, &Bar) {
    move |row, ctx, _| {
        if row == 0 {
            ctx.enter(entry.clone());
        }
    }
}

#[test]
fn a_market_order_fills_at_the_next_tick_on_its_own_side_of_the_quote() {
    let ticks = [quoted(&[(1.0, 100.0), (61.0, 102.0), (62.0, 103.0), (121.0, 104.0), (122.0, 105.0)])];
    let stage = stage(&ticks);
    let script = |row: usize, ctx: &mut Context<'_>, _: &Bar| match row {
        0 => ctx.enter(buy()),
        1 => ctx.exit(),
        _ => {}
    };
    let played = play(&stage, &ticks, vec![seat(0, script)]);
    // In at the ask of the tick at 61 s, 102.5; out at the bid of that at 121 s.
    assert_eq!(played.prices(), [102.5, 104.0]);
    assert_eq!(played.fills().iter().map(|f| f.at.0 / SECOND).collect::<Vec<_>>(), [61, 121]);
    let trade = &played.run.trades[0];
    // Best: sold at 103 for 0.5; worst: sold at once for the spread. The third minute never saw the position.
    assert_eq!((trade.pnl, trade.mfe, trade.mae, trade.bars), (1.5, 1.5, -0.5, 1));
    assert_eq!((played.run.bars, played.run.exposed_bars, played.run.ambiguous_bars), (3, 1, 0));
    // One row a completed bar: 1,000; marked at 103; 1,001.5 in cash.
    let curve = &played.run.curve;
    assert_eq!(curve.at().iter().map(|at| at.0 / MINUTE).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((curve.equity(), curve.cash()), (&[1000.0, 1000.5, 1001.5][..], &[1000.0, 1000.0, 1001.5][..]));
}

#[test]
fn ticks_tell_which_of_stop_and_target_came_first_where_a_bar_cannot() {
    // The target at 110 is quoted before the stop at 95, within one minute.
    let ticks = [quoted(&[(1.0, 100.0), (61.0, 100.0), (70.0, 111.0), (80.0, 94.0), (121.0, 100.0)])];
    let stage = stage(&ticks);
    let entry = Entry { stop_loss: Some(95.0), take_profit: Some(110.0), ..buy() };
    let by_ticks = play(&stage, &ticks, vec![seat(0, at_first_bar(entry.clone()))]);
    assert_eq!((by_ticks.reasons(), by_ticks.prices()), (vec![ExitReason::TakeProfit], vec![100.5, 111.0]));
    assert_eq!((by_ticks.run.trades[0].closed_at, by_ticks.run.ambiguous_bars), (Nanos(70 * SECOND), 0));
    assert_eq!(by_ticks.run.exposed_bars, 1);
    let by_bars = stage.play(vec![seat(0, at_first_bar(entry))]);
    assert_eq!((by_bars.reasons(), by_bars.run.ambiguous_bars), (vec![ExitReason::StopLoss], 1));
}

#[test]
fn a_bars_extremes_before_the_entry_are_not_the_positions() {
    // A sell limit at 105 is met at 70 s; the minute's low of 90 came before, and its high of 105 with it.
    let ticks = [quoted(&[(1.0, 100.0), (61.0, 90.0), (70.0, 105.25), (80.0, 104.0), (121.0, 103.0)])];
    let stage = stage(&ticks);
    let entry = Entry { order: OrderKind::Limit(105.0), ..sell() };
    let played = play(&stage, &ticks, vec![seat(0, at_first_bar(entry))]);
    let [position] = played.run.book.positions() else { panic!("one position is open") };
    // Sold at 105.25, bought back at 103.5 at best and at 105.75, the ask of its own tick, at worst.
    assert_eq!((position.entry, position.opened_at), (105.25, Nanos(70 * SECOND)));
    assert_eq!((position.best_pnl, position.worst_pnl, position.best_price, position.bars), (1.75, -0.5, 103.5, 2));
}

#[test]
fn stops_fill_at_the_quote_that_jumped_over_them() {
    let ticks = [quoted(&[(1.0, 100.0), (61.0, 100.0), (62.0, 91.0), (121.0, 99.0)])];
    let stage = stage(&ticks);
    let played = play(&stage, &ticks, vec![seat(0, at_first_bar(Entry { stop_loss: Some(95.0), ..buy() }))]);
    assert_eq!((played.reasons(), played.prices()), (vec![ExitReason::StopLoss], vec![100.5, 91.0]));
}

#[test]
fn a_fixed_spread_takes_the_place_of_the_quoted_one() {
    let ticks = [quoted(&[(1.0, 100.0), (61.0, 100.0), (121.0, 100.0)])];
    let mut stage = stage(&ticks);
    stage.quoting.spread = Some(2.0);
    let played = play(&stage, &ticks, vec![seat(0, at_first_bar(buy()))]);
    assert_eq!((played.prices(), played.run.book.equity()), (vec![102.0], 998.0));
}

/// A walk of quotes with a spread that breathes, some milliseconds to seconds apart.
fn walk(seed: u64, count: usize) -> Ticks {
    let mut generator = Seed::new(seed).generator();
    let mut below = |n: u64| generator.next_u64() % n;
    let (mut at, mut points) = (1_398_902_400_000_000_000_i64, 138_000_i64);
    let (mut times, mut bids, mut asks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..count {
        at += (1 + below(2000) as i64) * 1_000_000 + if below(500) == 0 { 600 * SECOND } else { 0 };
        points += below(9) as i64 - 4;
        times.push(Nanos(at));
        bids.push(points as f64 / 1e5);
        asks.push((points + 8 + below(5) as i64) as f64 / 1e5);
    }
    Ticks::from_columns(times, bids, asks)
}

fn signals(played: &Played) -> Vec<(Nanos, Kind)> {
    let is_told = |event: &&Event| matches!(event.kind, Kind::SignalGenerated(_));
    played.events.iter().filter(is_told).map(|event| (event.at, event.kind.clone())).collect()
}

#[test]
fn a_run_on_ticks_and_one_on_their_bars_agree_on_every_signal_and_price() {
    let ticks = [Arc::new(walk(3, 60_000))];
    let stage = stage(&ticks);
    let text = STRATEGIES.iter().find(|(name, _)| *name == "sma_crossover").unwrap().1;
    let file = cthulu_lab::rule::StrategyFile::parse(text, "sma_crossover.toml").unwrap();
    let rules = || {
        let mut strategy = RuleStrategy::new(file.compile_for(minute(), Calendar::RoundTheClock).unwrap());
        strategy.prepare(&stage.bars[0]);
        vec![cthulu_lab::engine::Seat { strategy: Box::new(strategy), instrument: InstrumentId(0), weight: 1.0 }]
    };
    let (by_ticks, by_bars) = (play(&stage, &ticks, rules()), stage.play(rules()));
    assert!(signals(&by_ticks).len() > 20, "{}", signals(&by_ticks).len());
    assert_eq!(signals(&by_ticks), signals(&by_bars));
    // The next tick is the next bar's open: the prices agree as well, and with them every equity at a close.
    assert_eq!(by_ticks.prices(), by_bars.prices());
    assert_eq!(by_ticks.run.curve, by_bars.run.curve);
    assert_eq!(by_ticks.run.exposed_bars, by_bars.run.exposed_bars);
    let held = |played: &Played| played.run.trades.iter().map(|t| (t.pnl, t.mae, t.mfe, t.bars)).collect::<Vec<_>>();
    assert_eq!(held(&by_ticks), held(&by_bars));
}

/// What a strategy does at one bar; prices are quarters away from the close.
type Wish = (u8, i32, Option<i32>, Option<i32>);

fn act((what, away, stop, target): Wish, ctx: &mut Context<'_>, bar: &Bar) {
    let price = |quarters: i32| bar.close + f64::from(quarters) * 0.25;
    let side = if what % 2 == 0 { Side::Buy } else { Side::Sell };
    let sign = if side == Side::Buy { 1 } else { -1 };
    let entry = |order, from: i32| {
        let (stop_loss, take_profit) = (stop.map(|s| price(from - sign * s)), target.map(|t| price(from + sign * t)));
        Entry { order, stop_loss, take_profit, ..Entry::market(side) }
    };
    match what {
        0 | 1 => ctx.enter(entry(OrderKind::Market, 0)),
        2 | 3 if away * sign > 0 => ctx.enter(entry(OrderKind::Stop(price(away)), away)),
        2 | 3 => ctx.enter(entry(OrderKind::Limit(price(away)), away)),
        4 => ctx.exit(),
        5 => ctx.move_stop(price(away)),
        6 => ctx.withdraw(),
        _ => {}
    }
}

/// Ticks of two instruments, ten to thirty a minute, and a script for each.
fn case() -> impl Strategy<Value = (Vec<Arc<Ticks>>, Vec<Vec<Wish>>, f64)> {
    let step = (1..9_000_i64, prop_oneof![9 => -2..=2_i32, 1 => -20..=20_i32], 0..=2_i32);
    let ticks = prop::collection::vec(step, 30..250).prop_map(|steps| {
        let (mut at, mut quarters) = (0, 400);
        let (mut times, mut bids, mut asks) = (Vec::new(), Vec::new(), Vec::new());
        for (milliseconds, move_by, distance) in steps {
            at += milliseconds * (SECOND / 1000);
            quarters = (quarters + move_by).max(80);
            times.push(Nanos(at));
            bids.push(f64::from(quarters) * 0.25);
            asks.push(f64::from(quarters + distance) * 0.25);
        }
        Arc::new(Ticks::from_columns(times, bids, asks))
    });
    let script = prop::collection::vec((0..12_u8, -6..=6_i32, prop::option::of(1..=12_i32), prop::option::of(1..=12_i32)), 40);
    (prop::collection::vec(ticks, 1..=2), prop::collection::vec(script, 2), prop_oneof![Just(1.0), Just(5.0)])
}

/// Cash and positions kept by nothing but fills and quotes, compared at every completed moment.
fn cash_and_unrealised_are_equity(played: &Played) {
    let (mut cash, mut row) = (1000.0, 0);
    let mut open: BTreeMap<OrderId, (Side, f64, f64, InstrumentId)> = BTreeMap::new();
    let mut quotes = BTreeMap::new();
    let ends = played.moments.iter().skip(1).map(|(_, told)| *told).chain([played.events.len()]);
    for ((market, start), end) in played.moments.iter().zip(ends) {
        if let Market::Tick(instrument, tick) = market {
            quotes.insert(*instrument, *tick);
        }
        for event in &played.events[*start..end] {
            let Kind::OrderFilled(fill) = &event.kind else { continue };
            let Market::Tick(instrument, tick) = market else { panic!("{fill:?} at {market:?}: only ticks fill") };
            let dealt = if fill.side == Side::Buy { tick.ask } else { tick.bid };
            assert_eq!((fill.instrument, fill.at, fill.inside_bar, fill.ambiguous), (*instrument, tick.at, false, false));
            assert_eq!(fill.price, dealt, "a deal is done at the quote");
            match fill.kind {
                FillKind::Open { .. } => assert!(open.insert(fill.order, (fill.side, fill.price, fill.lots, fill.instrument)).is_none()),
                FillKind::Close(ticket, _) => {
                    let (side, price, lots, _) = open.remove(&ticket.0).unwrap();
                    cash += side.sign() * (fill.price - price) * lots;
                }
            }
        }
        if let Market::Completion { more: false, bar, .. } = market {
            let unrealised = open.values().map(|(side, price, lots, instrument)| {
                let quote = quotes[instrument];
                side.sign() * (if *side == Side::Buy { quote.bid } else { quote.ask } - price) * lots
            });
            let equity: f64 = cash + unrealised.sum::<f64>();
            assert_eq!(played.run.curve.at()[row], bar.closed_at);
            assert!((played.run.curve.equity()[row] - equity).abs() < 1e-9 * (1.0 + equity.abs()), "row {row}: by hand {equity}");
            assert!((played.run.curve.cash()[row] - cash).abs() < 1e-9 * (1.0 + cash.abs()), "row {row}: by hand {cash}");
            row += 1;
        }
    }
    assert_eq!(row, played.run.curve.len());
    let pnl: f64 = played.run.trades.iter().map(|t| t.pnl).sum();
    assert!((1000.0 + pnl - played.run.book.cash()).abs() < 1e-9 * (1.0 + pnl.abs()));
}

fn the_ledger_comes_back_from_the_lines(played: &Played) {
    let mut book = Ledger::new(1000.0, &played.names.contract_sizes);
    let mut closed = 0;
    for line in played.lines() {
        let Some(fill) = Record::parse(&line).unwrap().as_fill(&played.names) else { continue };
        closed += usize::from(matches!(book.apply(&fill), Booked::Closed(_)));
    }
    assert_eq!(book.cash().to_bits(), played.run.book.cash().to_bits());
    assert_eq!((closed, book.positions().len()), (played.run.trades.len(), played.run.book.positions().len()));
}

/// Nobody lives through a quote beyond his stop or his target, and extremes are those of the quotes seen while open.
fn stops_and_targets_are_met_and_extremes_are_the_quotes(stage: &Stage, played: &Played) {
    struct Held {
        side: Side,
        instrument: InstrumentId,
        entry: f64,
        lots: f64,
        stop: Option<f64>,
        target: Option<f64>,
        worst: f64,
        best: f64,
    }
    let mut held: BTreeMap<OrderId, Held> = BTreeMap::new();
    let mut trades = played.run.trades.iter();
    let ends = played.moments.iter().skip(1).map(|(_, told)| *told).chain([played.events.len()]);
    for ((market, start), end) in played.moments.iter().zip(ends) {
        for event in &played.events[*start..end] {
            match &event.kind {
                Kind::OrderFilled(fill) => match fill.kind {
                    FillKind::Open { stop_loss: stop, take_profit: target } => {
                        let (side, instrument, entry, lots) = (fill.side, fill.instrument, fill.price, fill.lots);
                        held.insert(fill.order, Held { side, instrument, entry, lots, stop, target, worst: 0.0, best: 0.0 });
                    }
                    FillKind::Close(ticket, _) => {
                        let was = held.remove(&ticket.0).unwrap();
                        let pnl = was.side.sign() * (fill.price - was.entry) * was.lots;
                        let trade = trades.next().unwrap();
                        assert_eq!((trade.mae, trade.mfe), (was.worst.min(pnl), was.best.max(pnl)), "{trade:?}");
                    }
                },
                Kind::SlTpUpdated { ticket, stop_loss, .. } => held.get_mut(&ticket.0).unwrap().stop = *stop_loss,
                _ => {}
            }
        }
        let Market::Tick(instrument, tick) = market else { continue };
        for was in held.values_mut().filter(|was| was.instrument == *instrument) {
            let (sign, price) = (was.side.sign(), if was.side == Side::Buy { tick.bid } else { tick.ask });
            assert!(was.stop.is_none_or(|stop| sign * (price - stop) > 0.0), "held beyond its stop at {tick:?}");
            assert!(was.target.is_none_or(|target| sign * (price - target) <= 0.0), "held beyond its target at {tick:?}");
            let pnl = sign * (price - was.entry) * was.lots;
            (was.worst, was.best) = (was.worst.min(pnl), was.best.max(pnl));
        }
    }
    assert!(trades.next().is_none());
    let bars: usize = stage.bars.iter().map(|bars| bars.len()).sum();
    assert_eq!(played.run.bars, bars as u64);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn every_run_on_ticks_reconciles((ticks, scripts, leverage) in case()) {
        let mut stage = stage(&ticks);
        stage.leverage = leverage;
        let seats = || (0_u16..).zip(&ticks).zip(scripts.clone()).map(|((i, _), script)| {
            seat(i, move |row, ctx, bar| act(script.get(row).copied().unwrap_or((9, 0, None, None)), ctx, bar))
        }).collect::<Vec<_>>();
        let played = play(&stage, &ticks, seats());
        prop_assert!(played.events.iter().zip(1..).all(|(event, seq)| event.seq == seq));
        prop_assert!(played.events.windows(2).all(|w| w[0].at <= w[1].at));
        cash_and_unrealised_are_equity(&played);
        the_ledger_comes_back_from_the_lines(&played);
        stops_and_targets_are_met_and_extremes_are_the_quotes(&stage, &played);
        prop_assert_eq!(played.lines(), play(&stage, &ticks, seats()).lines());
    }
}

fn experiment(path: &str, more: &str) -> cthulu_lab::error::Result<Experiment> {
    let text =
        format!("strategy = \"sma_crossover\"\n[params]\nfast = 5\nslow = 20\n[[data]]\npath = '{path}'\nsymbol = \"EURUSD\"\n{more}");
    Experiment::new(Spec::parse(&text, Path::new("ticks.toml")).unwrap())
}

fn run(path: &str, more: &str) -> Outcome {
    experiment(path, more).unwrap_or_else(|e| panic!("{e}")).run(Watchers::Off).unwrap()
}

#[test]
fn an_experiment_runs_on_a_file_of_ticks_and_gives_what_its_bars_give() {
    let scratch = Scratch::new("tick-experiment");
    let ticks = walk(5, 40_000);
    let [csv, parquet, bars] = ["ticks.csv.gz", "ticks.parquet", "bars.csv"].map(|name| scratch.0.join(name));
    write_ticks_csv(&ticks, &csv).unwrap();
    write_ticks_parquet(&ticks, &parquet).unwrap();
    write_csv(&minutes(&ticks), &bars).unwrap();
    let [csv, parquet, bars] = [csv, parquet, bars].map(|path| path.to_str().unwrap().to_owned());
    let by_bars = run(&bars, "");
    assert!(by_bars.metrics.trades > 10, "{}", by_bars.metrics.trades);
    for path in [&csv, &parquet] {
        let by_ticks = run(path, "timeframe = \"1m\"\n");
        assert_eq!(by_ticks.run.curve, by_bars.run.curve, "{path}");
        assert_eq!(by_ticks.metrics, by_bars.metrics, "{path}");
        assert_eq!(by_ticks.benchmark, by_bars.benchmark, "{path}");
    }
    // A span that cuts a minute in two takes whole minutes only, on either.
    let span = "from = \"2014-05-01T01:00:30Z\"\nto = \"2014-05-01T20:30:00Z\"\n";
    let (by_ticks, by_bars) = (run(&parquet, &format!("timeframe = \"1m\"\n{span}")), run(&bars, span));
    assert!(by_bars.metrics.trades > 3);
    assert_eq!(by_ticks.run.curve, by_bars.run.curve);
}

#[test]
fn a_file_of_ticks_needs_the_length_of_the_bars() {
    let scratch = Scratch::new("tick-length");
    for name in ["ticks.csv", "ticks.parquet"] {
        let path = scratch.0.join(name);
        if name.ends_with("csv") { write_ticks_csv(&walk(1, 50), &path) } else { write_ticks_parquet(&walk(1, 50), &path) }.unwrap();
        let problem = experiment(path.to_str().unwrap(), "").err().unwrap().to_string();
        assert!(problem.contains("holds ticks (bid, ask); name the bars that the strategy sees (timeframe = \"1m\")"), "{problem}");
    }
}

#[test]
fn a_run_on_ticks_is_written_and_reproduced() {
    let scratch = Scratch::new("tick-run");
    write_ticks_parquet(&walk(9, 20_000), &scratch.0.join("ticks.parquet")).unwrap();
    let text = format!("strategy = \"sma_crossover\"\n[[data]]\npath = '{}'\ntimeframe = \"1m\"\n", scratch.path("ticks.parquet"));
    let (file, run) = (scratch.file("ticks.toml", &text), scratch.path("run"));
    let done = lab(&["backtest", &file, "--out", &run]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told: serde_json::Value = serde_json::from_slice(&std::fs::read(Path::new(&run).join("run.json")).unwrap()).unwrap();
    let data = &told["manifest"]["data"][0];
    assert_eq!((data["ticks"].as_u64(), data["timeframe"].as_str()), (Some(20_000), Some("1m")));
    assert_eq!(data["rows"], told["metrics"]["bars"]);
    let again = lab(&["reproduce", &run]);
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stdout));
}

#[test]
fn parquet_is_read_by_its_row_groups_and_a_span_skips_the_others() {
    let scratch = Scratch::new("tick-groups");
    // A row group takes 262,144 rows or a few more, so these are three of 300,000.
    let ticks = walk(11, 900_000);
    let path = scratch.0.join("ticks.parquet");
    write_ticks_parquet(&ticks, &path).unwrap();
    let options = ReadOptions { timeframe: Some(minute()), ..ReadOptions::default() };
    let dataset = load(&path, &options).unwrap();
    assert_eq!(*dataset.bars, *minutes(&ticks));
    assert_eq!(dataset.sha256, cthulu_lab::data::sha256_hex(&std::fs::read(&path).unwrap()));
    let source = dataset.ticks.unwrap();
    let pieces = |source: &TickSource| source.stream().unwrap().map(Result::unwrap).map(|p| p.rows).collect::<Vec<_>>();
    assert_eq!(pieces(&source).iter().map(|rows| rows.len()).collect::<Vec<_>>(), [300_000; 3]);
    let span = source.between(ticks.at()[300_005], ticks.at()[300_010]);
    let [rows] = &pieces(&span)[..] else { panic!("one group holds the span") };
    assert_eq!(*rows, 5..10);
}

#[test]
fn a_crossed_quote_in_a_later_row_group_is_refused_with_its_row() {
    let scratch = Scratch::new("tick-crossed");
    let sound = walk(13, 600_000);
    let mut asks: Vec<f64> = sound.iter().map(|t| t.ask).collect();
    asks[400_000] = 1.0;
    let crossed = Ticks::from_columns(sound.at().to_vec(), sound.iter().map(|t| t.bid).collect(), asks);
    let path = scratch.0.join("ticks.parquet");
    write_ticks_parquet(&crossed, &path).unwrap();
    let options = ReadOptions { timeframe: Some(minute()), ..ReadOptions::default() };
    let problem = load(&path, &options).unwrap_err().to_string();
    assert!(problem.contains("row 400001, column ask: ask 1 is below bid"), "{problem}");
}

#[test]
fn a_file_that_changes_between_check_and_replay_ends_the_run_with_an_error() {
    let scratch = Scratch::new("tick-changed");
    let path = scratch.0.join("ticks.parquet");
    write_ticks_parquet(&walk(1, 5_000), &path).unwrap();
    let experiment = experiment(path.to_str().unwrap(), "timeframe = \"1m\"\n").unwrap();
    write_ticks_parquet(&walk(2, 5_000), &path).unwrap();
    let problem = experiment.run(Watchers::Off).err().unwrap().to_string();
    assert!(problem.ends_with("ticks.parquet: was changed while it was being replayed; run it again"), "{problem}");
}

#[test]
fn a_run_is_told_of_odd_spreads_in_ticks_whatever_their_file() {
    let scratch = Scratch::new("tick-spreads");
    // Two row groups; in the second one spread is 50 where the others are 0.5, and every third of the first is 0.
    let n = 600_000_i64;
    let at: Vec<Nanos> = (0..n).map(|i| Nanos(1_704_067_200 * SECOND + i * SECOND / 10)).collect();
    let bid = vec![1000.0; n as usize];
    let ask: Vec<f64> = (0..n)
        .map(|i| {
            1000.0
                + if i == 500_000 {
                    60.0
                } else if i < 30_000 && i % 3 == 0 {
                    0.0
                } else {
                    0.5
                }
        })
        .collect();
    let ticks = Ticks::from_columns(at, bid, ask);
    write_ticks_parquet(&ticks, &scratch.0.join("ticks.parquet")).unwrap();
    write_ticks_csv(&ticks, &scratch.0.join("ticks.csv")).unwrap();
    let told = |name: &str| {
        let options = ReadOptions { timeframe: Some(minute()), ..ReadOptions::default() };
        let path = scratch.0.join(name);
        let told = |findings: &[cthulu_lab::data::Finding], less: u64| {
            let odd =
                findings.iter().filter(|f| f.kind.ends_with("_spread")).map(|f| (f.kind, f.row.map(|row| row - less), f.message.clone()));
            odd.collect::<Vec<_>>()
        };
        // A CSV's rows count from its header.
        let header = u64::from(name.ends_with("csv"));
        let (run, checked) = (load(&path, &options).unwrap().findings, cthulu_lab::data::check(&path, &options).unwrap().findings);
        assert_eq!(told(&run, header), told(&checked, header), "{name}");
        told(&run, header)
    };
    let (stored, held) = (told("ticks.parquet"), told("ticks.csv"));
    assert_eq!(stored, held);
    let kinds: Vec<_> = stored.iter().map(|(kind, row, _)| (*kind, *row)).collect();
    assert_eq!(kinds, [("wide_spread", Some(500_001)), ("zero_spread", None)]);
    assert!(stored[1].2.starts_with("10000 of 600000 spreads are 0") && stored[0].2.starts_with("1 spread is over"), "{stored:?}");
}
