//! The one executor that runs every solver, with its observer.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use argmin::core::{
    Error as Trouble, Executor, KV, Problem, Solver, State, TerminationReason, TerminationStatus,
    observers::{Observe, ObserverMode},
};

use super::{
    desk::{Desk, Record},
    plan::Watcher,
    trial::{Observer, Progress},
};
use crate::error::{Error, Result};

/// A solver that stops when the desk has nothing left.
struct Metered<S>(S);

impl<'a, S, I> Solver<Desk<'a>, I> for Metered<S>
where
    S: Solver<Desk<'a>, I>,
    I: State,
{
    fn name(&self) -> &str {
        self.0.name()
    }

    fn init(&mut self, problem: &mut Problem<Desk<'a>>, state: I) -> std::result::Result<(I, Option<KV>), Trouble> {
        let (state, kv) = self.0.init(problem, state)?;
        Ok((stopped(problem, state), kv))
    }

    fn next_iter(&mut self, problem: &mut Problem<Desk<'a>>, state: I) -> std::result::Result<(I, Option<KV>), Trouble> {
        let (state, kv) = self.0.next_iter(problem, state)?;
        Ok((stopped(problem, state), kv))
    }

    fn terminate(&mut self, state: &I) -> TerminationStatus {
        self.0.terminate(state)
    }
}

fn stopped<I: State>(problem: &Problem<Desk<'_>>, state: I) -> I {
    let is_over = problem.problem.as_ref().is_none_or(Desk::is_over);
    if is_over { state.terminate_with(TerminationReason::SolverExit("no trial is left".into())) } else { state }
}

/// Tells the observer after each iteration.
struct Watch {
    observer: Arc<dyn Observer>,
    record: Rc<RefCell<Record>>,
}

impl Watch {
    fn tell(&self) {
        let record = self.record.borrow();
        let (told, infeasible, repeated) = (record.told.len(), record.infeasible, record.repeated);
        let progress = Progress { told, trials: record.trials, best: record.best, infeasible, repeated };
        self.observer.progress(&progress);
    }
}

impl<I: State> Observe<I> for Watch {
    fn observe_iter(&mut self, _state: &I, _kv: &KV) -> std::result::Result<(), Trouble> {
        self.tell();
        Ok(())
    }

    /// What a solver tried before its first iteration is told here, where that was its last.
    fn observe_final(&mut self, _state: &I) -> std::result::Result<(), Trouble> {
        self.tell();
        Ok(())
    }
}

/// Runs a solver until it ends or the desk has nothing left, and hands the desk back.
pub(super) fn drive<'a, S, I>(desk: Desk<'a>, solver: S, watcher: &Watcher, start: impl FnOnce(I) -> I) -> Result<Desk<'a>>
where
    S: Solver<Desk<'a>, I>,
    I: State + 'static,
{
    let record = Rc::clone(&desk.record);
    let mut executor = Executor::new(desk, Metered(solver)).configure(start).ctrlc(false).timer(false);
    if let Some(observer) = watcher {
        let watch = Watch { observer: Arc::clone(observer), record };
        executor = executor.add_observer(watch, ObserverMode::Always);
    }
    let failed =
        |trouble: Trouble| trouble.downcast::<Error>().unwrap_or_else(|other| Error::Failed(format!("the optimiser failed: {other}")));
    let mut result = executor.run().map_err(failed)?;
    let desk = result.problem.take_problem().expect("the executor hands the problem back");
    match desk.failure() {
        Some(error) => Err(error),
        None => Ok(desk),
    }
}
