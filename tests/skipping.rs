//! Bars in which nothing can happen are passed, and nothing shows that they were: every figure is that of the loop stepped bar by bar.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use cthulu_lab::{
    broker::{Costs, Fills, MarketFill, Venue},
    data::{self, DateOrder, ReadOptions},
    engine::{Account, Days},
    market::{Bar, Bars, Calendar, Instrument, InstrumentId, Ohlc, PriceSide, Quoting},
    risk::{Limits, Lots, Sizing},
    rule::StrategyFile,
    seed::Seed,
    strategy::STRATEGIES,
    time::{HOUR, Nanos, Timeframe},
    walk::{Arena, AtEnd, Entrant, Prices, Setup, Span},
};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use rand_chacha::{ChaCha8Rng, rand_core::Rng};

fn uniform(generator: &mut ChaCha8Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A wandering price with gaps in price and in time; `swing` is the size of an hour's move, and with `quoted` the ask stands beside the bid.
fn generated(seed: u64, rows: usize, swing: f64, quoted: bool) -> Bars {
    let mut generator = Seed::new(seed).child("skipping").generator();
    let mut draw = || uniform(&mut generator);
    let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
    let (mut at, mut price, mut drift) = ("2020-01-06T00:00:00Z".parse::<Nanos>().unwrap(), 100.0, 0.0);
    for row in 0..rows {
        if row % 120 == 119 {
            at = at.plus(48 * HOUR);
            drift = (draw() - 0.5) * swing / 8.0;
        }
        let open = price * (1.0 + if draw() < 0.05 { (draw() - 0.5) * swing } else { 0.0 });
        let close = open * (1.0 + drift + (draw() - 0.5) * swing);
        let (high, low) = (open.max(close) * (1.0 + draw() * swing / 3.0), open.min(close) * (1.0 - draw() * swing / 3.0));
        let wider = |price: f64, by: f64| price * (1.0 + 2e-4 * (1.0 + by));
        let ask = Ohlc { open: wider(open, 0.1), high: wider(high, 0.3), low: wider(low, 0.1), close: wider(close, draw()) };
        let bar = Bar { opened_at: at, closed_at: at.plus(HOUR), open, high, low, close, volume: 100.0 * draw(), ..Bar::default() };
        bars.push(&Bar { ask: quoted.then_some(ask), ..bar });
        (at, price) = (at.plus(HOUR), close);
    }
    bars
}

fn euro() -> Bars {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets/eurusd_h1_2017.csv.gz");
    let options = ReadOptions { zone: Some(chrono_tz::UTC), date_order: Some(DateOrder::Dmy), ..ReadOptions::default() };
    Bars::clone(&data::load(&path, &options).unwrap().bars)
}

/// How an account trades.
#[derive(Clone, Debug)]
struct Terms {
    leverage: f64,
    sizing: Sizing,
    limits: Limits,
    market_fill: MarketFill,
    costs: Costs,
    calendar: Calendar,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            leverage: 1.0,
            sizing: Sizing::Fraction(1.0),
            limits: Limits::default(),
            market_fill: MarketFill::NextOpen,
            costs: Costs::default(),
            calendar: Calendar::Fx,
        }
    }
}

/// Ten ways to trade, from none of everything to too much of it.
fn terms() -> Vec<Terms> {
    let plain = Terms::default();
    let costs = Costs { commission_fraction: 0.0002, commission_per_order: 0.5, slippage: 0.001, ..Costs::default() };
    let drawdown = |most| Limits { max_drawdown_fraction: Some(most), ..Limits::default() };
    let day = Limits { max_daily_loss_fraction: Some(0.01), ..Limits::default() };
    vec![
        plain.clone(),
        Terms { market_fill: MarketFill::Close, ..plain.clone() },
        Terms { costs: costs.clone(), ..plain.clone() },
        Terms { costs: costs.clone(), leverage: 30.0, sizing: Sizing::Fraction(5.0), calendar: Calendar::RoundTheClock, ..plain.clone() },
        Terms { leverage: 500.0, sizing: Sizing::Fraction(200.0), ..plain.clone() },
        Terms { costs: costs.clone(), leverage: 20.0, sizing: Sizing::Risk(0.05), ..plain.clone() },
        Terms { limits: drawdown(0.05), ..plain.clone() },
        Terms { limits: Limits { max_positions: Some(1), ..drawdown(0.3) }, market_fill: MarketFill::Close, ..plain.clone() },
        Terms { limits: day, costs: costs.clone(), ..plain.clone() },
        Terms { sizing: Sizing::Lots(3.0), leverage: 5.0, ..plain },
    ]
}

fn arena(text: &str, bars: &Arc<Bars>, terms: &Terms) -> Arena {
    let file = StrategyFile::parse(text, "skipping.toml").unwrap();
    let instrument = Instrument { calendar: terms.calendar, ..Instrument::fractional("I0") };
    let spread = bars.ask().is_none().then_some(0.02);
    let venue = Venue { quoting: Quoting { side: PriceSide::Bid, spread, schedule: None }, costs: terms.costs.clone(), ..Venue::default() };
    let account = Account {
        cash: 10_000.0,
        sizing: terms.sizing,
        lots: Lots::Fractional,
        limits: terms.limits,
        instruments: vec![instrument.clone()],
        gaps: Vec::new(),
        close_at_end: false,
    };
    Arena::new(Setup {
        prices: vec![Prices { bars: Arc::clone(bars), instrument, venue }],
        entrants: vec![Entrant { file, instrument: InstrumentId(0), weight: 1.0 }],
        account,
        leverage: terms.leverage,
        fills: Fills::at(terms.market_fill),
        days: Days { calendar: terms.calendar, timeframe: bars.timeframe() },
    })
    .unwrap()
}

/// The closed trades of a span, which are the same whether or not bars are passed.
fn same(arena: &Arena, params: &BTreeMap<String, f64>, span: &Span, what: &str) -> u64 {
    let passed = arena.play(params, span).unwrap();
    let stepped = arena.play_stepped(params, span).unwrap();
    assert_eq!(passed, stepped, "{what}, {params:?}, {span:?}");
    passed.metrics.trades
}

fn spans(rows: usize) -> [Span; 4] {
    [
        Span { scored: 0..rows, at_end: AtEnd::Close },
        Span { scored: 0..rows, at_end: AtEnd::Carry },
        Span { scored: rows / 3..rows / 2 + 7, at_end: AtEnd::Close },
        Span { scored: rows - 1..rows, at_end: AtEnd::Carry },
    ]
}

fn all_strategies(bars: Bars, what: &str) {
    let bars = Arc::new(bars);
    for (name, text) in STRATEGIES {
        let mut trades = 0;
        for (i, terms) in terms().iter().enumerate() {
            let arena = arena(text, &bars, terms);
            for span in spans(bars.len()) {
                trades += same(&arena, &BTreeMap::new(), &span, &format!("{name} on {what}, terms {i}"));
            }
        }
        assert!(trades > 40, "{name} on {what}: {trades} trades prove nothing");
    }
}

#[test]
fn every_shipped_strategy_gives_the_same_in_a_generated_market() {
    all_strategies(generated(5, 2500, 0.008, false), "calm");
}

#[test]
fn every_shipped_strategy_gives_the_same_where_both_sides_are_quoted_and_prices_jump() {
    all_strategies(generated(6, 1500, 0.04, true), "wild");
}

#[test]
fn every_shipped_strategy_gives_the_same_on_eurusd() {
    let bars = Arc::new(euro());
    for (name, text) in STRATEGIES {
        let terms = Terms { costs: Costs { commission_fraction: 0.00003, slippage: 1e-5, ..Costs::default() }, ..Terms::default() };
        let arena = arena(text, &bars, &terms);
        let trades: u64 = spans(bars.len()).iter().map(|span| same(&arena, &BTreeMap::new(), span, name)).sum();
        assert!(trades > 0, "{name} never trades");
    }
}

#[test]
fn parameters_at_both_ends_of_their_ranges_give_the_same() {
    let bars = Arc::new(generated(7, 2000, 0.01, false));
    for (name, text) in STRATEGIES {
        let arena = arena(text, &bars, &Terms::default());
        let file = StrategyFile::parse(text, name).unwrap();
        for parameter in file.parameters() {
            for value in [parameter.min, parameter.max].into_iter().flatten() {
                let params = BTreeMap::from([(parameter.name.clone(), value)]);
                same(&arena, &params, &spans(bars.len())[0], name);
            }
        }
    }
}

/// A condition over a small vocabulary: crosses, levels, the clock, longer bars, and what is known of the position.
fn condition() -> impl Strategy<Value = String> {
    let number = prop::sample::select(
        &["close", "open", "sma(close, 5)", "ema(close, 9)", "highest(high, 6)[1]", "lowest(low, 6)[1]", "bb_mid(close, 12)", "vwap()"][..],
    );
    let pair =
        (number.clone(), prop::sample::select(&["<", ">", "<=", ">="][..]), number.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}"));
    let cross = (prop::sample::select(&["crosses_above", "crosses_below"][..]), number.clone(), number)
        .prop_map(|(cross, a, b)| format!("{cross}({a}, {b})"));
    let other = prop::sample::select(
        &[
            "rsi(close, 4) < 30",
            "rsi(close, 4) > 70",
            "hour == 9",
            "session > 1",
            "rising(close, 2)",
            "falling(close, 3)",
            "bars_since(close > open) > 2",
            "on(\"4h\", close > close[1])",
            "position.bars >= 7",
            "position.pnl_fraction > 0.004",
            "position.bars < 3 or position.pnl_fraction < -0.002",
            "sma(position.bars, 2) > 4",
            "(close > open)[2]",
            "(close > open) == (volume > 50)",
            "true",
        ][..],
    )
    .prop_map(str::to_owned);
    prop_oneof![3 => pair, 3 => cross, 3 => other].prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), prop::sample::select(&["and", "or", "and not"][..]), inner).prop_map(|(a, op, b)| format!("({a}) {op} ({b})"))
    })
}

/// A side's section: its entry, and perhaps an exit, a stop, a target and a price.
fn side(name: &'static str) -> impl Strategy<Value = (String, bool)> {
    let sign = if name == "long" { ("-", "+") } else { ("+", "-") };
    (condition(), prop::option::of(condition()), any::<[bool; 3]>()).prop_map(move |(enter, exit, [stop, target, rests])| {
        let (against, with) = sign;
        let mut text = format!("[{name}]\nenter = '{enter}'\n");
        exit.iter().for_each(|exit| text += &format!("exit = '{exit}'\n"));
        if stop {
            text += &format!("stop_loss = 'close {against} 1.2 * atr(5)'\n");
        }
        if target {
            text += &format!("take_profit = 'close {with} 2 * atr(5)'\n");
        }
        (text, rests)
    })
}

fn rules() -> impl Strategy<Value = String> {
    let rules = (0..6_u32, prop::option::of(1..20_u32), prop::option::of(any::<bool>()), any::<bool>());
    let order = prop_oneof![4 => Just("market"), 1 => Just("limit"), 1 => Just("stop")];
    (side("long"), prop::option::of(side("short")), rules, order).prop_map(|(long, short, (cooldown, max_bars, trail, even), order)| {
        let price = |name: &str| match order {
            "market" => String::new(),
            _ => format!(
                "price = '{}'\n",
                if (order == "limit") == (name == "long") { "close - 0.3 * atr(5)" } else { "close + 0.3 * atr(5)" }
            ),
        };
        let mut text = format!("name = 'drawn'\nabout = 'A test.'\n{}{}", long.0, price("long"));
        short.iter().for_each(|(short, _)| text += &format!("{short}{}", price("short")));
        text += &format!("[rules]\ncooldown_bars = {cooldown}\norder = '{order}'\n");
        max_bars.iter().for_each(|bars| text += &format!("max_bars = {bars}\n"));
        match trail {
            Some(true) => text += "trail = { distance = '2 * atr(5)', activate = 'atr(5)' }\n",
            Some(false) => text += "trail = { distance = '1.5 * atr(5)' }\n",
            None => {}
        }
        if even {
            text += "break_even = 'atr(5)'\n";
        }
        text
    })
}

proptest! {
    #[test]
    fn any_rules_give_the_same(text in rules(), terms in prop::sample::select(terms()), seed in 0..1000_u64, wild in any::<bool>(), part in 0..4_usize) {
        let bars = Arc::new(generated(seed, 700, if wild { 0.05 } else { 0.01 }, seed % 2 == 0));
        let arena = arena(&text, &bars, &terms);
        same(&arena, &BTreeMap::new(), &spans(bars.len())[part], &text);
    }
}
