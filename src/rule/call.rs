//! Calls: how many arguments, of which kind, and the functions that need more than their values: `if`, `on`, `model`.

use std::collections::BTreeMap;

use super::build::{Arguments, build};
use super::check::{Checker, Context, MAX_BARS, Type, Value, condition, is_value, meant, number, shown};
use super::diagnose::Problem;
use super::functions::{FUNCTIONS, arguments, series, usage};
use super::graph::Graph;
use super::lexer::Span;
use super::operation::Op;
use super::parse::{Expr, ExprKind};
use crate::time::Timeframe;

/// How many timeframes may stand inside each other.
const MAX_NESTED: usize = 3;

/// One value has no slope and no spread around itself: over one bar these would be missing for good.
fn fewest_bars(function: &str) -> f64 {
    if matches!(function, "zscore" | "cci" | "linreg_slope" | "realized_vol" | "bb_position") { 2.0 } else { 1.0 }
}

impl Checker<'_> {
    /// The value of `name(args)`.
    pub(super) fn call(&mut self, context: usize, span: Span, (name, name_span): (&str, Span), args: &[Expr]) -> Result<Value, Problem> {
        let Some(expected) = arguments(name) else {
            return Err(Problem::new(name_span, self.unknown_function(name)));
        };
        let fits = if matches!(name, "min" | "max") { args.len() >= 2 } else { args.len() == expected.len() };
        if !fits {
            let s = if expected.len() == 1 { "" } else { "s" };
            return Err(Problem::new(
                span,
                format!("{name} takes {} argument{s}, and here are {}; write {}", expected.len(), args.len(), usage(name)),
            ));
        }
        match name {
            "on" => return self.on(context, args),
            "model" => return self.model(context, &args[0]),
            "if" => return self.choose(context, args),
            _ => {}
        }
        let mut read = Arguments::default();
        for (i, arg) in args.iter().enumerate() {
            self.argument(context, name, expected[i.min(expected.len() - 1)], arg, &mut read)?;
        }
        let slot = build(self.graph(context), name, &read).expect("every listed function is built");
        let is_condition = matches!(name, "crosses_above" | "crosses_below" | "rising" | "falling");
        Ok(if is_condition { condition(slot) } else { number(slot) })
    }

    fn argument(&mut self, context: usize, function: &str, role: &str, arg: &Expr, read: &mut Arguments) -> Result<(), Problem> {
        let what = format!("{role} of {}", usage(function));
        match role {
            "x" | "a" | "b" | "lo" | "hi" => read.slots.push(self.number(context, arg, &what)?),
            "c" => read.slots.push(self.condition(context, arg, &what)?),
            "k" => {
                read.width = self.constant(context, arg, &what)?;
                if read.width.is_nan() || read.width <= 0.0 {
                    return Err(Problem::new(arg.span, format!("{what} must be above 0, and this {}", is_value(read.width))));
                }
            }
            _ => {
                let bars = self.constant(context, arg, &what)?;
                let fewest = fewest_bars(function);
                if bars.is_nan() || bars.fract() != 0.0 || !(fewest..=MAX_BARS).contains(&bars) {
                    return Err(Problem::new(
                        arg.span,
                        format!("{what} must be a whole number of bars from {fewest} to {MAX_BARS}, and this {}", is_value(bars)),
                    ));
                }
                read.bars.push(bars as u32);
            }
        }
        Ok(())
    }

    fn unknown_function(&self, name: &str) -> String {
        let is_value = series(name).is_some() || self.params.contains_key(name) || self.defined.contains_key(name);
        if is_value {
            return format!("'{name}' is a value, not a function; write {name}[n] for n bars ago");
        }
        match meant(name, FUNCTIONS.iter().map(|f| f.0)) {
            Some(near) => format!("unknown function '{name}'; did you mean '{near}'?"),
            None => format!("unknown function '{name}'; docs/rules.md lists all of them"),
        }
    }

    fn choose(&mut self, context: usize, args: &[Expr]) -> Result<Value, Problem> {
        let c = self.condition(context, &args[0], "c of if(c, a, b)")?;
        let (a, b) = (self.lower(context, &args[1])?, self.lower(context, &args[2])?);
        if a.kind != b.kind {
            return Err(Problem::new(
                args[2].span,
                format!("both answers of if(c, a, b) must be of one kind; a is {}, and this is {}", shown(a.kind), shown(b.kind)),
            ));
        }
        Ok(Value { slot: self.graph(context).choose(c, a.slot, b.slot), kind: a.kind })
    }

    fn model(&mut self, context: usize, arg: &Expr) -> Result<Value, Problem> {
        let ExprKind::Text(name) = &arg.kind else {
            return Err(Problem::new(arg.span, "a model is named by a text, as in model(\"entry\")"));
        };
        if context > 0 {
            return Err(Problem::new(arg.span, "a model speaks on the strategy's own timeframe; use it outside on(…)"));
        }
        let index = self.models.iter().position(|m| m == name).unwrap_or_else(|| {
            self.models.push(name.clone());
            self.models.len() - 1
        });
        Ok(number(self.graph(context).add(Op::Model(index as u32))))
    }

    fn on(&mut self, context: usize, args: &[Expr]) -> Result<Value, Problem> {
        let wrong = |message: String| Err(Problem::new(args[0].span, message));
        let ExprKind::Text(text) = &args[0].kind else {
            return wrong("a timeframe is a text, as in on(\"4h\", close)".into());
        };
        let timeframe: Timeframe = match text.parse() {
            Ok(timeframe) => timeframe,
            Err(message) => return wrong(message),
        };
        let own = self.contexts[context].timeframe;
        if timeframe.ns() % own.ns() != 0 {
            return wrong(format!("the bars here are {own} long; on(…) needs a whole multiple of that, and {timeframe} is none"));
        }
        let level = self.contexts[context].level + 1;
        if level > MAX_NESTED {
            return wrong(format!("timeframes stand more than {MAX_NESTED} deep in each other"));
        }
        let sub = self.contexts.iter().position(|c| c.parent == Some(context) && c.timeframe == timeframe).unwrap_or_else(|| {
            self.contexts.push(Context { timeframe, graph: Graph::default(), parent: Some(context), level, lets: BTreeMap::new() });
            self.contexts.len() - 1
        });
        let value = self.lower(sub, &args[1])?;
        let op = Op::Higher { sub: sub as u32, slot: value.slot, condition: value.kind == Type::Condition };
        Ok(Value { slot: self.graph(context).add(op), kind: value.kind })
    }
}
