//! What is traded: contract size, tick, lot rules, financing and hours.
//!
//! Promises sizes a broker accepts ([`Instrument::round_lots`] rounds down, never up). It holds no prices; where instruments come from is
//! the catalogue of `data`.

use serde::{Deserialize, Serialize};

use super::Calendar;

/// Which instrument an event is about: its place in the run's list of instruments.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstrumentId(pub u16);

/// One instrument's trading conditions.
///
/// ```
/// use cthulu_lab::market::Instrument;
/// let stock = Instrument::fractional("ACME");
/// assert_eq!((stock.contract_size, stock.round_lots(0.123)), (1.0, Some(0.123)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    /// Name, as "EURUSD".
    pub symbol: String,
    /// Units in one lot.
    pub contract_size: f64,
    /// Smallest price step, in price units; spreads, slippage and swaps in points need it.
    #[serde(default)]
    pub point: Option<f64>,
    /// Lots come in multiples of this; 0 means any size.
    #[serde(default)]
    pub lot_step: f64,
    /// Smallest order in lots.
    #[serde(default)]
    pub min_lots: f64,
    /// Largest order in lots; unlimited where the file does not name it.
    #[serde(default = "unlimited", skip_serializing_if = "is_unlimited")]
    pub max_lots: f64,
    /// Currency of prices and of profit.
    #[serde(default)]
    pub quote_currency: Option<String>,
    /// Trading hours and day boundary.
    #[serde(default)]
    pub calendar: Calendar,
    /// Credited per night to one long lot, in points; negative is a charge.
    #[serde(default)]
    pub swap_long_points: f64,
    /// Credited per night to one short lot, in points; negative is a charge.
    #[serde(default)]
    pub swap_short_points: f64,
}

const fn unlimited() -> f64 {
    f64::INFINITY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_unlimited(lots: &f64) -> bool {
    lots.is_infinite()
}

impl Instrument {
    /// An instrument nobody described: one lot is one unit, any size, no financing, round the clock.
    #[must_use]
    pub fn fractional(symbol: impl Into<String>) -> Self {
        Self {
            symbol: symbol.into(),
            contract_size: 1.0,
            point: None,
            lot_step: 0.0,
            min_lots: 0.0,
            max_lots: unlimited(),
            quote_currency: None,
            calendar: Calendar::RoundTheClock,
            swap_long_points: 0.0,
            swap_short_points: 0.0,
        }
    }

    /// The largest permitted size that is not above `lots`; `None` below the minimum, at zero or less, or for a value that is no number.
    ///
    /// A size within 1e-9 of a step below the next multiple counts as that multiple, so 0.3 / 0.1 is three steps.
    #[must_use]
    pub fn round_lots(&self, lots: f64) -> Option<f64> {
        let wanted = lots.min(self.max_lots);
        let rounded = if self.lot_step > 0.0 { multiple((wanted / self.lot_step + 1e-9).floor(), self.lot_step) } else { wanted };
        let permitted = rounded.is_finite() && !lots.is_nan() && rounded > 0.0 && rounded >= self.min_lots - self.lot_step * 1e-9;
        permitted.then_some(rounded)
    }

    /// What the conditions get wrong, where they do: sizes must be finite and of the right sign.
    ///
    /// # Errors
    /// A sentence naming the field and its value.
    pub fn check(&self) -> Result<(), String> {
        let positive = |name: &str, value: f64| {
            if value.is_finite() && value > 0.0 { Ok(()) } else { Err(format!("{name} must be above 0, not {value}")) }
        };
        let sized =
            |name: &str, value: f64| if value >= 0.0 { Ok(()) } else { Err(format!("{name} must not be negative, but is {value}")) };
        positive("contract_size", self.contract_size)?;
        self.point.map_or(Ok(()), |point| positive("point", point))?;
        sized("lot_step", self.lot_step)?;
        sized("min_lots", self.min_lots)?;
        if !(self.max_lots > 0.0 && self.max_lots >= self.min_lots) {
            return Err(format!("max_lots must be above 0 and not below min_lots, but is {}", self.max_lots));
        }
        let finite = [self.lot_step, self.min_lots, self.swap_long_points, self.swap_short_points].iter().all(|x| x.is_finite());
        if finite { Ok(()) } else { Err("lot_step, min_lots and swaps must be finite".to_owned()) }
    }
}

/// `count` steps; through the step's reciprocal where that is whole, so that 3 steps of 0.1 are 0.3 and not 0.30000000000000004.
fn multiple(count: f64, step: f64) -> f64 {
    let per_unit = (1.0 / step).round();
    if per_unit >= 1.0 && (per_unit * step - 1.0).abs() < 1e-12 { count / per_unit } else { count * step }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forex() -> Instrument {
        Instrument { lot_step: 0.01, min_lots: 0.01, max_lots: 50.0, contract_size: 100_000.0, ..Instrument::fractional("EURUSD") }
    }

    #[test]
    fn lots_round_down_to_the_step() {
        for (asked, given) in [
            (0.019, Some(0.01)),
            (0.03, Some(0.03)),
            (0.29999999999, Some(0.3)),
            (0.009, None),
            (1e9, Some(50.0)),
            (0.0, None),
            (-1.0, None),
        ] {
            assert_eq!(forex().round_lots(asked), given, "{asked}");
        }
        assert_eq!(forex().round_lots(0.1 + 0.2), Some(0.3));
        assert_eq!(forex().round_lots(f64::NAN), None);
        assert_eq!(forex().round_lots(f64::INFINITY), Some(50.0));
    }

    #[test]
    fn a_step_above_one_and_a_minimum_hold() {
        let odd = Instrument { lot_step: 25.0, min_lots: 50.0, max_lots: 110.0, ..Instrument::fractional("X") };
        assert_eq!((odd.round_lots(49.0), odd.round_lots(74.0), odd.round_lots(500.0)), (None, Some(50.0), Some(100.0)));
    }

    #[test]
    fn fractional_takes_any_positive_size_but_no_infinite_one() {
        let any = Instrument::fractional("X");
        assert_eq!((any.round_lots(1e-7), any.round_lots(f64::INFINITY)), (Some(1e-7), None));
        assert!(any.check().is_ok() && Instrument { point: Some(0.0), ..any }.check().is_err());
    }

    #[test]
    fn unlimited_sizes_survive_json() {
        let text = serde_json::to_string(&Instrument::fractional("X")).unwrap();
        assert_eq!(serde_json::from_str::<Instrument>(&text).unwrap(), Instrument::fractional("X"));
        assert!(serde_json::from_str::<Instrument>(r#"{"symbol":"X","contract_size":1.0,"colour":"red"}"#).is_err());
    }
}
