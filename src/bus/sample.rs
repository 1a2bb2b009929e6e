//! Events for the tests of this module.

use std::{num::NonZeroU32, sync::Arc};

use crate::{
    event::{Action, Event, Kind, Mode, Names, Refusal, Signal, Source},
    market::{Charge, ExitReason, Fill, FillKind, Financing, Gap, InstrumentId, Order, OrderId, OrderKind, Side, Size, Ticket},
    portfolio::{Booked, Ledger},
    time::{HOUR, Nanos},
};

pub(super) const CASH: f64 = 10_000.0;

pub(super) fn names() -> Arc<Names> {
    Arc::new(Names {
        run: "sample".into(),
        symbols: vec!["EURUSD".into(), "XAU,USD".into()],
        contract_sizes: vec![1000.0, 10.0],
        strategies: vec!["cross".into(), "reversal".into()],
        instruments: vec![],
        features: vec![vec!["fast".into(), "slow".into()], vec![]],
    })
}

/// A folder of its own for a test, removed at the end.
pub(super) struct Folder(pub(super) std::path::PathBuf);

impl Folder {
    pub(super) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("cthulu-lab-bus-{}-{test}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Publishes a run of `trades` round trips; returns the engine's ledger.
pub(super) fn publish_run(bus: &mut super::Bus, trades: u32) -> Ledger {
    let mut book = Ledger::new(CASH, &names().contract_sizes);
    bus.publish(Nanos(0), None, None, Kind::RunStarted { cash: CASH });
    for index in 0..trades {
        let at = Nanos(i64::from(index) * 2 * HOUR);
        let instrument = InstrumentId(u16::try_from(index % 2).unwrap());
        for kind in round_trip(&mut book, index, at) {
            let at = if let Kind::OrderFilled(fill) = &kind { fill.at } else { at };
            bus.publish(at, Some(instrument), Some(0), kind);
        }
    }
    bus.publish(Nanos(i64::from(trades) * 2 * HOUR), None, None, Kind::RunFinished { equity: book.equity(), cash: book.cash() });
    book
}

fn order_id(number: u32) -> OrderId {
    OrderId(NonZeroU32::new(number).unwrap())
}

/// The kinds of a round trip, told by a ledger: signal, approval, order, fill, position; and back.
pub(super) fn round_trip(book: &mut Ledger, index: u32, at: Nanos) -> Vec<Kind> {
    let (open, close) = (order_id(2 * index + 1), order_id(2 * index + 2));
    let instrument = InstrumentId(u16::try_from(index % 2).unwrap());
    let side = if index.is_multiple_of(3) { Side::Sell } else { Side::Buy };
    let price = f64::from(index % 7).mul_add(0.013, 1.1);
    let features: Arc<[Option<f64>]> = Arc::from([Some(price), None]);
    let action = Action::Enter { side, order: OrderKind::Market, stop_loss: Some(0.1), take_profit: None };
    let signal = Signal { instrument, strategy: 0, action, confidence: 0.75, features: features.clone() };
    let order = Order {
        id: open,
        instrument,
        side,
        size: Size::EquityFraction(0.5),
        kind: OrderKind::Market,
        closes: None,
        stop_loss: Some(0.1),
        take_profit: None,
        strategy: 0,
        submitted_at: at,
    };
    let entry = Fill {
        order: open,
        instrument,
        side,
        lots: 0.3,
        at,
        price,
        kind: FillKind::Open { stop_loss: Some(0.1), take_profit: None },
        commission: 0.07,
        rate: 1.0,
        conversion_cost: 0.0,
        spread_cost: 0.02,
        slippage_cost: 0.01,
        inside_bar: false,
        ambiguous: false,
        strategy: 0,
    };
    let Booked::Opened(position) = book.apply(&entry) else { panic!("opens") };
    let reason = ExitReason::Signal;
    let leave = Order { id: close, side: side.opposite(), closes: Some((position.ticket, reason)), size: Size::Lots(0.3), ..order };
    let exit = Fill {
        order: close,
        side: side.opposite(),
        price: price + f64::from(index % 5) * 0.004 - 0.007,
        kind: FillKind::Close(position.ticket, reason),
        ambiguous: index.is_multiple_of(4),
        at: at.plus(HOUR),
        ..entry
    };
    let Booked::Closed(trade) = book.apply(&exit) else { panic!("closes") };
    vec![
        Kind::SignalGenerated(signal),
        Kind::SignalApproved { side, confidence: 0.75 },
        Kind::OrderSubmitted(order),
        Kind::OrderFilled(entry),
        Kind::TradeOpened(position),
        Kind::SignalGenerated(Signal { instrument, strategy: 0, action: Action::Exit(reason), confidence: 1.0, features: Arc::from([]) }),
        Kind::OrderSubmitted(leave),
        Kind::OrderFilled(exit),
        Kind::TradeClosed { trade, features },
    ]
}

/// One event of each kind, and of each variant inside.
pub(super) fn one_of_each() -> Vec<Event> {
    let mut book = Ledger::new(CASH, &names().contract_sizes);
    let mut kinds = vec![Kind::RunStarted { cash: CASH }];
    kinds.extend(round_trip(&mut book, 0, Nanos(HOUR)));
    let ticket = Ticket(order_id(7));
    let signal = |action| {
        Kind::SignalGenerated(Signal { instrument: InstrumentId(1), strategy: 1, action, confidence: 1.0, features: Arc::from([]) })
    };
    kinds.extend([
        signal(Action::MoveStop(1.25)),
        signal(Action::Withdraw),
        Kind::SignalRejected { side: Side::Buy, reason: Refusal::MaxPositions },
        Kind::OrderRefused { side: Side::Sell, kind: OrderKind::Limit(1.5), reason: Refusal::NoStop },
        Kind::OrderRejected { order: order_id(8), reason: Refusal::NotEnoughMargin },
        Kind::OrderCancelled { order: order_id(9), reason: Refusal::Replaced },
        Kind::SlTpUpdated { ticket, stop_loss: Some(1.0), take_profit: None },
        Kind::TradeStoppedOut { ticket, price: 0.9 },
        Kind::TradeTpHit { ticket, price: 1.9 },
        Kind::RiskLimitHit { limit: Refusal::DailyLoss, fraction: 0.05 },
        Kind::Drawdown { fraction: 0.1 },
        Kind::GapCrossed { ticket, side: Side::Sell, gap: Gap { from: Nanos(0), to: Nanos(3 * HOUR), missing_bars: 2 } },
        Kind::Financing(Charge { ticket, kind: Financing::Borrow, amount: -0.25 }),
        Kind::RunFinished { equity: book.equity(), cash: book.cash() },
    ]);
    let event = |(index, kind): (usize, Kind)| Event {
        seq: index as u64 + 1,
        at: Nanos(index as i64 * HOUR),
        mode: Mode::Synthetic,
        source: Source::Manual,
        instrument: (index > 0).then_some(InstrumentId(1)),
        strategy: (index > 0).then_some(0),
        kind,
    };
    kinds.into_iter().enumerate().map(event).collect()
}

/// Publishes `events` again, delivering each by itself.
pub(super) fn replay(bus: &mut super::Bus, events: &[Event]) {
    for event in events {
        bus.publish_from(event.source, event.at, event.instrument, event.strategy, event.kind.clone());
        bus.deliver();
    }
}
