//! From a signal to a size.

use serde::{Deserialize, Serialize};

use crate::{
    event::Refusal,
    market::{Instrument, Side, Size},
};

/// How sizes are chosen.
///
/// | method | value | size |
/// |---|---|---|
/// | `fraction` | of the equity, 1 for all of it | notional = value · equity, commission included |
/// | `risk` | of the equity | lots lose value · equity between the entry and the stop |
/// | `lots` | lots | that many |
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "value", rename_all = "snake_case", deny_unknown_fields)]
pub enum Sizing {
    /// A fraction of the equity as notional.
    Fraction(f64),
    /// A fraction of the equity lost when the stop is hit.
    Risk(f64),
    /// A fixed number of lots.
    Lots(f64),
}

/// Which sizes the account accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lots {
    /// Any size.
    #[default]
    Fractional,
    /// The instrument's lot step and limits, fixed when the order is submitted.
    Broker,
}

/// What an entry is sized from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Long or short.
    pub side: Side,
    /// Price at which it is expected to fill.
    pub price: f64,
    /// Its stop loss.
    pub stop_loss: Option<f64>,
    /// Equity at the decision.
    pub equity: f64,
    /// Share of the strategy in the account, 1 for all of it.
    pub weight: f64,
    /// Account money that a lot gains when the price rises by 1.
    pub lot_value: f64,
    /// Commission of the deal, whatever its size.
    pub commission_per_order: f64,
    /// Commission of one lot at this price, beyond that of the deal.
    pub commission_per_lot: f64,
}

/// The size of an entry, or why there is none.
///
/// # Errors
/// [`Refusal::NoStop`] for risk sizing without a stop on the losing side, [`Refusal::BelowMinimumLots`] where rounding leaves nothing,
/// [`Refusal::NoEquity`] without money.
pub fn size(sizing: Sizing, lots: Lots, instrument: &Instrument, entry: &Entry) -> Result<Size, Refusal> {
    if entry.equity <= 0.0 {
        return Err(Refusal::NoEquity);
    }
    let wanted = match sizing {
        Sizing::Fraction(fraction) if lots == Lots::Fractional => return Ok(Size::EquityFraction(fraction * entry.weight)),
        Sizing::Fraction(fraction) => {
            let money = fraction * entry.weight * entry.equity - entry.commission_per_order;
            money / (entry.price * entry.lot_value + entry.commission_per_lot)
        }
        Sizing::Lots(count) => count * entry.weight,
        Sizing::Risk(fraction) => {
            let distance = entry.side.sign() * (entry.price - entry.stop_loss.ok_or(Refusal::NoStop)?);
            if distance <= 0.0 {
                return Err(Refusal::NoStop);
            }
            fraction * entry.weight * entry.equity / (distance * entry.lot_value)
        }
    };
    match lots {
        Lots::Fractional if wanted > 0.0 => Ok(Size::Lots(wanted)),
        Lots::Fractional => Err(Refusal::BelowMinimumLots),
        Lots::Broker => instrument.round_lots(wanted).map(Size::Lots).ok_or(Refusal::BelowMinimumLots),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eurusd() -> Instrument {
        Instrument { contract_size: 100_000.0, lot_step: 0.01, min_lots: 0.01, max_lots: 50.0, ..Instrument::fractional("EURUSD") }
    }

    const ENTRY: Entry = Entry {
        side: Side::Buy,
        price: 1.1000,
        stop_loss: Some(1.0980),
        equity: 10_000.0,
        weight: 1.0,
        lot_value: 100_000.0,
        commission_per_order: 0.0,
        commission_per_lot: 0.0,
    };

    #[test]
    fn risk_sizing_loses_its_fraction_at_the_stop() {
        // 1 % of 10,000 = 100; 0.0020 · 100,000 = 200 a lot; half a lot
        let Ok(Size::Lots(lots)) = size(Sizing::Risk(0.01), Lots::Broker, &eurusd(), &ENTRY) else { panic!("sized") };
        assert!((lots - 0.5).abs() < 1e-9);
    }

    #[test]
    fn broker_lots_round_down_and_may_leave_nothing() {
        // 10,000 / (1.1 · 100,000) = 0.0909 lots
        assert_eq!(size(Sizing::Fraction(1.0), Lots::Broker, &eurusd(), &ENTRY), Ok(Size::Lots(0.09)));
        assert_eq!(size(Sizing::Fraction(0.1), Lots::Broker, &eurusd(), &ENTRY), Err(Refusal::BelowMinimumLots));
        assert_eq!(size(Sizing::Fraction(0.1), Lots::Fractional, &eurusd(), &ENTRY), Ok(Size::EquityFraction(0.1)));
    }

    #[test]
    fn broker_lots_leave_room_for_the_commission() {
        // (9,900 − 10) / (1.1 · 100,000 + 700) = 0.0893 lots; without commission it would be 0.09 exactly
        let entry = Entry { equity: 9_900.0, commission_per_order: 10.0, commission_per_lot: 700.0, ..ENTRY };
        assert_eq!(size(Sizing::Fraction(1.0), Lots::Broker, &eurusd(), &entry), Ok(Size::Lots(0.08)));
    }

    #[test]
    fn risk_sizing_needs_a_stop_on_the_losing_side() {
        for stop_loss in [None, Some(1.1000), Some(1.1020)] {
            let entry = Entry { stop_loss, ..ENTRY };
            assert_eq!(size(Sizing::Risk(0.01), Lots::Fractional, &eurusd(), &entry), Err(Refusal::NoStop));
        }
    }
}
