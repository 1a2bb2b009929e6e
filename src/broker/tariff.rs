//! A broker's list of charges: a minimum and a maximum per deal, another rate for makers, and tiers by what was traded this month.
//!
//! Tiers are marginal, as brokers print them: the part of a deal that lies beyond a threshold pays the rate behind it. Volume counts over
//! the whole account, opening and closing deals alike, and starts again with each calendar month of UTC. The maximum wins over the minimum
//! where a deal is so small that they meet.

use chrono::Datelike;
use serde::{Deserialize, Serialize};

use super::Costs;
use crate::{market::Fill, time::Nanos};

/// What tiers are counted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volume {
    /// Notional in account money.
    #[default]
    Notional,
    /// Lots.
    Lots,
}

/// The rates from a threshold on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tier {
    /// The month's volume above which it holds.
    pub above: f64,
    /// Fraction of the notional.
    pub fraction: f64,
    /// The same for makers.
    pub maker_fraction: f64,
    /// Account money per lot.
    pub per_lot: f64,
}

/// What [`Costs`] charge beyond their plain rates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tariff {
    /// Least commission of a deal; 0 is no such bound, and leaves a maker what he is paid.
    pub minimum: f64,
    /// Most commission of a deal, as a fraction of its notional.
    pub maximum_fraction: Option<f64>,
    /// Fraction of the notional for limit orders and take profits, in place of the common one.
    pub maker_fraction: Option<f64>,
    /// Rates by volume, thresholds rising.
    pub tiers: Vec<Tier>,
    /// What the volume is.
    pub by: Volume,
}

impl Tariff {
    /// Commission of a deal of `lots` and `notional`.
    pub(super) fn commission(&self, costs: &Costs, (lots, notional): (f64, f64), is_maker: bool) -> f64 {
        let size = match self.by {
            Volume::Notional => notional,
            Volume::Lots => lots,
        };
        let of_all = |fraction: f64, per_lot: f64| notional * fraction + lots * per_lot;
        let plain = if is_maker { self.maker_fraction.unwrap_or(costs.commission_fraction) } else { costs.commission_fraction };
        let mut sum = of_all(plain, costs.commission_per_lot) * share(costs.traded, size, 0.0, self.tiers.first());
        for (i, tier) in self.tiers.iter().enumerate() {
            let fraction = if is_maker { tier.maker_fraction } else { tier.fraction };
            sum += of_all(fraction, tier.per_lot) * share(costs.traded, size, tier.above, self.tiers.get(i + 1));
        }
        let sum = sum + costs.commission_per_order;
        let charged = if self.minimum > 0.0 { sum.max(self.minimum) } else { sum };
        self.maximum_fraction.map_or(charged, |most| charged.min(notional * most))
    }

    /// What a fill adds to the month's volume.
    fn volume_of(&self, fill: &Fill, contract_size: f64) -> f64 {
        match self.by {
            Volume::Notional => fill.lots * contract_size * fill.rate * fill.price,
            Volume::Lots => fill.lots,
        }
    }
}

/// The share of a deal of `size` after `traded` that lies above `from` and not above the next tier.
fn share(traded: f64, size: f64, from: f64, next: Option<&Tier>) -> f64 {
    let to = next.map_or(f64::INFINITY, |tier| tier.above);
    if size <= 0.0 {
        // Nothing dealt has the rate that the next deal would have.
        return f64::from(u8::from(from <= traded && traded < to));
    }
    ((traded + size).min(to) - traded.max(from)).max(0.0) / size
}

/// What has been traded this month.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Month {
    number: Option<i32>,
    traded: f64,
}

impl Month {
    /// The volume before a deal at `at`.
    pub(super) fn traded_at(&mut self, at: Nanos) -> f64 {
        let date = at.civil();
        let number = date.year() * 12 + i32::try_from(date.month0()).unwrap_or_default();
        if self.number != Some(number) {
            *self = Self { number: Some(number), traded: 0.0 };
        }
        self.traded
    }

    /// Adds a fill.
    pub(super) fn add(&mut self, tariff: &Tariff, fill: &Fill, contract_size: f64) {
        self.traded_at(fill.at);
        self.traded += tariff.volume_of(fill, contract_size);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn shares(minimum: f64, tiers: Vec<Tier>, per_share: f64) -> Costs {
        let tariff = Tariff { minimum, maximum_fraction: Some(0.01), tiers, by: Volume::Lots, ..Tariff::default() };
        Costs { commission_per_lot: per_share, tariff: Some(Arc::new(tariff)), ..Costs::default() }
    }

    #[test]
    fn the_examples_of_a_fixed_price_list_hold() {
        // 0.005 a share, at least 1.00, at most 1 % of the value
        let fixed = shares(1.0, Vec::new(), 0.005);
        for (count, price, charged) in [(100.0, 25.0, 1.0), (1000.0, 25.0, 5.0), (1000.0, 0.25, 2.5), (10.0, 0.25, 0.025)] {
            assert!((fixed.commission(count, 1.0, price) - charged).abs() < 1e-12, "{count} at {price}");
        }
    }

    #[test]
    fn a_deal_over_a_threshold_pays_both_rates() {
        // 0.0035 up to 300,000 shares a month, 0.0020 beyond
        let tier = Tier { above: 300_000.0, fraction: 0.0, maker_fraction: 0.0, per_lot: 0.002 };
        let mut tiered = shares(0.35, vec![tier], 0.0035);
        assert!((tiered.commission(400_000.0, 1.0, 25.0) - (300_000.0 * 0.0035 + 100_000.0 * 0.002)).abs() < 1e-9);
        tiered.traded = 299_900.0;
        // 100 · 0.0035 + 100 · 0.002 = 0.55; a further 50 pay the minimum
        assert!((tiered.commission(200.0, 1.0, 25.0) - 0.55).abs() < 1e-12);
        tiered.traded = 300_000.0;
        assert_eq!(tiered.commission(50.0, 1.0, 25.0), 0.35);
    }

    #[test]
    fn makers_pay_their_own_rate() {
        let tariff = Tariff { maker_fraction: Some(0.0002), ..Tariff::default() };
        let costs = Costs { commission_fraction: 0.0005, tariff: Some(Arc::new(tariff)), ..Costs::default() };
        // 1 coin at 50,000
        let (taken, made) = (costs.commission(1.0, 1.0, 50_000.0), costs.commission_of(1.0, 1.0, 50_000.0, true));
        assert!((taken - 25.0).abs() < 1e-9 && (made - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_whole_money_buys_what_its_tariff_leaves() {
        let fixed = shares(1.0, Vec::new(), 0.005);
        // The minimum binds: (1000 − 1) / 50. Without it: 100,000 / 50.005.
        assert!((fixed.lots_for(1000.0, 1.0, 50.0) - 19.98).abs() < 1e-9);
        assert!((fixed.lots_for(100_000.0, 1.0, 50.0) - 100_000.0 / 50.005).abs() < 1e-6);
        assert_eq!(shares(5.0, Vec::new(), 0.0).lots_for(-3.0, 1.0, 50.0), 0.0);
    }

    #[test]
    fn a_new_month_counts_from_nothing() {
        let mut month = Month { number: None, traded: 0.0 };
        let at = |text: &str| text.parse::<Nanos>().unwrap();
        assert_eq!(month.traded_at(at("2024-01-31T23:00:00Z")), 0.0);
        month.traded = 5.0;
        assert_eq!((month.traded_at(at("2024-01-31T23:59:00Z")), month.traded_at(at("2024-02-01T00:00:00Z"))), (5.0, 0.0));
        month.traded = 5.0;
        assert_eq!(month.traded_at(at("2025-02-01T00:00:00Z")), 0.0);
    }
}
