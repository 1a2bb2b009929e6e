//! The ledger: cash, positions, marks and closed trades, changed only by fills and by charges for holding.
//!
//! Margin accounting: opening a position moves only its commission, closing it moves its pnl, so at every moment cash + unrealised = equity,
//! and when flat the sum of trade pnl is the change in cash. Longs are marked at the bid, shorts at the ask. Where prices are in another
//! currency than the account, a mark is worth what it is at the present rate, and a deal what it was at the rate of its fill.

mod position;

pub use position::{Position, Trade};

use crate::{
    market::{Charge, Fill, FillKind, Financing, InstrumentId, Ohlc, Side, Tick, Ticket},
    time::Nanos,
};

/// What a fill did to the book.
#[derive(Clone, Debug, PartialEq)]
pub enum Booked {
    /// A position was opened.
    Opened(Position),
    /// A position was closed.
    Closed(Trade),
}

/// Cash and positions of one account over several instruments.
///
/// ```
/// use cthulu_lab::portfolio::Ledger;
/// let book = Ledger::new(10_000.0, &[1.0]);
/// assert_eq!(book.equity(), 10_000.0);
/// assert!(book.is_flat());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Ledger {
    initial_cash: f64,
    cash: f64,
    positions: Vec<Position>,
    marks: Vec<Mark>,
    financing: [f64; Financing::ALL.len()],
}

/// What an account is worth at the last marks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// Cash plus unrealised.
    pub equity: f64,
    /// Value of what is held, long and short added.
    pub notional: f64,
}

/// The last known quote of an instrument and the units in a lot.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Mark {
    bid: f64,
    ask: f64,
    contract_size: f64,
    /// Account money that a lot gains when the price rises by 1: the contract size at the present rate.
    lot_value: f64,
    rate: Rate,
}

/// Account money for one unit of the currency that an instrument's prices are in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// This much.
    At(f64),
    /// The inverse of the instrument's own price, as of USDJPY on an account in dollars: this much for marks; a deal counts at its own price.
    Inverse(f64),
}

impl Rate {
    const fn of_marks(self) -> f64 {
        match self {
            Self::At(rate) | Self::Inverse(rate) => rate,
        }
    }
}

impl Default for Rate {
    fn default() -> Self {
        Self::At(1.0)
    }
}

impl Ledger {
    /// An account with `cash`, trading one instrument per entry of `contract_sizes` (units in a lot).
    #[must_use]
    pub fn new(cash: f64, contract_sizes: &[f64]) -> Self {
        let mark = |&contract_size: &f64| Mark { contract_size, lot_value: contract_size, ..Mark::default() };
        Self { initial_cash: cash, cash, positions: Vec::new(), marks: contract_sizes.iter().map(mark).collect(), financing: [0.0; 4] }
    }

    /// Books one fill.
    ///
    /// # Panics
    /// When it closes a ticket that is not open: a broker never reports that.
    pub fn apply(&mut self, fill: &Fill) -> Booked {
        self.cash -= fill.commission;
        match fill.kind {
            FillKind::Open { stop_loss, take_profit } => {
                let position = Position::open(fill, stop_loss, take_profit);
                self.positions.push(position);
                Booked::Opened(position)
            }
            FillKind::Close(ticket, reason) => {
                let index = self.positions.iter().position(|p| p.ticket == ticket).expect("a fill closes an open ticket");
                let position = self.positions.remove(index);
                let gross = position.pnl_at(fill.price, self.contract_size(fill.instrument) * fill.rate);
                self.cash += gross - fill.conversion_cost;
                Booked::Closed(Trade::close(&position, fill, gross, reason))
            }
        }
    }

    /// Books what holding a position cost or brought. Says whether it was open.
    pub fn charge(&mut self, charge: &Charge) -> bool {
        let Some(position) = self.positions.iter_mut().find(|p| p.ticket == charge.ticket) else { return false };
        position.swap += charge.amount;
        self.cash -= charge.amount;
        self.financing[charge.kind as usize] += charge.amount;
        true
    }

    /// What has been paid for holding positions, closed ones included; negative when received.
    #[must_use]
    pub const fn financing(&self, kind: Financing) -> f64 {
        self.financing[kind as usize]
    }

    /// Counts an instrument's prices at another rate from now on.
    pub fn convert(&mut self, instrument: InstrumentId, rate: Rate) {
        let mark = &mut self.marks[usize::from(instrument.0)];
        mark.rate = rate;
        mark.lot_value = mark.contract_size * rate.of_marks();
    }

    /// Account money for a unit of the currency that an instrument's prices are in, in a deal at `price`.
    #[must_use]
    pub fn rate_at(&self, instrument: InstrumentId, price: f64) -> f64 {
        match self.marks[usize::from(instrument.0)].rate {
            Rate::At(rate) => rate,
            Rate::Inverse(_) => 1.0 / price,
        }
    }

    /// Moves the stop loss or the take profit of an open ticket; `None` leaves one as it is. Says whether anything changed.
    pub fn amend(&mut self, ticket: Ticket, stop_loss: Option<f64>, take_profit: Option<f64>) -> bool {
        let Some(position) = self.positions.iter_mut().find(|p| p.ticket == ticket) else { return false };
        let before = (position.stop_loss, position.take_profit);
        position.stop_loss = stop_loss.or(position.stop_loss);
        position.take_profit = take_profit.or(position.take_profit);
        position.stop_moved |= position.stop_loss != before.0;
        before != (position.stop_loss, position.take_profit)
    }

    /// Revalues an instrument at a quote.
    #[inline]
    pub fn mark(&mut self, instrument: InstrumentId, bid: f64, ask: f64) {
        let mark = &mut self.marks[usize::from(instrument.0)];
        mark.bid = bid;
        mark.ask = ask;
    }

    /// Revalues an instrument at the close of a bar opened at `opened_at`, and lets its positions see the bar: its extremes, and that one bar
    /// more has passed. Says whether there was one.
    #[inline]
    pub fn pass_bar(&mut self, instrument: InstrumentId, (bid, ask): (&Ohlc, &Ohlc), opened_at: Nanos) -> bool {
        self.mark(instrument, bid.close, ask.close);
        let lot_value = self.lot_value(instrument);
        let mut is_held = false;
        for position in self.positions.iter_mut().filter(|p| p.instrument == instrument) {
            position.pass_bar(if position.side == Side::Buy { bid } else { ask }, lot_value, opened_at);
            is_held = true;
        }
        is_held
    }

    /// Revalues an instrument after `bars` bars that brought it nothing but their closes, the last of which these are: its positions have been
    /// open so much longer. Their extremes are not looked at, and so are no longer known.
    pub fn pass_bars(&mut self, instrument: InstrumentId, bars: u32, (bid, ask): (f64, f64)) {
        self.mark(instrument, bid, ask);
        self.positions.iter_mut().filter(|p| p.instrument == instrument).for_each(|position| position.bars += bars);
    }

    /// Lets the open positions of an instrument see a quote. Says whether there was one.
    #[inline]
    pub fn pass_quote(&mut self, instrument: InstrumentId, quote: &Tick) -> bool {
        let lot_value = self.lot_value(instrument);
        let mut is_held = false;
        for position in self.positions.iter_mut().filter(|p| p.instrument == instrument) {
            position.pass_price(if position.side == Side::Buy { quote.bid } else { quote.ask }, lot_value);
            is_held = true;
        }
        is_held
    }

    /// Money at the start.
    #[must_use]
    pub const fn initial_cash(&self) -> f64 {
        self.initial_cash
    }

    /// The account balance: initial cash and everything realised.
    #[must_use]
    pub const fn cash(&self) -> f64 {
        self.cash
    }

    /// Pnl of the open positions at the last marks.
    #[must_use]
    pub fn unrealised(&self) -> f64 {
        self.positions.iter().map(|p| self.unrealised_of(p)).sum()
    }

    /// Pnl of one position at the last mark of its instrument.
    #[must_use]
    pub fn unrealised_of(&self, position: &Position) -> f64 {
        let mark = &self.marks[usize::from(position.instrument.0)];
        position.pnl_at(if position.side == Side::Buy { mark.bid } else { mark.ask }, mark.lot_value)
    }

    /// Cash plus unrealised.
    #[must_use]
    pub fn equity(&self) -> f64 {
        self.worth().equity
    }

    /// Value of what is held, long and short added, at the last marks.
    #[must_use]
    pub fn notional(&self) -> f64 {
        self.worth().notional
    }

    /// Both, in one walk over the positions: the loop asks at every bar.
    #[must_use]
    #[inline]
    pub fn worth(&self) -> Worth {
        let (mut unrealised, mut notional) = (0.0, 0.0);
        for position in &self.positions {
            let mark = &self.marks[usize::from(position.instrument.0)];
            let price = if position.side == Side::Buy { mark.bid } else { mark.ask };
            unrealised += position.pnl_at(price, mark.lot_value);
            notional += position.lots * mark.lot_value * price;
        }
        Worth { equity: self.cash + unrealised, notional }
    }

    /// Units in a lot of an instrument.
    #[must_use]
    #[inline]
    pub fn contract_size(&self, instrument: InstrumentId) -> f64 {
        self.marks[usize::from(instrument.0)].contract_size
    }

    /// Account money that a lot of an instrument gains when its price rises by 1, at the present rate.
    #[must_use]
    #[inline]
    pub fn lot_value(&self, instrument: InstrumentId) -> f64 {
        self.marks[usize::from(instrument.0)].lot_value
    }

    /// Open positions, oldest first.
    #[must_use]
    pub fn positions(&self) -> &[Position] {
        &self.positions
    }

    /// The open position of a strategy in an instrument.
    #[must_use]
    #[inline]
    pub fn position_of(&self, strategy: u8, instrument: InstrumentId) -> Option<&Position> {
        self.positions.iter().find(|p| p.strategy == strategy && p.instrument == instrument)
    }

    /// Whether nothing is open.
    #[must_use]
    pub const fn is_flat(&self) -> bool {
        self.positions.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;
    use crate::{
        market::{ExitReason, OrderId},
        time::Nanos,
    };

    fn fill(id: u32, side: Side, lots: f64, price: f64, kind: FillKind) -> Fill {
        Fill {
            order: OrderId(NonZeroU32::new(id).unwrap()),
            instrument: InstrumentId(0),
            side,
            lots,
            at: Nanos(0),
            price,
            kind,
            commission: 1.0,
            rate: 1.0,
            conversion_cost: 0.0,
            spread_cost: 0.0,
            slippage_cost: 0.0,
            inside_bar: false,
            ambiguous: false,
            strategy: 0,
        }
    }

    #[test]
    fn a_short_gains_when_the_ask_falls() {
        let mut book = Ledger::new(1000.0, &[10.0]);
        let open = FillKind::Open { stop_loss: None, take_profit: None };
        book.apply(&fill(1, Side::Sell, 2.0, 50.0, open));
        book.mark(InstrumentId(0), 44.0, 45.0);
        // 1000 − 1 commission + 2 lots · 10 units · (50 − 45)
        assert_eq!(book.equity(), 1099.0);
        assert_eq!(book.cash(), 999.0);
        let ticket = book.positions()[0].ticket;
        let Booked::Closed(trade) = book.apply(&fill(2, Side::Buy, 2.0, 46.0, FillKind::Close(ticket, ExitReason::Signal))) else {
            panic!("closes")
        };
        // 20 · (50 − 46) − 2 commissions
        assert_eq!(trade.pnl, 78.0);
        assert_eq!(book.cash() - book.initial_cash(), trade.pnl);
        assert!(book.is_flat());
    }

    #[test]
    fn a_charge_moves_cash_and_comes_back_in_the_trade() {
        let mut book = Ledger::new(1000.0, &[10.0]);
        book.apply(&fill(1, Side::Buy, 2.0, 50.0, FillKind::Open { stop_loss: None, take_profit: None }));
        book.mark(InstrumentId(0), 50.0, 50.0);
        let ticket = book.positions()[0].ticket;
        assert!(book.charge(&Charge { ticket, kind: Financing::Swap, amount: 3.0 }));
        assert!(book.charge(&Charge { ticket, kind: Financing::Dividend, amount: -5.0 }));
        // 1000 − 1 − 3 + 5
        assert_eq!((book.cash(), book.equity()), (1001.0, 1001.0));
        let Booked::Closed(trade) = book.apply(&fill(2, Side::Sell, 2.0, 51.0, FillKind::Close(ticket, ExitReason::Signal))) else {
            panic!("closes")
        };
        // 20 · 1 − 2 commissions − 3 + 5
        assert_eq!((trade.pnl, trade.swap, book.cash()), (20.0, -2.0, 1020.0));
        assert_eq!((book.financing(Financing::Swap), book.financing(Financing::Dividend)), (3.0, -5.0));
        assert!(!book.charge(&Charge { ticket, kind: Financing::Swap, amount: 3.0 }), "a closed ticket pays nothing");
    }

    #[test]
    fn marks_count_at_the_present_rate_and_deals_at_that_of_the_fill() {
        let mut book = Ledger::new(1000.0, &[10.0]);
        book.convert(InstrumentId(0), Rate::At(0.5));
        book.apply(&Fill { rate: 0.5, ..fill(1, Side::Buy, 2.0, 50.0, FillKind::Open { stop_loss: None, take_profit: None }) });
        book.mark(InstrumentId(0), 54.0, 54.0);
        // 1000 − 1 + 2 · 10 · 4 · 0.5
        assert_eq!(book.equity(), 1039.0);
        book.convert(InstrumentId(0), Rate::At(0.25));
        assert_eq!((book.equity(), book.notional()), (1019.0, 2.0 * 10.0 * 54.0 * 0.25));
        let ticket = book.positions()[0].ticket;
        let close = fill(2, Side::Sell, 2.0, 54.0, FillKind::Close(ticket, ExitReason::Signal));
        let Booked::Closed(trade) = book.apply(&Fill { rate: 0.25, conversion_cost: 0.5, ..close }) else { panic!("closes") };
        // 20 · 4 · 0.25 − 2 − 0.5
        assert_eq!((trade.pnl, trade.conversion, book.cash()), (17.5, 0.5, 1017.5));
        book.convert(InstrumentId(0), Rate::Inverse(1.0 / 54.0));
        assert_eq!((book.rate_at(InstrumentId(0), 50.0), book.lot_value(InstrumentId(0))), (0.02, 10.0 * (1.0 / 54.0)));
    }
}
