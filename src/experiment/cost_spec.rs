//! The `[costs]` section as typed: names, defaults, and the checks that need no file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    broker::Volume,
    error::{Error, Result},
    market::{DailyHours, Impact},
};

/// What trading costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CostSpec {
    /// `"data"`, or points.
    pub spread: SpreadSpec,
    /// Spreads by session, in place of `spread` while one lasts; the first that is on counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spread_sessions: Vec<SessionSpread>,
    /// How much wider the spread is around the instrument's roll.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread_roll: Option<Widening>,
    /// How much wider the spread is around the news.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread_news: Option<NewsWidening>,
    /// How much worse market and stop orders fill, in points.
    pub slippage_points: f64,
    /// Slippage that depends on the market or the order, on top of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slippage: Option<SlippageSpec>,
    /// Commission as a fraction of the notional, per deal.
    pub commission_fraction: f64,
    /// Commission per lot, per deal.
    pub commission_per_lot: f64,
    /// Commission per deal.
    pub commission_per_order: f64,
    /// Least commission of a deal.
    #[serde(skip_serializing_if = "is_nothing")]
    pub commission_minimum: f64,
    /// Most commission of a deal, as a fraction of its notional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission_maximum_fraction: Option<f64>,
    /// Fraction of the notional for limit orders and take profits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commission_maker_fraction: Option<f64>,
    /// Rates by the month's volume.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commission_tiers: Vec<TierSpec>,
    /// What that volume is.
    #[serde(skip_serializing_if = "is_default")]
    pub commission_tiers_by: Volume,
    /// Milliseconds until orders, cancels and moved stops reach the market.
    #[serde(skip_serializing_if = "is_nothing")]
    pub latency_ms: f64,
    /// `"instrument"` or `"none"`.
    pub swap: SwapSpec,
    /// Fraction of a pnl in another currency that turning it into account money costs.
    #[serde(skip_serializing_if = "is_nothing")]
    pub conversion_fraction: f64,
    /// Files of rates by pair, for currencies of which there is no data.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, String>,
}

impl Default for CostSpec {
    fn default() -> Self {
        Self {
            spread: SpreadSpec::Points(0.0),
            spread_sessions: Vec::new(),
            spread_roll: None,
            spread_news: None,
            slippage_points: 0.0,
            slippage: None,
            commission_fraction: 0.0,
            commission_per_lot: 0.0,
            commission_per_order: 0.0,
            commission_minimum: 0.0,
            commission_maximum_fraction: None,
            commission_maker_fraction: None,
            commission_tiers: Vec::new(),
            commission_tiers_by: Volume::default(),
            latency_ms: 0.0,
            swap: SwapSpec::Instrument,
            conversion_fraction: 0.0,
            rates: BTreeMap::new(),
        }
    }
}

/// Where the spread comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum SpreadSpec {
    /// A fixed number of points.
    Points(f64),
    /// The file's quotes or spread column.
    Named(FromData),
}

/// The word `data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromData {
    /// The file's quotes or spread column.
    Data,
}

/// The spread while a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionSpread {
    /// Its hours, by a place's clock.
    pub session: DailyHours,
    /// The spread in points.
    pub points: f64,
}

/// A spread that is wider for a while.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Widening {
    /// How many times as wide.
    pub multiple: f64,
    /// Minutes before.
    #[serde(default = "five")]
    pub before_minutes: f64,
    /// Minutes after.
    #[serde(default = "fifteen")]
    pub after_minutes: f64,
}

/// The same around news.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewsWidening {
    /// The calendar: `time,currency,impact,title`.
    pub file: String,
    /// Clock of times without an offset.
    #[serde(default = "utc", skip_serializing_if = "is_utc")]
    pub zone: String,
    /// The least impact that counts.
    #[serde(default)]
    pub impact: Impact,
    /// How many times as wide.
    pub multiple: f64,
    /// Minutes before.
    #[serde(default = "five")]
    pub before_minutes: f64,
    /// Minutes after.
    #[serde(default = "fifteen")]
    pub after_minutes: f64,
}

impl NewsWidening {
    /// Without the file.
    #[must_use]
    pub const fn widening(&self) -> Widening {
        Widening { multiple: self.multiple, before_minutes: self.before_minutes, after_minutes: self.after_minutes }
    }
}

const fn five() -> f64 {
    5.0
}

const fn fifteen() -> f64 {
    15.0
}

fn utc() -> String {
    "UTC".into()
}

fn is_utc(zone: &str) -> bool {
    zone == "UTC"
}

/// Where financing comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SwapSpec {
    /// The instrument's terms.
    Instrument,
    /// Nothing is charged for the night.
    None,
}

/// Slippage that is no fixed number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SlippageSpec {
    /// A multiple of the average true range of completed bars.
    Volatility {
        /// How much of it.
        multiple: f64,
        /// Over how many bars.
        #[serde(default = "fourteen")]
        bars: u32,
    },
    /// By the order's share of the last completed bar's volume.
    VolumeShare {
        /// Fraction of the price that an order of the whole volume moves.
        fraction: f64,
        /// How that grows with the share.
        #[serde(default)]
        impact: ImpactSpec,
    },
    /// Drawn from recorded deals.
    Recorded {
        /// Their file.
        file: String,
    },
}

/// How impact grows with the share of the volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactSpec {
    /// With the square root.
    #[default]
    SquareRoot,
    /// In proportion.
    Linear,
}

/// Rates above a month's volume; what it does not name stays as in the tier below.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierSpec {
    /// The volume.
    pub above: f64,
    /// Fraction of the notional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    /// The same for makers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maker_fraction: Option<f64>,
    /// Money per lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_lot: Option<f64>,
}

const fn fourteen() -> u32 {
    14
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_nothing(value: &f64) -> bool {
    *value == 0.0
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl CostSpec {
    /// The same costs wherever their files lie, whose contents count by themselves.
    pub(super) fn without_places(mut self) -> Self {
        self.rates.values_mut().for_each(String::clear);
        if let Some(news) = &mut self.spread_news {
            news.file.clear();
        }
        if let Some(SlippageSpec::Recorded { file }) = &mut self.slippage {
            file.clear();
        }
        self
    }

    /// A section of nothing: what an experiment without `[costs]` is charged.
    #[must_use]
    pub fn free() -> Self {
        Self { swap: SwapSpec::None, ..Self::default() }
    }

    /// Whether a price list says more than plain rates.
    #[must_use]
    pub fn has_tariff(&self) -> bool {
        self.commission_minimum != 0.0
            || self.commission_maximum_fraction.is_some()
            || self.commission_maker_fraction.is_some()
            || !self.commission_tiers.is_empty()
    }

    /// Refuses what no broker charges.
    pub(super) fn check(&self) -> Result<()> {
        let spread = if let SpreadSpec::Points(points) = self.spread { points } else { 0.0 };
        let not_negative = [
            ("costs.spread", spread),
            ("costs.slippage_points", self.slippage_points),
            ("costs.commission_fraction", self.commission_fraction),
            ("costs.commission_per_lot", self.commission_per_lot),
            ("costs.commission_per_order", self.commission_per_order),
            ("costs.commission_minimum", self.commission_minimum),
            ("costs.latency_ms", self.latency_ms),
            ("costs.conversion_fraction", self.conversion_fraction),
        ];
        not_negative.into_iter().try_for_each(|(place, value)| at_least_nothing(place, value))?;
        let fractions = [
            ("costs.commission_fraction", Some(self.commission_fraction)),
            ("costs.conversion_fraction", Some(self.conversion_fraction)),
            ("costs.commission_maximum_fraction", self.commission_maximum_fraction),
        ];
        fractions.into_iter().filter_map(|(place, value)| Some((place, value?))).try_for_each(|(place, value)| fraction(place, value))?;
        // A maker may be paid.
        if let Some(maker) = self.commission_maker_fraction.filter(|maker| !(-1.0..1.0).contains(maker)) {
            return Err(Error::config(
                "costs.commission_maker_fraction",
                format!("{maker} is not a fraction; 0.0002 is two hundredths of a percent"),
            ));
        }
        if self.latency_ms > 3_600_000.0 {
            let problem = format!("{} ms is more than an hour; orders that slow are not modelled", self.latency_ms);
            return Err(Error::config("costs.latency_ms", problem));
        }
        self.check_tiers()?;
        self.check_spreads()?;
        self.slippage.as_ref().map_or(Ok(()), SlippageSpec::check)
    }

    fn check_spreads(&self) -> Result<()> {
        self.spread_sessions.iter().try_for_each(|session| at_least_nothing("costs.spread_sessions.points", session.points))?;
        if !self.spread_sessions.is_empty() && matches!(self.spread, SpreadSpec::Named(_)) {
            let problem = "sessions take the place of the data's spread, and spread = \"data\" asks for that; give spread in points for the hours between";
            return Err(Error::config("costs.spread_sessions", problem));
        }
        let news = self.spread_news.as_ref().map(NewsWidening::widening);
        for (place, widening) in [("costs.spread_roll", self.spread_roll), ("costs.spread_news", news)] {
            let Some(Widening { multiple, before_minutes, after_minutes }) = widening else { continue };
            if !(multiple.is_finite() && multiple >= 1.0) {
                return Err(Error::config(format!("{place}.multiple"), format!("{multiple} does not widen; 4.0 is four times the spread")));
            }
            for (key, minutes) in [("before_minutes", before_minutes), ("after_minutes", after_minutes)] {
                if !(0.0..=1440.0).contains(&minutes) {
                    return Err(Error::config(
                        format!("{place}.{key}"),
                        format!("{minutes} is not a number of minutes from 0 to a day's 1440"),
                    ));
                }
            }
        }
        Ok(())
    }

    fn check_tiers(&self) -> Result<()> {
        let (mut above, mut taker) = (0.0, self.commission_fraction);
        let mut maker = self.commission_maker_fraction.unwrap_or(taker);
        let mut per_lot = self.commission_per_lot;
        for tier in &self.commission_tiers {
            if !(tier.above.is_finite() && tier.above > above) {
                let problem = format!("a tier above {} follows one above {above}; thresholds are numbers above 0 and rise", tier.above);
                return Err(Error::config("costs.commission_tiers", problem));
            }
            above = tier.above;
            for (name, rate, before) in [
                ("fraction", tier.fraction, &mut taker),
                ("maker_fraction", tier.maker_fraction, &mut maker),
                ("per_lot", tier.per_lot, &mut per_lot),
            ] {
                let Some(rate) = rate else { continue };
                if !(rate <= *before && (rate >= 0.0 || name == "maker_fraction")) {
                    let problem =
                        format!("{name} = {rate} above {above} is not below {before} of the tier before; rates fall as the volume grows");
                    return Err(Error::config("costs.commission_tiers", problem));
                }
                *before = rate;
            }
        }
        Ok(())
    }
}

impl SlippageSpec {
    fn check(&self) -> Result<()> {
        match *self {
            Self::Volatility { multiple, bars } => {
                at_least_nothing("costs.slippage.multiple", multiple)?;
                if bars == 0 { Err(Error::config("costs.slippage.bars", "0 bars have no range; 14 is usual")) } else { Ok(()) }
            }
            Self::VolumeShare { fraction: moved, .. } => fraction("costs.slippage.fraction", moved),
            Self::Recorded { .. } => Ok(()),
        }
    }
}

fn at_least_nothing(place: &str, value: f64) -> Result<()> {
    match value {
        _ if !value.is_finite() => Err(Error::config(place, format!("{value} is not a number"))),
        _ if value < 0.0 => Err(Error::config(place, format!("{value} is negative; costs are written as positive numbers"))),
        _ => Ok(()),
    }
}

fn fraction(place: &str, value: f64) -> Result<()> {
    at_least_nothing(place, value)?;
    if value < 1.0 {
        return Ok(());
    }
    Err(Error::config(place, format!("{value} would be the whole price and more; 0.0002 is two hundredths of a percent")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(&mut CostSpec)) -> String {
        let mut spec = CostSpec::default();
        change(&mut spec);
        spec.check().unwrap_err().to_string()
    }

    fn tier(above: f64, fraction: f64) -> TierSpec {
        TierSpec { above, fraction: Some(fraction), maker_fraction: None, per_lot: None }
    }

    #[test]
    fn what_no_broker_charges_is_refused_with_its_key() {
        assert!(refused(|c| c.commission_minimum = -1.0).starts_with("costs.commission_minimum: -1 is negative"));
        assert!(refused(|c| c.commission_maximum_fraction = Some(1.0)).starts_with("costs.commission_maximum_fraction: 1 would be"));
        assert!(refused(|c| c.latency_ms = f64::NAN).starts_with("costs.latency_ms: NaN is not a number"));
        assert!(refused(|c| c.latency_ms = 1e10).contains("more than an hour"));
        assert!(refused(|c| c.slippage = Some(SlippageSpec::Volatility { multiple: 0.1, bars: 0 })).contains("14 is usual"));
        assert!(refused(|c| c.commission_maker_fraction = Some(1.0)).contains("two hundredths"));
    }

    #[test]
    fn tiers_rise_and_their_rates_fall() {
        let tiers = |tiers: Vec<TierSpec>| move |c: &mut CostSpec| (c.commission_fraction, c.commission_tiers) = (0.001, tiers.clone());
        assert!(refused(tiers(vec![tier(100.0, 0.0005), tier(50.0, 0.0001)])).contains("a tier above 50 follows one above 100"));
        assert!(refused(tiers(vec![tier(100.0, 0.002)])).contains("fraction = 0.002 above 100 is not below 0.001"));
        let mut spec = CostSpec::default();
        tiers(vec![tier(100.0, 0.0005), tier(200.0, 0.0)])(&mut spec);
        assert!(spec.check().is_ok() && spec.has_tariff());
    }
}
