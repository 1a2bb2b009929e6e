//! What is traded: contract size, tick, lot rules, financing and hours.
//!
//! Promises sizes a broker accepts ([`Instrument::round_lots`] rounds down, never up). It holds no prices; where instruments come from is
//! the catalogue of `data`.

use serde::{Deserialize, Serialize};

use super::{Calendar, DailyMoment};

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
    /// Credited in a year to a long, as a fraction of its value at each roll; negative is a charge.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub swap_long_annual_fraction: f64,
    /// The same to a short.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub swap_short_annual_fraction: f64,
    /// Credited per night to one long lot, in account money; negative is a charge.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub swap_long_per_lot: f64,
    /// The same to one short lot.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub swap_short_per_lot: f64,
    /// Days in the year of annual fractions.
    #[serde(default = "bank_year", skip_serializing_if = "is_bank_year")]
    pub swap_year_days: f64,
    /// The day whose night counts for the weekend as well.
    #[serde(default, skip_serializing_if = "is_default")]
    pub swap_triple_day: TripleDay,
    /// When positions roll.
    #[serde(default = "fx_roll", skip_serializing_if = "is_fx_roll")]
    pub swap_roll: DailyMoment,
    /// Paid in a year for what is sold short, as a fraction of its value at each roll; every calendar night counts.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub borrow_annual_fraction: f64,
    /// Funding of a perpetual contract: this fraction of the value goes from longs to shorts at each of `funding_hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_fraction: Option<f64>,
    /// Hours of UTC at which funding is paid.
    #[serde(default = "funding_hours", skip_serializing_if = "is_funding_hours")]
    pub funding_hours: Vec<u8>,
    /// A file of funding rates by time, in place of `funding_fraction` and `funding_hours`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub funding_file: Option<String>,
    /// A file of dividends by ex-date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dividend_file: Option<String>,
}

/// The day of the week whose roll counts threefold, because the weekend's does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TripleDay {
    /// Positions roll on seven days of the week, each once.
    None,
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday, as with currencies.
    #[default]
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday, as with indices and shares.
    Friday,
}

impl TripleDay {
    /// Nights that a roll on a day of the week (Monday = 0) counts for; 0 where nothing rolls.
    ///
    /// ```
    /// use cthulu_lab::market::TripleDay;
    /// assert_eq!((0..7).map(|day| TripleDay::Wednesday.nights(day)).sum::<u8>(), 7);
    /// assert_eq!((TripleDay::Wednesday.nights(2), TripleDay::Friday.nights(2), TripleDay::Friday.nights(5)), (3, 1, 0));
    /// ```
    #[must_use]
    pub const fn nights(self, weekday: i64) -> u8 {
        match self {
            Self::None => 1,
            _ if weekday >= 5 => 0,
            // The variants stand in the order of the week.
            _ if self as i64 - 1 == weekday => 3,
            _ => 1,
        }
    }
}

const fn bank_year() -> f64 {
    360.0
}

const fn fx_roll() -> DailyMoment {
    DailyMoment::FX_ROLL
}

fn funding_hours() -> Vec<u8> {
    vec![0, 8, 16]
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_nothing(value: &f64) -> bool {
    *value == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_bank_year(days: &f64) -> bool {
    *days == bank_year()
}

fn is_fx_roll(roll: &DailyMoment) -> bool {
    *roll == DailyMoment::FX_ROLL
}

fn is_funding_hours(hours: &[u8]) -> bool {
    hours == funding_hours()
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
            swap_long_annual_fraction: 0.0,
            swap_short_annual_fraction: 0.0,
            swap_long_per_lot: 0.0,
            swap_short_per_lot: 0.0,
            swap_year_days: bank_year(),
            swap_triple_day: TripleDay::default(),
            swap_roll: DailyMoment::FX_ROLL,
            borrow_annual_fraction: 0.0,
            funding_fraction: None,
            funding_hours: funding_hours(),
            funding_file: None,
            dividend_file: None,
        }
    }

    /// The same with one unit a lot and any size, for accounts that know no lots; money per lot becomes money per unit.
    #[must_use]
    pub fn in_units(&self) -> Self {
        Self {
            contract_size: 1.0,
            lot_step: 0.0,
            min_lots: 0.0,
            max_lots: unlimited(),
            swap_long_per_lot: self.swap_long_per_lot / self.contract_size,
            swap_short_per_lot: self.swap_short_per_lot / self.contract_size,
            ..self.clone()
        }
    }

    /// Whether the roll costs or brings anything.
    #[must_use]
    pub fn has_swap(&self) -> bool {
        self.swaps().iter().any(|(long, short)| *long != 0.0 || *short != 0.0)
    }

    /// Long and short in points, as annual fractions, and as money per lot.
    const fn swaps(&self) -> [(f64, f64); 3] {
        [
            (self.swap_long_points, self.swap_short_points),
            (self.swap_long_annual_fraction, self.swap_short_annual_fraction),
            (self.swap_long_per_lot, self.swap_short_per_lot),
        ]
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
        let swaps = self.swaps().map(|(long, short)| [long, short]);
        let finite = [self.lot_step, self.min_lots].iter().chain(swaps.iter().flatten()).all(|x| x.is_finite());
        if finite { self.check_financing() } else { Err("lot_step, min_lots and swaps must be finite".to_owned()) }
    }

    fn check_financing(&self) -> Result<(), String> {
        let kinds = self.swaps().iter().filter(|(long, short)| *long != 0.0 || *short != 0.0).count();
        if kinds > 1 {
            return Err(
                "the swap is given in more than one way; name points, annual_fraction or per_lot, and leave the others out".to_owned()
            );
        }
        if !(self.swap_year_days >= 360.0 && self.swap_year_days <= 366.0) {
            return Err(format!("swap_year_days must be 360 to 366, not {}", self.swap_year_days));
        }
        let fractions = [
            ("swap_long_annual_fraction", self.swap_long_annual_fraction),
            ("swap_short_annual_fraction", self.swap_short_annual_fraction),
            ("funding_fraction", self.funding_fraction.unwrap_or(0.0)),
        ];
        if let Some((key, value)) = fractions.into_iter().find(|(_, value)| !(-1.0..1.0).contains(value)) {
            return Err(format!("{key} must lie between -1 and 1, but is {value}; 0.045 is four and a half percent"));
        }
        if !(0.0..100.0).contains(&self.borrow_annual_fraction) {
            return Err(format!(
                "borrow_annual_fraction must not be negative, but is {}; 0.03 is three percent a year",
                self.borrow_annual_fraction
            ));
        }
        if self.funding_fraction.is_some() && self.funding_file.is_some() {
            return Err("both funding_fraction and funding_file are named; leave one out".to_owned());
        }
        if self.funding_hours.is_empty()
            || !self.funding_hours.is_sorted_by(|a, b| a < b)
            || self.funding_hours.iter().any(|hour| *hour > 23)
        {
            return Err("funding_hours must be hours of UTC, rising, as [0, 8, 16]".to_owned());
        }
        Ok(())
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
