//! Compiling: named expressions in, one immutable [`Program`] out, to be shared by every run that uses it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::check::{Checker, Type};
use super::diagnose::Problem;
use super::operation::Slot;
use super::parse::parse;
use super::plan::Plan;
use crate::error::{Error, Result};
use crate::market::Calendar;
use crate::time::Timeframe;

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A named value, usable by the expressions after it.
    Let,
    /// A number that the caller reads, such as a stop.
    Number,
    /// A condition that the caller acts on; false until everything it reads has warmed up.
    Rule,
}

/// One expression to compile.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The name its value is found under; lets of one program have different names.
    pub name: &'a str,
    /// The expression.
    pub text: &'a str,
    /// What it is for.
    pub kind: Kind,
    /// File and key, for errors.
    pub place: &'a str,
}

/// One compiled expression's value, by its place in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OutputId(pub(super) u32);

#[derive(Debug)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) slot: Slot,
    /// Whether it answers false until everything it reads has warmed up.
    pub(super) is_rule: bool,
    pub(super) is_condition: bool,
}

/// Compiled expressions: immutable, shared by [`Machine`](super::Machine)s.
#[derive(Debug)]
pub struct Program {
    pub(super) plan: Arc<Plan>,
    pub(super) outputs: Vec<Output>,
    pub(super) models: Vec<String>,
    pub(super) calendar: Calendar,
}

impl Program {
    /// Compiles `sources` in their order for bars of `timeframe`, with `params` as constants; `calendar` tells `vwap()` when a trading day begins.
    ///
    /// # Errors
    /// [`Error::Rule`] at the first mistake, with the expression and a caret under it.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use cthulu_lab::market::Calendar;
    /// use cthulu_lab::rule::{Kind, Program, Source};
    /// let rule = |text| Source { name: "enter", text, kind: Kind::Rule, place: "demo" };
    /// let hour = "1h".parse().unwrap();
    /// let program = Program::compile(&[rule("close > sma(close, 20)[1]")], &BTreeMap::new(), hour, Calendar::default()).unwrap();
    /// assert_eq!(program.warmup_bars(), 21);
    /// let mistake = Program::compile(&[rule("clsoe > 1")], &BTreeMap::new(), hour, Calendar::default()).unwrap_err();
    /// assert!(mistake.to_string().contains("did you mean 'close'?"));
    /// ```
    pub fn compile(sources: &[Source<'_>], params: &BTreeMap<String, f64>, timeframe: Timeframe, calendar: Calendar) -> Result<Self> {
        let show = |i: usize, problem: &Problem| {
            let source = &sources[problem.source.unwrap_or(i)];
            problem.show(source.place, source.text)
        };
        let trees = sources.iter().enumerate().map(|(i, s)| parse(s.text).map_err(|p| show(i, &p))).collect::<Result<Vec<_>>>()?;
        let mut checker = Checker::new(sources, &trees, params, timeframe);
        let values = (0..sources.len()).map(|i| checker.source(i).map_err(|p| show(i, &p))).collect::<Result<Vec<_>>>()?;
        let roots: Vec<Slot> = values.iter().map(|v| v.slot).collect();
        let (plan, slots) = Plan::assemble(&checker.contexts, 0, &roots);
        let output = |(source, (value, slot)): (&Source<'_>, (&super::check::Value, Slot))| Output {
            name: source.name.to_owned(),
            slot,
            is_rule: source.kind == Kind::Rule,
            is_condition: value.kind == Type::Condition,
        };
        let outputs = sources.iter().zip(values.iter().zip(slots)).map(output).collect();
        Ok(Self { plan: Arc::new(plan), outputs, models: checker.models, calendar })
    }

    /// The value of that name; the first where several share it.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<OutputId> {
        self.outputs.iter().position(|o| o.name == name).map(|i| OutputId(i as u32))
    }

    /// Whether the value is a condition, so that 1 and 0 mean true and false.
    #[must_use]
    pub fn is_condition(&self, id: OutputId) -> bool {
        self.outputs[id.0 as usize].is_condition
    }

    /// Whether any expression reads the open position; if not, what it answers does not depend on the trades.
    #[must_use]
    pub fn uses_position(&self) -> bool {
        self.plan.uses_position()
    }

    /// Bars until every expression can have a value, this one included: the longest chain of warm-ups in data without gaps.
    #[must_use]
    pub fn warmup_bars(&self) -> usize {
        self.outputs.iter().map(|o| self.plan.first_rows[o.slot as usize] + 1).max().unwrap_or(1)
    }

    /// The models named, in the order of their input slots.
    pub fn models(&self) -> impl ExactSizeIterator<Item = &str> {
        self.models.iter().map(String::as_str)
    }

    /// Refuses a program that asks for a model, for a run that has none: its rules would wait for a probability that never comes.
    ///
    /// # Errors
    /// [`Error::Rule`] naming the models.
    pub fn needs_no_model(&self, place: &str) -> Result<()> {
        if self.models.is_empty() {
            return Ok(());
        }
        let named: Vec<String> = self.models.iter().map(|name| format!("model(\"{name}\")")).collect();
        Err(Error::Rule(format!(
            "{place}: {} has no value here, because this run has no model; leave it out, or give the run a trained model of that name",
            named.join(" and ")
        )))
    }

    /// The input slot of a model.
    ///
    /// # Errors
    /// [`Error::Config`] when no expression asks for that model.
    pub fn model_slot(&self, name: &str) -> Result<usize> {
        let found = self.models.iter().position(|m| m == name);
        found.ok_or_else(|| {
            Error::config(
                format!("model \"{name}\""),
                format!("no rule asks for it{}", crate::error::suggest(name, self.models.iter().map(String::as_str))),
            )
        })
    }
}
