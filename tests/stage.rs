//! A small stage for the engine's tests: strategies that follow a script, and a run whose every event is kept.

use std::sync::{Arc, Mutex};

use cthulu_lab::{
    broker::{Broker, Conversion, Costs, Fills, FinancingTerms, House, MarketFill, Venue},
    bus::Bus,
    engine::{self, Account, Run, Seat},
    event::{Event, Kind, Market, Mode, Names, Record, Refusal},
    feed::{Feed, Replay},
    market::{
        Bar, Bars, ExitReason, Fill, Finer, Instrument, InstrumentId, Quoting, Side,
        intrabar::{Intrabar, Through},
    },
    risk::{Limits, Lots, Sizing},
    strategy::{Context, Entry, Strategy},
    time::{HOUR, Nanos, Timeframe},
};

/// Does at the n-th completed bar what the function says.
pub(crate) struct Scripted<F> {
    script: F,
    bars_seen: usize,
}

impl<F: FnMut(usize, &mut Context<'_>, &Bar)> Scripted<F> {
    pub(crate) fn new(script: F) -> Self {
        Self { script, bars_seen: 0 }
    }
}

impl<F: FnMut(usize, &mut Context<'_>, &Bar)> Strategy for Scripted<F> {
    fn on_bar(&mut self, ctx: &mut Context<'_>, bar: &Bar) {
        (self.script)(self.bars_seen, ctx, bar);
        self.bars_seen += 1;
    }
}

/// A scripted seat of full weight.
pub(crate) fn seat(instrument: u16, script: impl FnMut(usize, &mut Context<'_>, &Bar) + 'static) -> Seat {
    Seat { strategy: Box::new(Scripted::new(script)), instrument: InstrumentId(instrument), weight: 1.0 }
}

/// Hourly bars from 2024-01-01 (a Monday), one after the other: open, high, low, close.
pub(crate) fn hourly(rows: &[[f64; 4]]) -> Arc<Bars> {
    hourly_from("2024-01-01T00:00:00Z".parse().unwrap(), rows)
}

/// The same from another moment.
pub(crate) fn hourly_from(start: Nanos, rows: &[[f64; 4]]) -> Arc<Bars> {
    let mut bars = Bars::new(Timeframe::from_ns(HOUR).unwrap());
    for (i, [open, high, low, close]) in (0_i64..).zip(rows) {
        let opened_at = start.plus(i * HOUR);
        let (open, high, low, close) = (*open, *high, *low, *close);
        bars.push(&Bar { opened_at, closed_at: opened_at.plus(HOUR), open, high, low, close, ..Bar::default() });
    }
    Arc::new(bars)
}

/// A bar to be unimpressed by.
pub(crate) const FLAT: [f64; 4] = [100.0, 101.0, 99.0, 100.0];

pub(crate) fn buy() -> Entry {
    Entry::market(Side::Buy)
}

pub(crate) fn sell() -> Entry {
    Entry::market(Side::Sell)
}

/// A script that buys at the first bar and is silent thereafter.
pub(crate) fn buy_first(row: usize, ctx: &mut Context<'_>, _: &Bar) {
    if row == 0 {
        ctx.enter(buy());
    }
}

/// One instrument, ten units a deal and a leverage of two unless a test says otherwise.
pub(crate) fn stage(rows: &[[f64; 4]]) -> Stage {
    let mut stage = Stage::new(vec![hourly(rows)]);
    stage.account.sizing = Sizing::Lots(10.0);
    stage.leverage = 2.0;
    stage
}

/// Everything a run needs beside its strategies.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) bars: Vec<Arc<Bars>>,
    pub(crate) quoting: Quoting,
    pub(crate) costs: Costs,
    pub(crate) leverage: f64,
    pub(crate) market_fill: MarketFill,
    pub(crate) intrabar: Intrabar,
    pub(crate) through: Through,
    /// What the bars of the first instrument were made of.
    pub(crate) finer: Option<Finer>,
    pub(crate) account: Account,
    /// What holding costs, by instrument; none where empty.
    pub(crate) financing: Vec<FinancingTerms>,
    /// Rates of the currencies that prices are in, by instrument; none where empty.
    pub(crate) conversions: Vec<Option<Conversion>>,
    pub(crate) latency_ns: i64,
}

impl Stage {
    /// 1,000 of cash in any size, all in, no costs, one unit a lot.
    pub(crate) fn new(bars: Vec<Arc<Bars>>) -> Self {
        let instruments = (0..bars.len()).map(|i| Instrument::fractional(format!("I{i}"))).collect();
        let account = Account {
            cash: 1000.0,
            sizing: Sizing::Fraction(1.0),
            lots: Lots::Fractional,
            limits: Limits::default(),
            instruments,
            gaps: Vec::new(),
            close_at_end: false,
        };
        let (quoting, costs) = (Quoting { spread: Some(0.0), ..Quoting::default() }, Costs::default());
        Self {
            bars,
            quoting,
            costs,
            leverage: 1.0,
            market_fill: MarketFill::NextOpen,
            intrabar: Intrabar::default(),
            through: Through::default(),
            finer: None,
            account,
            financing: Vec::new(),
            conversions: Vec::new(),
            latency_ns: 0,
        }
    }

    /// Account money for a unit of the currency of an instrument's prices.
    pub(crate) fn rate_at(&self, instrument: InstrumentId, at: Nanos) -> f64 {
        let conversion = self.conversions.get(usize::from(instrument.0)).and_then(Option::as_ref);
        conversion.map_or(1.0, |conversion| conversion.rates.at(at).unwrap())
    }

    pub(crate) fn names(&self, seats: &[Seat]) -> Names {
        Names {
            run: "stage".into(),
            symbols: self.account.instruments.iter().map(|i| i.symbol.clone()).collect(),
            contract_sizes: self.account.instruments.iter().map(|i| i.contract_size).collect(),
            strategies: (0..seats.len()).map(|i| format!("s{i}")).collect(),
            instruments: seats.iter().map(|s| s.instrument).collect(),
            features: seats.iter().map(|s| s.strategy.feature_names()).collect(),
        }
    }

    fn fills(&self) -> Fills {
        let through = vec![self.through; self.bars.len()];
        Fills { market: self.market_fill, intrabar: self.intrabar, through, finer: vec![self.finer.clone()] }
    }

    /// Plays its bars through the one loop.
    pub(crate) fn play(&self, seats: Vec<Seat>) -> Played {
        self.play_feed(seats, Box::new(Replay::new(&self.bars)))
    }

    /// Plays what a feed delivers.
    pub(crate) fn play_feed(&self, mut seats: Vec<Seat>, inner: Box<dyn Feed>) -> Played {
        let names = Arc::new(self.names(&seats));
        let mut bus = Bus::new(Arc::clone(&names), Mode::Backtest);
        let told: Arc<Mutex<Vec<Event>>> = Arc::default();
        let ear = Arc::clone(&told);
        bus.tap(move |event| ear.lock().unwrap().push(event.clone()));
        let venue = |(index, instrument): (usize, &Instrument)| Venue {
            quoting: self.quoting.clone(),
            costs: self.costs.clone(),
            contract_size: instrument.contract_size,
            financing: self.financing.get(index).cloned().unwrap_or_default(),
            conversion: self.conversions.get(index).cloned().flatten(),
            latency_ns: self.latency_ns,
        };
        let venues = self.account.instruments.iter().enumerate().map(venue).collect();
        let mut house = House::new(venues, self.leverage, self.fills());
        let broker: &mut dyn Broker = match &mut house {
            House::Plain(simulator) => &mut **simulator,
            House::Full(broker) => &mut **broker,
        };
        let mut feed = Counted { inner, told: Arc::clone(&told), moments: Vec::new() };
        let run = engine::run(&mut feed, &mut seats, broker, &self.account, &mut bus);
        drop(bus);
        let moments = feed.moments;
        let events = std::mem::take(&mut *told.lock().unwrap());
        Played { run, events, moments, names }
    }
}

/// Notes, whenever the engine asks for the next market event, how many events there were before it.
struct Counted {
    inner: Box<dyn Feed>,
    told: Arc<Mutex<Vec<Event>>>,
    moments: Vec<(Market<'static>, usize)>,
}

impl Feed for Counted {
    fn next(&mut self) -> Option<Market<'_>> {
        let market = self.inner.next()?;
        self.moments.push((kept(market), self.told.lock().unwrap().len()));
        Some(market)
    }
}

/// The same with a bar that nobody takes back.
fn kept(market: Market<'_>) -> Market<'static> {
    let kept = |bar: &Bar| &*Box::leak(Box::new(*bar));
    match market {
        Market::Open(instrument, bar) => Market::Open(instrument, kept(bar)),
        Market::Completion { instrument, bar, more } => Market::Completion { instrument, bar: kept(bar), more },
        Market::Tick(instrument, tick) => Market::Tick(instrument, tick),
        Market::Heartbeat(at) => Market::Heartbeat(at),
    }
}

/// A finished run, its events, and the market events with the number of events told before each.
pub(crate) struct Played {
    pub(crate) run: Run,
    pub(crate) events: Vec<Event>,
    pub(crate) moments: Vec<(Market<'static>, usize)>,
    pub(crate) names: Arc<Names>,
}

impl Played {
    /// The canonical line of each event.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.events.iter().map(|event| line(event, &self.names)).collect()
    }

    pub(crate) fn fills(&self) -> Vec<Fill> {
        let fill = |event: &Event| if let Kind::OrderFilled(fill) = &event.kind { Some(*fill) } else { None };
        self.events.iter().filter_map(fill).collect()
    }

    /// Price of each fill.
    pub(crate) fn prices(&self) -> Vec<f64> {
        self.fills().iter().map(|fill| fill.price).collect()
    }

    /// Why each trade was closed.
    pub(crate) fn reasons(&self) -> Vec<ExitReason> {
        self.run.trades.iter().map(|trade| trade.reason).collect()
    }

    pub(crate) fn cancels(&self) -> Vec<Refusal> {
        self.refusals(|kind| if let Kind::OrderCancelled { reason, .. } = kind { Some(*reason) } else { None })
    }

    pub(crate) fn rejections(&self) -> Vec<Refusal> {
        self.refusals(|kind| if let Kind::OrderRejected { reason, .. } = kind { Some(*reason) } else { None })
    }

    pub(crate) fn signal_refusals(&self) -> Vec<Refusal> {
        self.refusals(|kind| if let Kind::SignalRejected { reason, .. } = kind { Some(*reason) } else { None })
    }

    fn refusals(&self, reason: impl Fn(&Kind) -> Option<Refusal>) -> Vec<Refusal> {
        self.events.iter().filter_map(|event| reason(&event.kind)).collect()
    }

    /// The names of the events, without the two that frame a run.
    pub(crate) fn kinds(&self) -> Vec<&'static str> {
        self.events.iter().map(|e| e.kind.name()).filter(|name| !name.starts_with("run_")).collect()
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.kinds().into_iter().filter(|name| *name == kind).count()
    }

    /// Events told before the run ended, which its end added to.
    pub(crate) fn told_before_the_end(&self) -> usize {
        let added = |event: &Event| matches!(event.kind, Kind::RunFinished { .. } | Kind::OrderCancelled { reason: Refusal::EndOfRun, .. });
        self.events.iter().position(added).unwrap()
    }

    /// Events told before the `row`-th completion (counted from 0 over all instruments) had been dealt with.
    pub(crate) fn told_after(&self, row: usize) -> usize {
        let mut completions = self.moments.iter().enumerate().filter(|(_, (m, _))| matches!(m, Market::Completion { .. }));
        let (at, _) = completions.nth(row).unwrap();
        self.moments.get(at + 1).map_or(self.events.len(), |(_, told)| *told)
    }
}

fn line(event: &Event, names: &Names) -> String {
    let mut bytes = Vec::new();
    Record::of(event, names).write_line(&mut bytes);
    String::from_utf8(bytes).unwrap()
}
