//! The desk between optimiser and evaluation: the one problem that every solver is given.
//!
//! A solver asks for places in the unit cube. The desk turns them into points, sets aside what breaks a constraint, answers from memory what
//! was tried before, numbers the rest and has it evaluated as one batch. Costs are the negated objective, infinite where it is undefined.
//! What was told lies in a [`Record`] that observers share.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use argmin::core::CostFunction;
use rand_chacha::ChaCha8Rng;

use super::{
    space::Space,
    trial::{Asked, Evaluate, Told},
};
use crate::{
    error::{Error, Result},
    seed::Seed,
};

/// Points in a row without a new trial after which a space counts as used up: enough to find a feasible one in several thousand.
const MOST_IDLE: u64 = 20_000;

/// What has happened so far.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) told: Vec<Told>,
    /// Where each of them lies in the unit cube.
    pub(super) places: Vec<Vec<f64>>,
    pub(super) infeasible: u64,
    pub(super) repeated: u64,
    pub(super) trials: usize,
    pub(super) best: Option<f64>,
}

/// A point's values bit for bit, and its budget: what makes two trials the same.
type Key = (Vec<Option<u64>>, u64);

/// Where a place of the unit cube got its cost from.
enum Answer {
    Known(f64),
    New(usize),
}

/// The problem as every solver sees it.
pub(super) struct Desk<'a> {
    pub(super) space: &'a Space,
    pub(super) record: Rc<RefCell<Record>>,
    evaluate: RefCell<&'a mut dyn Evaluate>,
    known: RefCell<BTreeMap<Key, f64>>,
    failure: RefCell<Option<Error>>,
    limit: usize,
    idle: Cell<u64>,
    /// What a random walk draws from, and the temperature it began with.
    pub(super) walk: RefCell<(ChaCha8Rng, f64)>,
}

impl<'a> Desk<'a> {
    /// A desk that has at most `limit` points evaluated.
    pub(super) fn new(space: &'a Space, evaluate: &'a mut dyn Evaluate, limit: usize) -> Self {
        let record = Record { trials: limit, ..Record::default() };
        Self {
            space,
            record: Rc::new(RefCell::new(record)),
            evaluate: RefCell::new(evaluate),
            known: RefCell::default(),
            failure: RefCell::default(),
            limit,
            idle: Cell::new(0),
            walk: RefCell::new((Seed::new(0).generator(), 1.0)),
        }
    }

    /// Gives the random walk its generator and first temperature.
    pub(super) fn walk_from(&self, random: ChaCha8Rng, temperature: f64) {
        self.walk.replace((random, temperature));
    }

    /// Trials told so far.
    pub(super) fn told(&self) -> usize {
        self.record.borrow().told.len()
    }

    /// Cost and place of every trial told so far.
    pub(super) fn tried(&self) -> Vec<(f64, Vec<f64>)> {
        let record = self.record.borrow();
        record.told.iter().map(|told| cost_of(told.value)).zip(record.places.iter().cloned()).collect()
    }

    /// Forgets how long nothing new has turned up.
    pub(super) fn rest(&self) {
        self.idle.set(0);
    }

    /// Trials still to be had.
    pub(super) fn left(&self) -> usize {
        self.limit - self.told()
    }

    /// Whether there is nothing left to do: all trials told, the space used up, or an evaluation failed.
    pub(super) fn is_over(&self) -> bool {
        self.left() == 0 || self.idle.get() >= MOST_IDLE || self.failure.borrow().is_some()
    }

    /// What went wrong, if anything did.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.take()
    }

    /// The costs at these places, with `budget` of the history.
    pub(super) fn costs(&self, places: &[Vec<f64>], budget: f64) -> Vec<f64> {
        let mut asked = Vec::new();
        let answers: Vec<Answer> = {
            let mut waiting = BTreeMap::new();
            places.iter().map(|place| self.answer(place, budget, &mut asked, &mut waiting)).collect()
        };
        let costs = match self.values(&asked) {
            Ok(values) => self.tell(asked, &values),
            Err(error) => {
                self.failure.replace(Some(error));
                vec![f64::INFINITY; asked.len()]
            }
        };
        answers
            .into_iter()
            .map(|answer| match answer {
                Answer::Known(cost) => cost,
                Answer::New(i) => costs[i],
            })
            .collect()
    }

    fn answer(&self, place: &[f64], budget: f64, asked: &mut Vec<Asked>, waiting: &mut BTreeMap<Key, usize>) -> Answer {
        let mut record = self.record.borrow_mut();
        let next = record.told.len() + asked.len();
        if next >= self.limit || self.failure.borrow().is_some() {
            return Answer::Known(f64::INFINITY);
        }
        let values = self.space.values(place);
        if !self.space.allows(&values) {
            record.infeasible += 1;
            self.idle.set(self.idle.get() + 1);
            return Answer::Known(f64::INFINITY);
        }
        let key = (values.iter().map(|value| value.map(f64::to_bits)).collect(), budget.to_bits());
        let known = self.known.borrow().get(&key).copied().map(Answer::Known);
        if let Some(answer) = known.or_else(|| waiting.get(&key).copied().map(Answer::New)) {
            record.repeated += 1;
            self.idle.set(self.idle.get() + 1);
            return answer;
        }
        self.idle.set(0);
        waiting.insert(key, asked.len());
        record.places.push(place.to_vec());
        asked.push(Asked { trial: u32::try_from(next).unwrap_or(u32::MAX), point: self.space.named(&values), budget });
        Answer::New(asked.len() - 1)
    }

    /// The values of what is asked.
    fn values(&self, asked: &[Asked]) -> Result<Vec<Option<f64>>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.evaluate.borrow_mut().evaluate(asked)?;
        assert_eq!(values.len(), asked.len(), "an evaluation answers each point it is asked for");
        Ok(values)
    }

    /// Writes the answers down in the order asked, and gives their costs.
    fn tell(&self, asked: Vec<Asked>, values: &[Option<f64>]) -> Vec<f64> {
        let mut record = self.record.borrow_mut();
        let mut known = self.known.borrow_mut();
        let mut costs = Vec::with_capacity(asked.len());
        for (Asked { trial, point, budget }, value) in asked.into_iter().zip(values) {
            let value = value.filter(|value| value.is_finite());
            let cost = cost_of(value);
            record.best = value.into_iter().chain(record.best).reduce(f64::max);
            let bits = self.space.dimensions().iter().map(|d| point.get(&d.name).map(f64::to_bits)).collect();
            known.insert((bits, budget.to_bits()), cost);
            record.told.push(Told { trial, point, budget, value });
            costs.push(cost);
        }
        costs
    }
}

/// Less is better; the undefined is worse than any number.
fn cost_of(value: Option<f64>) -> f64 {
    value.map_or(f64::INFINITY, |value| -value)
}

impl CostFunction for Desk<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, place: &Vec<f64>) -> std::result::Result<f64, argmin::core::Error> {
        Ok(self.costs(std::slice::from_ref(place), 1.0)[0])
    }

    fn bulk_cost<P>(&self, places: &[P]) -> std::result::Result<Vec<f64>, argmin::core::Error>
    where
        P: std::borrow::Borrow<Vec<f64>> + argmin::core::SyncAlias,
    {
        let places: Vec<Vec<f64>> = places.iter().map(|place| place.borrow().clone()).collect();
        Ok(self.costs(&places, 1.0))
    }
}
