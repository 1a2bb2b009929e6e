//! Synthetic markets: prices whose law is known, because it was chosen.
//!
//! A [`Recipe`] is a kind with its parameters; with a [`Frame`] (how many bars, how long, when) and a [`Seed`] it makes bars, always the
//! same ones. [`Recipe::truth`] says what is known of them. Streams are keyed by the seed: one of shocks, which the instruments share, and
//! two per instrument, so that a path does not depend on the threads, nor an instrument's own noise on the others.
//!
//! To look for a way the lab could fool itself take `edge` and `edge_twin`; for something like a market take `garch`, `heston` or
//! `regimes`; for one like a given market take `bootstrap`. `docs/synthetic.md` has the formulas.
//!
//! ```
//! use std::collections::BTreeMap;
//! use cthulu_lab::{feed::synth::{Frame, Recipe}, seed::Seed};
//! let recipe = Recipe::new("gbm", &BTreeMap::from([("volatility".to_owned(), 0.1)])).unwrap();
//! let frame = Frame::new(100, "1h".parse().unwrap());
//! let made = recipe.generate(&frame, &Seed::new(7)).unwrap();
//! assert_eq!((made.bars.len(), made.bars.open()[0]), (100, 100.0));
//! // 0.1² over the 8760 hours of a year
//! assert!((recipe.truth(&frame).variance.unwrap() - 0.01 / 8760.0).abs() < 1e-18);
//! ```

mod bootstrap;
mod correlation;
mod draws;
mod edge;
mod frame;
mod garch;
mod heston;
mod kind;
mod process;
mod regimes;
mod shape;
mod truth;

use std::{collections::BTreeMap, sync::Arc};

pub use correlation::Correlation;
pub use edge::EDGE_RULE;
pub use frame::{Frame, START, Session};
pub use kind::{COMMON, KINDS, Kind, KindInfo, Parameter, Params};
pub use regimes::REGIMES;
pub use truth::{EdgeTruth, RegimeTruth, Truth};

use crate::{
    error::{Error, Result},
    market::Bars,
    seed::Seed,
};
use draws::Draws;
use frame::{Closed, Opening};
use process::Process;
use shape::Shaper;

/// A kind of market with its parameters, checked.
#[derive(Clone, Debug)]
pub struct Recipe {
    info: &'static KindInfo,
    params: Params,
    source: Option<Arc<Bars>>,
}

/// What was made.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// The bars.
    pub bars: Bars,
    /// The regime of each, as a place in [`REGIMES`]; empty where the kind has none.
    pub regimes: Vec<u8>,
}

impl Recipe {
    /// A kind by name, the given values over its defaults.
    ///
    /// # Errors
    /// For a name that is unknown, with the nearest known one, or a value outside its range. `bootstrap` needs
    /// [`Recipe::of_source`].
    pub fn new(kind: &str, given: &BTreeMap<String, f64>) -> Result<Self> {
        let info = KindInfo::named(kind)?;
        if info.kind == Kind::Bootstrap {
            return Err(Error::config("bootstrap", "needs a series to draw from; give a price file with source"));
        }
        Ok(Self { info, params: Params::new(info, given)?, source: None })
    }

    /// The bootstrap of a series.
    ///
    /// # Errors
    /// As [`Recipe::new`], for a kind that is not drawn from a series, and for one too short.
    pub fn of_source(kind: &str, given: &BTreeMap<String, f64>, source: Arc<Bars>) -> Result<Self> {
        let info = KindInfo::named(kind)?;
        if info.kind != Kind::Bootstrap {
            return Err(Error::config(info.name, "is not drawn from a series; source belongs to bootstrap"));
        }
        let params = Params::new(info, given)?;
        bootstrap::Bootstrap::new(&params, &source)?;
        Ok(Self { info, params, source: Some(source) })
    }

    /// Which kind.
    #[must_use]
    pub const fn info(&self) -> &'static KindInfo {
        self.info
    }

    /// Every parameter's value.
    #[must_use]
    pub const fn params(&self) -> &Params {
        &self.params
    }

    /// What is known of the bars.
    #[must_use]
    pub fn truth(&self, frame: &Frame) -> Truth {
        struct Tell;
        impl Use for Tell {
            type Output = Truth;
            fn take<P: Process>(self, make: impl Fn() -> P) -> Truth {
                make().truth()
            }
        }
        self.with(frame, Tell)
    }

    /// Bars of one instrument.
    ///
    /// # Errors
    /// For a frame that cannot be filled, and for prices that leave every range.
    ///
    /// # Panics
    /// Never: one instrument was asked for.
    pub fn generate(&self, frame: &Frame, seed: &Seed) -> Result<Synthetic> {
        self.generate_several(frame, seed, &Correlation::none(1)).map(|mut made| made.pop().expect("one instrument"))
    }

    /// Bars of several instruments whose shocks are correlated. What else a kind draws (variances, jumps, regimes) is each one's own.
    ///
    /// # Errors
    /// As [`Recipe::generate`], and for several of a kind that has no shocks to share.
    pub fn generate_several(&self, frame: &Frame, seed: &Seed, correlation: &Correlation) -> Result<Vec<Synthetic>> {
        self.fill(frame, seed, correlation, None)
    }

    /// Bars of the instrument at place `index` among those that share their shocks: the same that [`Recipe::generate_several`] makes, while the
    /// others may be of other kinds. All of a group need the one seed, and frames that open alike.
    ///
    /// # Errors
    /// As [`Recipe::generate_several`].
    ///
    /// # Panics
    /// When the correlation has no such place.
    pub fn generate_one_of(&self, frame: &Frame, seed: &Seed, (correlation, index): (&Correlation, usize)) -> Result<Synthetic> {
        assert!(index < correlation.instruments(), "an instrument of the group");
        self.fill(frame, seed, correlation, Some(index)).map(|mut made| made.pop().expect("one instrument"))
    }

    fn fill(&self, frame: &Frame, seed: &Seed, correlation: &Correlation, only: Option<usize>) -> Result<Vec<Synthetic>> {
        frame.check()?;
        if correlation.instruments() > 1 && !self.info.shares_shocks() {
            return Err(Error::config("instruments", format!("{} is one series; several need another kind", self.info.name)));
        }
        self.with(frame, Fill { frame, params: &self.params, seed, correlation, only })
    }

    /// Hands the kind's process to `user`, which is compiled for each.
    fn with<U: Use>(&self, frame: &Frame, user: U) -> U::Output {
        let params = &self.params;
        match self.info.kind {
            Kind::Gbm => user.take(|| process::Gbm::new(params, frame)),
            Kind::Garch => user.take(|| garch::Garch::new(params, frame)),
            Kind::Regimes => user.take(|| regimes::Regimes::new(params, frame)),
            Kind::Ou => user.take(|| process::Ou::new(params, frame)),
            Kind::Jumps => user.take(|| process::Jumps::new(params, frame)),
            Kind::Heston => user.take(|| heston::Heston::new(params, frame)),
            Kind::Edge => user.take(|| edge::Edge::new(params, frame, params.get("sharpe"))),
            Kind::EdgeTwin => user.take(|| edge::Edge::new(params, frame, 0.0)),
            Kind::Bootstrap => {
                let source = self.source.as_ref().expect("a bootstrap is made from its source");
                user.take(|| bootstrap::Bootstrap::new(params, source).expect("the source was checked"))
            }
        }
    }
}

/// What is done with a process, whichever it is.
trait Use {
    type Output;
    fn take<P: Process>(self, make: impl Fn() -> P) -> Self::Output;
}

/// Makes bars.
struct Fill<'a> {
    frame: &'a Frame,
    params: &'a Params,
    seed: &'a Seed,
    correlation: &'a Correlation,
    /// The one instrument to make, of those that share their shocks; all where nobody says.
    only: Option<usize>,
}

/// One instrument in the making.
struct Instrument<P> {
    process: P,
    draws: Draws,
    shaper: Shaper,
    regimes: Vec<u8>,
}

impl Use for Fill<'_> {
    type Output = Result<Vec<Synthetic>>;

    fn take<P: Process>(self, make: impl Fn() -> P) -> Self::Output {
        let Self { frame, seed, correlation, .. } = self;
        let bars = |name: &str| self.params.get(name) * frame.bars_per_day();
        let (weekend_bars, night_bars) = (bars("weekend_days"), bars("night_days"));
        let mut shocks = Draws::new(&seed.child("shocks"));
        let mut mixed = vec![0.0; correlation.instruments()];
        let wanted = self.only.map_or(0..mixed.len(), |one| one..one + 1);
        let mut instruments: Vec<_> = wanted.clone().map(|i| self.instrument(make(), i as u64)).collect();
        for Opening { at, closed, session } in frame.openings() {
            mixed.iter_mut().for_each(|shock| *shock = shocks.normal());
            correlation.apply(&mut mixed);
            for (one, shock) in instruments.iter_mut().zip(&mixed[wanted.clone()]) {
                let gap = match closed {
                    Closed::Never => 0.0,
                    Closed::Night => one.process.weekend(night_bars, &mut one.draws),
                    Closed::Weekend => one.process.weekend(weekend_bars, &mut one.draws),
                };
                let mut step = one.process.step(*shock, &mut one.draws);
                step.gap += gap;
                let (open, close) = one.shaper.push(at, session, &step)?;
                one.process.settled(open, close);
                if P::HAS_REGIMES {
                    one.regimes.push(one.process.regime());
                }
            }
        }
        Ok(instruments.into_iter().map(|one| Synthetic { bars: one.shaper.bars(), regimes: one.regimes }).collect())
    }
}

impl Fill<'_> {
    fn instrument<P: Process>(&self, mut process: P, index: u64) -> Instrument<P> {
        let mut draws = Draws::new(&self.seed.child("process").at(index));
        let mut shaper = Shaper::new(self.frame, self.params, Draws::new(&self.seed.child("bars").at(index)));
        shaper.start_at(process.start(&mut draws));
        Instrument { process, draws, shaper, regimes: Vec::new() }
    }
}
