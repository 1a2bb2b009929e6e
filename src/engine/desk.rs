//! From signals to orders, and from notices to the book: the part of the loop that trades.

use std::{num::NonZeroU32, sync::Arc};

use super::{Account, Seat};
use crate::{
    broker::{Broker, Notice},
    bus::Bus,
    event::{Action, Kind, Market, Refusal, Signal},
    market::{Bar, ExitReason, Fill, InstrumentId, Order, OrderId, OrderKind, Side, Size, Tick, Ticket},
    portfolio::{Booked, Ledger, Position},
    risk::{self, Guard, Told},
    strategy::Context,
    time::Nanos,
};

/// Values a strategy recorded with an entry.
type Features = Arc<[Option<f64>]>;

/// The book, the guard, and what is under way.
pub(super) struct Desk<'a> {
    pub(super) book: Ledger,
    pub(super) guard: Guard,
    account: &'a Account,
    next_order: NonZeroU32,
    pending: Vec<Pending>,
    entry_features: Vec<(Ticket, Features)>,
    trades_closed: Vec<u32>,
    signals: Vec<Signal>,
}

/// An order that has not ended yet.
#[derive(Clone, Copy)]
struct Pending {
    id: OrderId,
    strategy: u8,
    instrument: InstrumentId,
    /// The position it closes; `None` opens one.
    closes: Option<Ticket>,
}

impl Pending {
    /// Whether it is an entry of this strategy in this instrument.
    fn enters_for(&self, strategy: u8, instrument: InstrumentId) -> bool {
        self.closes.is_none() && (self.strategy, self.instrument) == (strategy, instrument)
    }
}

impl<'a> Desk<'a> {
    pub(super) fn new(account: &'a Account, seats: usize) -> Self {
        let contract_sizes: Vec<f64> = account.instruments.iter().map(|i| i.contract_size).collect();
        Self {
            book: Ledger::new(account.cash, &contract_sizes),
            guard: Guard::new(account.limits, account.cash),
            account,
            next_order: NonZeroU32::MIN,
            pending: Vec::new(),
            entry_features: Vec::new(),
            trades_closed: vec![0; seats],
            signals: Vec::new(),
        }
    }

    /// Whether an order has been sent that has not ended.
    #[inline]
    pub(super) const fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Lets one strategy see a completed bar and carries out what it asks.
    #[inline]
    pub(super) fn decide(&mut self, index: u8, seat: &mut Seat, bar: &Bar, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        let mut ctx = Context {
            now: bar.closed_at,
            seat: index,
            instrument: seat.instrument,
            book: &self.book,
            has_resting_entry: self.pending.iter().any(|order| order.enters_for(index, seat.instrument)),
            trades_closed: self.trades_closed[usize::from(index)],
            signals: &mut self.signals,
        };
        seat.strategy.on_bar(&mut ctx, bar);
        if !self.signals.is_empty() {
            self.carry_all_out(seat, bar, broker, bus);
        }
    }

    /// Apart from the deciding, because most bars bring no signal.
    #[inline(never)]
    fn carry_all_out(&mut self, seat: &Seat, bar: &Bar, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        let market = Market::Completion { instrument: seat.instrument, bar, more: false };
        let quote = broker.quote(&market).expect("a completion has a quote");
        let mut signals = std::mem::take(&mut self.signals);
        for signal in signals.drain(..) {
            self.carry_out(&signal, seat.weight, &quote, broker, bus);
        }
        self.signals = signals;
    }

    fn carry_out(&mut self, signal: &Signal, weight: f64, quote: &Tick, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        let (at, instrument, strategy, action) = (quote.at, signal.instrument, signal.strategy, signal.action);
        let held = self.book.position_of(strategy, instrument).copied();
        if !matches!(action, Action::Withdraw | Action::MoveStop(_)) {
            bus.publish(at, Some(instrument), Some(strategy), Kind::SignalGenerated(signal.clone()));
        }
        match action {
            Action::Enter { side, .. } if held.is_some_and(|p| p.side == side) => {
                bus.publish(at, Some(instrument), Some(strategy), Kind::SignalRejected { side, reason: Refusal::AlreadyInPosition });
            }
            Action::Enter { .. } => self.enter(signal, weight, quote, broker, bus),
            Action::Exit(reason) => {
                if let Some(position) = held {
                    self.submit_close(at, &position, reason, broker, bus);
                }
            }
            Action::MoveStop(price) => {
                if let Some(position) = held {
                    broker.move_stop(position.ticket, price);
                }
            }
            Action::Withdraw => self.withdraw(strategy, instrument, broker),
        }
    }

    fn withdraw(&self, strategy: u8, instrument: InstrumentId, broker: &mut (impl Broker + ?Sized)) {
        for order in self.pending.iter().filter(|order| order.enters_for(strategy, instrument)) {
            broker.cancel(order.id, Refusal::Replaced);
        }
    }

    fn enter(&mut self, signal: &Signal, weight: f64, quote: &Tick, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        let Action::Enter { side, order: kind, stop_loss, take_profit } = signal.action else { unreachable!("only entries are entered") };
        let (at, instrument, strategy) = (quote.at, signal.instrument, signal.strategy);
        let admitted = self.guard.admit(self.others(strategy, instrument));
        let answer = match admitted {
            Ok(()) => Kind::SignalApproved { side, confidence: signal.confidence },
            Err(reason) => Kind::SignalRejected { side, reason },
        };
        bus.publish(at, Some(instrument), Some(strategy), answer);
        // A limit stands in the way of the new position, not of giving up the old one.
        if let Some(position) = self.book.position_of(strategy, instrument).copied() {
            self.submit_close(at, &position, ExitReason::Reverse, broker, bus);
        }
        self.withdraw(strategy, instrument, broker);
        if admitted.is_err() {
            return;
        }
        let price = kind.price().unwrap_or(if side == Side::Buy { quote.ask } else { quote.bid });
        let size = match self.size(instrument, weight, (side, price, stop_loss), broker) {
            Ok(size) => size,
            Err(reason) => {
                bus.publish(at, Some(instrument), Some(strategy), Kind::OrderRefused { side, kind, reason });
                return;
            }
        };
        let order =
            Order { id: self.number(), instrument, side, size, kind, closes: None, stop_loss, take_profit, strategy, submitted_at: at };
        self.entry_features.push((Ticket(order.id), Arc::clone(&signal.features)));
        self.submit(order, broker, bus);
    }

    /// Positions and resting entries beside those of one strategy in one instrument, which an entry would take the place of.
    fn others(&self, strategy: u8, instrument: InstrumentId) -> usize {
        let positions = self.book.positions().iter().filter(|p| (p.strategy, p.instrument) != (strategy, instrument)).count();
        let entries = self.pending.iter().filter(|o| o.closes.is_none() && !o.enters_for(strategy, instrument)).count();
        positions + entries
    }

    fn size(
        &self,
        instrument: InstrumentId,
        weight: f64,
        (side, price, stop_loss): (Side, f64, Option<f64>),
        broker: &(impl Broker + ?Sized),
    ) -> Result<Size, Refusal> {
        let lot_value = self.book.lot_value(instrument);
        let (commission_per_order, commission_per_lot) = broker.commission_bound(instrument, price, lot_value);
        let equity = self.book.equity();
        let entry = risk::Entry { side, price, stop_loss, equity, weight, lot_value, commission_per_order, commission_per_lot };
        risk::size(self.account.sizing, self.account.lots, &self.account.instruments[usize::from(instrument.0)], &entry)
    }

    /// Asks to close a position, unless that has been asked for already.
    fn submit_close(&mut self, at: Nanos, position: &Position, reason: ExitReason, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        if self.pending.iter().any(|order| order.closes == Some(position.ticket)) {
            return;
        }
        let order = Order {
            id: self.number(),
            instrument: position.instrument,
            side: position.side.opposite(),
            size: Size::Lots(position.lots),
            kind: OrderKind::Market,
            closes: Some((position.ticket, reason)),
            stop_loss: None,
            take_profit: None,
            strategy: position.strategy,
            submitted_at: at,
        };
        self.submit(order, broker, bus);
    }

    fn submit(&mut self, order: Order, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        let (id, strategy, instrument) = (order.id, order.strategy, order.instrument);
        self.pending.push(Pending { id, strategy, instrument, closes: order.closes.map(|(ticket, _)| ticket) });
        bus.publish(order.submitted_at, Some(order.instrument), Some(order.strategy), Kind::OrderSubmitted(order));
        broker.submit(order);
    }

    fn number(&mut self) -> OrderId {
        let id = self.next_order;
        self.next_order = id.checked_add(1).expect("fewer than four billion orders");
        OrderId(id)
    }

    /// Books a fill and tells what it did.
    pub(super) fn book_fill(&mut self, at: Nanos, fill: &Fill, bus: &mut Bus) -> Booked {
        let (instrument, strategy) = (Some(fill.instrument), Some(fill.strategy));
        bus.publish(at, instrument, strategy, Kind::OrderFilled(*fill));
        self.pending.retain(|order| order.id != fill.order);
        let booked = self.book.apply(fill);
        match &booked {
            Booked::Opened(position) => bus.publish(at, instrument, strategy, Kind::TradeOpened(*position)),
            Booked::Closed(trade) => {
                self.trades_closed[usize::from(trade.strategy)] += 1;
                match trade.reason {
                    ExitReason::StopLoss | ExitReason::TrailingStop => {
                        bus.publish(at, instrument, strategy, Kind::TradeStoppedOut { ticket: trade.ticket, price: trade.exit });
                    }
                    ExitReason::TakeProfit => {
                        bus.publish(at, instrument, strategy, Kind::TradeTpHit { ticket: trade.ticket, price: trade.exit });
                    }
                    _ => {}
                }
                let features = self.forget(trade.ticket);
                bus.publish(at, instrument, strategy, Kind::TradeClosed { trade: *trade, features });
            }
        }
        booked
    }

    fn forget(&mut self, ticket: Ticket) -> Features {
        let index = self.entry_features.iter().position(|(t, _)| *t == ticket);
        index.map_or_else(|| Arc::new([]) as Features, |i| self.entry_features.swap_remove(i).1)
    }

    /// Takes note of what is not a fill.
    pub(super) fn hear(&mut self, at: Nanos, notice: &Notice, bus: &mut Bus) {
        match *notice {
            Notice::Rejected(order, reason) | Notice::Cancelled(order, reason) => {
                let owner = self.pending.iter().find(|o| o.id == order).copied();
                self.pending.retain(|o| o.id != order);
                self.forget(Ticket(order));
                let kind = match notice {
                    Notice::Rejected(..) => Kind::OrderRejected { order, reason },
                    _ => Kind::OrderCancelled { order, reason },
                };
                bus.publish(at, owner.map(|o| o.instrument), owner.map(|o| o.strategy), kind);
            }
            Notice::Amended { ticket, stop_loss, take_profit } => {
                if self.book.amend(ticket, stop_loss, take_profit)
                    && let Some(p) = self.book.positions().iter().find(|p| p.ticket == ticket)
                {
                    bus.publish(
                        at,
                        Some(p.instrument),
                        Some(p.strategy),
                        Kind::SlTpUpdated { ticket, stop_loss: p.stop_loss, take_profit: p.take_profit },
                    );
                }
            }
            Notice::Charged(charge) => {
                if self.book.charge(&charge)
                    && let Some(p) = self.book.positions().iter().find(|p| p.ticket == charge.ticket)
                {
                    bus.publish(at, Some(p.instrument), Some(p.strategy), Kind::Financing(charge));
                }
            }
            Notice::Converted(instrument, rate) => self.book.convert(instrument, rate),
            Notice::Filled(_) => {}
        }
    }

    /// Lets the guard see the equity. A limit that is hit withdraws the entries under way; a halt closes everything as well.
    #[inline]
    pub(super) fn watch(&mut self, at: Nanos, equity: f64, day: Option<i64>, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        if !self.guard.is_calm(equity, day) {
            self.look(at, equity, day, broker, bus);
        }
    }

    #[inline(never)]
    fn look(&mut self, at: Nanos, equity: f64, day: Option<i64>, broker: &mut (impl Broker + ?Sized), bus: &mut Bus) {
        let Told { breach, drawdown } = self.guard.watch(equity, day);
        if let Some(fraction) = drawdown {
            bus.publish(at, None, None, Kind::Drawdown { fraction });
        }
        let Some(breach) = breach else { return };
        bus.publish(at, None, None, Kind::RiskLimitHit { limit: breach.limit, fraction: breach.fraction });
        for order in self.pending.iter().filter(|order| order.closes.is_none()) {
            broker.cancel(order.id, breach.limit);
        }
        if self.guard.has_halted() {
            let reason = if breach.limit == Refusal::NoEquity { ExitReason::StopOut } else { ExitReason::RiskLimit };
            for position in self.book.positions().to_vec() {
                self.submit_close(at, &position, reason, broker, bus);
            }
        }
    }

    /// Tells that the orders which have not ended are given up.
    pub(super) fn cancel_pending(&mut self, at: Nanos, reason: Refusal, bus: &mut Bus) {
        for order in std::mem::take(&mut self.pending) {
            bus.publish(at, Some(order.instrument), Some(order.strategy), Kind::OrderCancelled { order: order.id, reason });
        }
    }
}
