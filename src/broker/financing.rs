//! What holding a position costs: swap, borrow, funding and dividends, each at its own moments.
//!
//! A position takes part in a moment that lies after its opening and not after its closing. What falls on a bar's opening is booked before
//! anything is dealt there. What falls inside a bar is booked at its completion at the price then known: charges before the bar's path is
//! walked, so that a position stopped out in it has paid, credits only to what is still held. Amounts are per unit of what is held, in the
//! currency of its prices, unless they say otherwise.

use crate::{
    market::{Charge, DailyMoment, Financing, Instrument, InstrumentId, Side, Steps, Tick, TripleDay},
    portfolio::{Ledger, Position},
    time::{DAY, HOUR, Nanos},
};

/// A dividend.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dividend {
    /// The opening of the first bar on the ex-date: who holds before it receives, or pays when short.
    pub ex_at: Nanos,
    /// Per share, in the currency of the price.
    pub amount: f64,
}

/// How one instrument's positions are financed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinancingTerms {
    levies: Vec<Levy>,
}

/// One reason to charge.
#[derive(Clone, Debug, PartialEq)]
enum Levy {
    /// Credits at the roll: in the currency of the price per unit, as a fraction of the value, and in account money per lot.
    Swap { roll: DailyMoment, triple: TripleDay, long: Credit, short: Credit },
    /// A fraction of the value, paid by shorts each night.
    Borrow { roll: DailyMoment, nightly: f64 },
    /// A fraction of the value from longs to shorts at hours of UTC.
    Funding { hours: Vec<u8>, fraction: f64 },
    /// The same at recorded moments.
    Recorded(Steps),
    /// Money per unit at ex-dates.
    Dividends(Steps),
}

/// What one night brings.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Credit {
    price: f64,
    fraction: f64,
    per_lot: f64,
}

impl FinancingTerms {
    /// The terms of an instrument: its swap where `with_swap`, its borrow fee, and its fixed funding.
    #[must_use]
    pub fn of(instrument: &Instrument, with_swap: bool) -> Self {
        let mut levies = Vec::new();
        let (roll, year) = (instrument.swap_roll, instrument.swap_year_days);
        if with_swap && instrument.has_swap() {
            let point = instrument.point.unwrap_or(0.0);
            let credit = |points: f64, fraction: f64, per_lot: f64| Credit { price: points * point, fraction: fraction / year, per_lot };
            levies.push(Levy::Swap {
                roll,
                triple: instrument.swap_triple_day,
                long: credit(instrument.swap_long_points, instrument.swap_long_annual_fraction, instrument.swap_long_per_lot),
                short: credit(instrument.swap_short_points, instrument.swap_short_annual_fraction, instrument.swap_short_per_lot),
            });
        }
        if instrument.borrow_annual_fraction != 0.0 {
            levies.push(Levy::Borrow { roll, nightly: instrument.borrow_annual_fraction / year });
        }
        if let Some(fraction) = instrument.funding_fraction {
            levies.push(Levy::Funding { hours: instrument.funding_hours.clone(), fraction });
        }
        Self { levies }
    }

    /// The same with funding at recorded moments.
    #[must_use]
    pub fn with_funding(mut self, rates: Steps) -> Self {
        self.levies.push(Levy::Recorded(rates));
        self
    }

    /// The same with dividends.
    #[must_use]
    pub fn with_dividends(mut self, dividends: &[Dividend]) -> Self {
        // Two on one day are paid as one.
        let mut steps: Vec<(Nanos, f64)> = Vec::new();
        for dividend in dividends {
            match steps.iter_mut().find(|(at, _)| *at == dividend.ex_at) {
                Some((_, amount)) => *amount += dividend.amount,
                None => steps.push((dividend.ex_at, dividend.amount)),
            }
        }
        self.levies.push(Levy::Dividends(Steps::new(steps)));
        self
    }

    /// Whether holding costs or brings anything.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.levies.is_empty()
    }
}

impl Levy {
    const fn kind(&self) -> Financing {
        match self {
            Self::Swap { .. } => Financing::Swap,
            Self::Borrow { .. } => Financing::Borrow,
            Self::Funding { .. } | Self::Recorded(_) => Financing::Funding,
            Self::Dividends(_) => Financing::Dividend,
        }
    }

    /// The first moment after `at`; `None` where there is none to come.
    fn after(&self, at: Nanos) -> Option<Nanos> {
        match self {
            Self::Swap { roll, .. } | Self::Borrow { roll, .. } => Some(roll.after(at)),
            Self::Funding { hours, .. } => {
                let moments = (at.day()..).flat_map(|day| hours.iter().map(move |hour| Nanos(day * DAY + i64::from(*hour) * HOUR)));
                moments.into_iter().find(|moment| *moment > at)
            }
            Self::Recorded(steps) | Self::Dividends(steps) => steps.from().get(steps.from().partition_point(|from| *from <= at)).copied(),
        }
    }

    /// What a position pays at a moment, one unit of account money being a unit of price where `rate` is 1.
    fn paid(&self, at: Nanos, position: &Position, worth: &Worth) -> f64 {
        let units = position.lots * worth.contract_size * worth.rate;
        let sign = position.side.sign();
        match self {
            Self::Swap { roll, triple, long, short } => {
                let credit = if position.side == Side::Buy { long } else { short };
                let nights = f64::from(triple.nights(roll.night(at)));
                -nights * ((credit.price + credit.fraction * worth.price) * units + credit.per_lot * position.lots)
            }
            Self::Borrow { nightly, .. } if position.side == Side::Sell => nightly * worth.price * units,
            Self::Borrow { .. } => 0.0,
            Self::Funding { fraction, .. } => sign * fraction * worth.price * units,
            Self::Recorded(rates) => sign * rates.at(at).unwrap_or(0.0) * worth.price * units,
            Self::Dividends(amounts) => -sign * amounts.at(at).unwrap_or(0.0) * units,
        }
    }
}

/// The latest moment at which a position was not yet held: an entry inside a bar is stamped with the bar's end, and lies before it.
fn began(position: &Position) -> Nanos {
    position.opened_at.plus(-i64::from(position.opened_inside_bar))
}

/// What a unit is worth when something falls due.
#[derive(Clone, Copy)]
struct Worth {
    price: f64,
    contract_size: f64,
    rate: f64,
}

/// The financing of a whole account.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    lines: Vec<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    instrument: InstrumentId,
    levy: Levy,
    /// The next moment not yet seen with a position held.
    next_at: Nanos,
}

impl Desk {
    /// One list of terms per instrument.
    pub(super) fn new(terms: Vec<FinancingTerms>) -> Self {
        let line = |(i, levy)| Line { instrument: InstrumentId(i), levy, next_at: Nanos(i64::MIN) };
        let lines = (0_u16..).zip(terms).flat_map(|(i, terms)| terms.levies.into_iter().map(move |levy| (i, levy))).map(line).collect();
        Self { lines }
    }

    /// Whether anything of an instrument has fallen due by `by`; a look is enough at most events.
    #[inline]
    pub(super) fn is_due(&self, instrument: InstrumentId, by: Nanos) -> bool {
        self.lines.iter().any(|line| line.next_at <= by && line.instrument == instrument)
    }

    /// What has fallen due of an instrument by `by`, in the order of time within each kind.
    #[inline(never)]
    pub(super) fn collect(&mut self, instrument: InstrumentId, by: Nanos, quote: &Tick, book: &Ledger) -> Vec<Charge> {
        let held = || book.positions().iter().filter(|p| p.instrument == instrument);
        let Some(oldest) = held().map(began).min() else { return Vec::new() };
        let price = f64::midpoint(quote.bid, quote.ask);
        let worth = Worth { price, contract_size: book.contract_size(instrument), rate: book.rate_at(instrument, price) };
        let mut charges = Vec::new();
        for line in self.lines.iter_mut().filter(|line| line.instrument == instrument) {
            if line.next_at <= oldest {
                // Nothing was held in between, and whole years of nothing are not walked.
                line.next_at = line.levy.after(oldest).unwrap_or(Nanos(i64::MAX));
            }
            while line.next_at <= by {
                let at = line.next_at;
                for position in held().filter(|p| began(p) < at) {
                    let amount = line.levy.paid(at, position, &worth);
                    if amount != 0.0 {
                        charges.push(Charge { ticket: position.ticket, kind: line.levy.kind(), amount });
                    }
                }
                line.next_at = line.levy.after(at).unwrap_or(Nanos(i64::MAX));
            }
        }
        charges
    }
}
