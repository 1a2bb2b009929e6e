//! Events as compact bytes, for the way over the disk when a queue is full.
//!
//! Exact: every bit of a number survives, which a text form of the record would not promise. The layout is private to one process
//! and has no version; files that outlive a run hold records instead.

use std::{num::NonZeroU32, sync::Arc};

use crate::{
    event::{Action, Event, Kind, Mode, Refusal, Signal, Source},
    market::{Charge, ExitReason, Fill, FillKind, Financing, Gap, InstrumentId, Order, OrderId, OrderKind, Side, Size, Ticket},
    portfolio::{Position, Trade},
    time::Nanos,
};

/// What can go to bytes and back. `get` takes from the front of `bytes`; `None` when they are not of this type.
pub(super) trait Code: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn get(bytes: &mut &[u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Code for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn get(bytes: &mut &[u8]) -> Option<Self> {
                let (head, tail) = bytes.split_first_chunk()?;
                *bytes = tail;
                Some(Self::from_le_bytes(*head))
            }
        }
    )*};
}

/// A struct by its fields, in the order given; a field forgotten here does not compile.
macro_rules! fields {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl Code for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(out);)*
            }
            fn get(bytes: &mut &[u8]) -> Option<Self> {
                Some(Self { $($field: Code::get(bytes)?),* })
            }
        }
    )*};
}

/// A struct that wraps one value.
macro_rules! wrappers {
    ($($name:ident),*) => {$(
        impl Code for $name {
            fn put(&self, out: &mut Vec<u8>) {
                self.0.put(out);
            }
            fn get(bytes: &mut &[u8]) -> Option<Self> {
                Code::get(bytes).map(Self)
            }
        }
    )*};
}

macro_rules! taken {
    ($field:ident, $bytes:ident) => {
        Code::get($bytes)?
    };
}

/// An enum: a byte for the variant, then its fields; a variant forgotten here does not compile.
macro_rules! variants {
    ($name:ident { $($tag:literal $variant:ident $(($($item:ident),*))? $({ $($field:ident),* })?),* $(,)? }) => {
        impl Code for $name {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($($item),*))? $({ $($field),* })? => {
                        out.push($tag);
                        $($($item.put(out);)*)?
                        $($($field.put(out);)*)?
                    })*
                }
            }
            fn get(bytes: &mut &[u8]) -> Option<Self> {
                Some(match u8::get(bytes)? {
                    $($tag => Self::$variant $(($(taken!($item, bytes)),*))? $({ $($field: Code::get(bytes)?),* })?,)*
                    _ => return None,
                })
            }
        }
    };
}

numbers!(u8, u16, u32, u64, i64, f64);
wrappers!(Nanos, InstrumentId, OrderId, Ticket);

impl Code for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        Some(u8::get(bytes)? == 1)
    }
}

impl Code for NonZeroU32 {
    fn put(&self, out: &mut Vec<u8>) {
        self.get().put(out);
    }
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        Self::new(u32::get(bytes)?)
    }
}

impl<T: Code> Code for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        Some(if bool::get(bytes)? { Some(T::get(bytes)?) } else { None })
    }
}

impl<T: Code> Code for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_all(self, out);
    }
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        (0..u32::get(bytes)?).map(|_| T::get(bytes)).collect()
    }
}

impl<T: Code> Code for Arc<[T]> {
    fn put(&self, out: &mut Vec<u8>) {
        put_all(self, out);
    }
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        Vec::get(bytes).map(Into::into)
    }
}

pub(super) fn put_all<T: Code>(items: &[T], out: &mut Vec<u8>) {
    u32::try_from(items.len()).expect("a batch has fewer than 2^32 items").put(out);
    for item in items {
        item.put(out);
    }
}

impl<A: Code, B: Code> Code for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }
    fn get(bytes: &mut &[u8]) -> Option<Self> {
        Some((A::get(bytes)?, B::get(bytes)?))
    }
}

variants!(Side { 0 Buy, 1 Sell });
variants!(Mode { 0 Backtest, 1 Synthetic, 2 Shadow, 3 Paper, 4 Live });
variants!(Source { 0 System, 1 Rpc, 2 Adopted, 3 Manual });
variants!(ExitReason { 0 Signal, 1 Reverse, 2 StopLoss, 3 TakeProfit, 4 TrailingStop, 5 TimeExit, 6 RiskLimit, 7 StopOut, 8 EndOfRun });
variants!(Refusal {
    0 AlreadyInPosition, 1 MaxPositions, 2 DailyLoss, 3 DrawdownHalt, 4 NoEquity, 5 NoStop, 6 BelowMinimumLots, 7 NotEnoughMargin,
    8 InvalidStops, 9 Replaced, 10 EndOfRun,
});
variants!(Financing { 0 Swap, 1 Funding, 2 Borrow, 3 Dividend });
variants!(OrderKind { 0 Market, 1 Limit(price), 2 Stop(price) });
variants!(Size { 0 Lots(lots), 1 EquityFraction(fraction) });
variants!(FillKind { 0 Open { stop_loss, take_profit }, 1 Close(ticket, reason) });
variants!(Action { 0 Enter { side, order, stop_loss, take_profit }, 1 Exit(reason), 2 MoveStop(price), 3 Withdraw });
variants!(Kind {
    0 RunStarted { cash }, 1 SignalGenerated(signal), 2 SignalApproved { side, confidence }, 3 SignalRejected { side, reason },
    4 OrderSubmitted(order), 5 OrderRefused { side, kind, reason }, 6 OrderRejected { order, reason }, 7 OrderCancelled { order, reason },
    8 OrderFilled(fill), 9 TradeOpened(position), 10 SlTpUpdated { ticket, stop_loss, take_profit }, 11 TradeStoppedOut { ticket, price },
    12 TradeTpHit { ticket, price }, 13 TradeClosed { trade, features }, 14 RiskLimitHit { limit, fraction }, 15 Drawdown { fraction },
    16 RunFinished { equity, cash }, 17 GapCrossed { ticket, side, gap }, 18 Financing(charge),
});

fields! {
    Signal { instrument, strategy, action, confidence, features }
    Order { id, instrument, side, size, kind, closes, stop_loss, take_profit, strategy, submitted_at }
    Fill {
        order, instrument, side, lots, at, price, kind, commission, rate, conversion_cost, spread_cost, slippage_cost, inside_bar, ambiguous,
        strategy,
    }
    Position {
        ticket, instrument, side, lots, entry, opened_at, stop_loss, stop_moved, take_profit, commission, spread_cost, slippage_cost,
        swap, worst_pnl, best_pnl, best_price, bars, opened_inside_bar, strategy,
    }
    Trade {
        ticket, instrument, side, lots, opened_at, entry, closed_at, exit, pnl, commission, swap, conversion, rate, spread, slippage, mae,
        mfe, bars, reason, strategy,
    }
    Gap { from, to, missing_bars }
    Charge { ticket, kind, amount }
    Event { seq, at, mode, source, instrument, strategy, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::sample;

    #[test]
    fn every_kind_survives_the_way_over_bytes() {
        let events = sample::one_of_each();
        let mut bytes = Vec::new();
        events.put(&mut bytes);
        let mut rest = bytes.as_slice();
        assert_eq!(Vec::<Event>::get(&mut rest).unwrap(), events);
        assert!(rest.is_empty());
    }

    #[test]
    fn cut_bytes_are_refused_at_every_length() {
        let mut bytes = Vec::new();
        sample::one_of_each().put(&mut bytes);
        for length in 0..bytes.len() {
            assert!(Vec::<Event>::get(&mut &bytes[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn the_bits_of_a_number_survive() {
        for bits in [0x7ff8_0000_0000_0001, 0x8000_0000_0000_0000, 1_u64] {
            let mut bytes = Vec::new();
            f64::from_bits(bits).put(&mut bytes);
            assert_eq!(f64::get(&mut bytes.as_slice()).unwrap().to_bits(), bits);
        }
    }
}
