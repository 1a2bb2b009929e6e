//! Names, types and constants: from trees to the nodes of a graph, or to the mistake and its nearest remedy.
//!
//! Every timeframe has its own graph. A name under `[let]` used inside `on(…)` means its expression on that timeframe.

use std::collections::BTreeMap;

use super::diagnose::Problem;
use super::functions::{FUNCTIONS, SERIES, SeriesSource, arguments, series, usage};
use super::graph::Graph;
use super::lexer::Span;
use super::operation::{Binary, Op, Slot, Unary};
use super::parse::{Expr, ExprKind};
use super::program::{Kind, Source};
use crate::error::nearest;
use crate::time::Timeframe;

/// The longest look back, in bars: beyond it lies a slip of the pen, not a rule.
pub(super) const MAX_BARS: f64 = 1_000_000.0;
/// Levels one expression may reach through the names it uses on other timeframes.
const MAX_LEVELS: usize = 300;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Number,
    Condition,
}

/// A node and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) slot: Slot,
    pub(super) kind: Type,
}

impl Value {
    /// Its slot where it is of the kind that `what` takes.
    fn needs(self, kind: Type, span: Span, what: &str) -> Result<Slot, Problem> {
        match (kind, self.kind) {
            (Type::Number, Type::Condition) => {
                Err(Problem::new(span, format!("{what} takes numbers, and this is a condition; write if(c, 1, 0) to make one of it")))
            }
            (Type::Condition, Type::Number) => {
                Err(Problem::new(span, format!("{what} takes conditions, and this is a number; compare it with something, as in x > 0")))
            }
            _ => Ok(self.slot),
        }
    }
}

/// The graph of one timeframe.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) timeframe: Timeframe,
    pub(super) graph: Graph,
    pub(super) parent: Option<usize>,
    pub(super) level: usize,
    pub(super) lets: BTreeMap<usize, Value>,
}

/// All graphs of a program while it is compiled.
pub(super) struct Checker<'a> {
    sources: &'a [Source<'a>],
    trees: &'a [Expr],
    pub(super) params: &'a BTreeMap<String, f64>,
    /// The lets compiled so far, by name.
    pub(super) defined: BTreeMap<&'a str, usize>,
    pub(super) contexts: Vec<Context>,
    pub(super) models: Vec<String>,
    level: usize,
}

impl<'a> Checker<'a> {
    pub(super) fn new(sources: &'a [Source<'a>], trees: &'a [Expr], params: &'a BTreeMap<String, f64>, timeframe: Timeframe) -> Self {
        let base = Context { timeframe, graph: Graph::default(), parent: None, level: 0, lets: BTreeMap::new() };
        Self { sources, trees, params, defined: BTreeMap::new(), contexts: vec![base], models: Vec::new(), level: 0 }
    }

    /// Compiles source `i` on the base timeframe; a let becomes a name for those that follow.
    pub(super) fn source(&mut self, i: usize) -> Result<Value, Problem> {
        let Source { name, kind, .. } = self.sources[i];
        let tree = &self.trees[i];
        if kind == Kind::Let {
            self.new_name(name).map_err(|message| Problem::new(tree.span, message))?;
        }
        let value = self.lower(0, tree)?;
        match (kind, value.kind) {
            (Kind::Rule, Type::Number) => {
                return Err(Problem::new(tree.span, "a rule is a condition, and this is a number; compare it with something, as in x > 0"));
            }
            (Kind::Number, Type::Condition) => {
                return Err(Problem::new(tree.span, "a number belongs here, and this is a condition; write if(c, 1, 0) to make one of it"));
            }
            (Kind::Let, _) => {
                self.contexts[0].lets.insert(i, value);
                self.defined.insert(name, i);
            }
            _ => {}
        }
        Ok(value)
    }

    /// Refuses a let whose name means something already.
    fn new_name(&self, name: &str) -> Result<(), String> {
        well_formed(name)?;
        let taken = [(self.params.contains_key(name), "a parameter"), (self.defined.contains_key(name), "defined above")];
        match taken.iter().find(|(is, _)| *is) {
            Some((_, what)) => Err(format!("'{name}' is {what} already; choose another name")),
            None => Ok(()),
        }
    }

    pub(super) fn graph(&mut self, context: usize) -> &mut Graph {
        &mut self.contexts[context].graph
    }

    pub(super) fn lower(&mut self, context: usize, expr: &Expr) -> Result<Value, Problem> {
        self.level += 1;
        if self.level > MAX_LEVELS {
            return Err(Problem::new(expr.span, "names within names reach too deep here; simplify the expressions under [let]"));
        }
        let value = self.lower_kind(context, expr)?;
        self.level -= 1;
        Ok(value)
    }

    fn lower_kind(&mut self, context: usize, expr: &Expr) -> Result<Value, Problem> {
        match &expr.kind {
            ExprKind::Number(value) => Ok(number(self.graph(context).constant(*value))),
            ExprKind::Bool(value) => Ok(condition(self.graph(context).constant(f64::from(u8::from(*value))))),
            ExprKind::Text(_) => Err(Problem::new(expr.span, "a text stands only in on(\"4h\", …) and model(\"name\")")),
            ExprKind::Name(name) => self.name(context, name, expr.span),
            ExprKind::Call { name, name_span, args } => self.call(context, expr.span, (name, *name_span), args),
            ExprKind::Unary(op, operand) => self.unary(context, *op, operand),
            ExprKind::Chain(first, rest) => self.chain(context, first, rest),
            ExprKind::Lag(pair) => self.lag(context, pair),
        }
    }

    fn unary(&mut self, context: usize, op: Unary, operand: &Expr) -> Result<Value, Problem> {
        if op == Unary::Not {
            let x = self.condition(context, operand, "'not'")?;
            return Ok(condition(self.graph(context).unary(op, x)));
        }
        let x = self.number(context, operand, "'-'")?;
        Ok(number(self.graph(context).unary(op, x)))
    }

    /// Left to right, in a loop: what stands on the left so far is a value already.
    fn chain(&mut self, context: usize, first: &Expr, rest: &[(Binary, Expr)]) -> Result<Value, Problem> {
        let mut left = (self.lower(context, first)?, first.span);
        for (op, operand) in rest {
            let right = (self.lower(context, operand)?, operand.span);
            left = (self.binary(context, *op, [left, right])?, first.span.to(operand.span));
        }
        Ok(left.0)
    }

    fn binary(&mut self, context: usize, op: Binary, [(a, a_span), (b, b_span)]: [(Value, Span); 2]) -> Result<Value, Problem> {
        let what = format!("'{}'", op.sign());
        let kind = match op {
            Binary::Add | Binary::Subtract | Binary::Multiply | Binary::Divide | Binary::Min | Binary::Max => Type::Number,
            _ => Type::Condition,
        };
        match op {
            Binary::And | Binary::Or => {
                a.needs(Type::Condition, a_span, &what)?;
                b.needs(Type::Condition, b_span, &what)?;
            }
            Binary::Equal | Binary::NotEqual if a.kind != b.kind => {
                return Err(Problem::new(b_span, format!("{what} compares two numbers or two conditions, and this is {}", shown(b.kind))));
            }
            Binary::Equal | Binary::NotEqual => {}
            _ => {
                a.needs(Type::Number, a_span, &what)?;
                b.needs(Type::Number, b_span, &what)?;
            }
        }
        Ok(Value { slot: self.graph(context).binary(op, a.slot, b.slot), kind })
    }

    fn lag(&mut self, context: usize, [of, bars]: &[Expr; 2]) -> Result<Value, Problem> {
        let value = self.lower(context, of)?;
        let n = self.constant(context, bars, "the number of bars ago")?;
        if n < 0.0 {
            return Err(Problem::new(bars.span, "there is no way to write the future; [1] is the value one bar ago"));
        }
        if n.fract() != 0.0 || n.is_nan() || n > MAX_BARS {
            return Err(Problem::new(
                bars.span,
                format!("the number of bars ago must be whole, from 0 to {MAX_BARS}, and this {}", is_value(n)),
            ));
        }
        if n == 0.0 {
            return Ok(value);
        }
        let op = Op::Lag { of: value.slot, bars: n as u32, condition: value.kind == Type::Condition };
        Ok(Value { slot: self.graph(context).add(op), kind: value.kind })
    }

    pub(super) fn number(&mut self, context: usize, expr: &Expr, what: &str) -> Result<Slot, Problem> {
        self.lower(context, expr)?.needs(Type::Number, expr.span, what)
    }

    pub(super) fn condition(&mut self, context: usize, expr: &Expr, what: &str) -> Result<Slot, Problem> {
        self.lower(context, expr)?.needs(Type::Condition, expr.span, what)
    }

    pub(super) fn constant(&mut self, context: usize, expr: &Expr, what: &str) -> Result<f64, Problem> {
        let slot = self.number(context, expr, what)?;
        self.graph(context)
            .constant_at(slot)
            .ok_or_else(|| Problem::new(expr.span, format!("{what} must be a constant: a number or a parameter, not a series")))
    }

    fn name(&mut self, context: usize, name: &str, span: Span) -> Result<Value, Problem> {
        if let Some(value) = self.params.get(name) {
            return Ok(number(self.graph(context).constant(*value)));
        }
        if let Some(i) = self.defined.get(name).copied() {
            return self.defined_name(context, i);
        }
        match series(name) {
            Some(SeriesSource::Bar(series)) => Ok(number(self.graph(context).add(Op::Series(series)))),
            Some(SeriesSource::Position(_)) if context > 0 => {
                Err(Problem::new(span, format!("{name} is known on the strategy's own timeframe only; use it outside on(…)")))
            }
            Some(SeriesSource::Position(holding)) => Ok(number(self.graph(context).add(Op::Holding(holding)))),
            None => Err(Problem::new(span, self.unknown_name(name))),
        }
    }

    fn defined_name(&mut self, context: usize, i: usize) -> Result<Value, Problem> {
        if let Some(value) = self.contexts[context].lets.get(&i) {
            return Ok(*value);
        }
        let trees = self.trees;
        let value = self.lower(context, &trees[i]).map_err(|problem| Problem { source: problem.source.or(Some(i)), ..problem })?;
        self.contexts[context].lets.insert(i, value);
        Ok(value)
    }

    fn unknown_name(&self, name: &str) -> String {
        if arguments(name).is_some() {
            return format!("'{name}' is a function; write {}", usage(name));
        }
        if self.sources.iter().any(|s| s.kind == Kind::Let && s.name == name) {
            return format!("'{name}' is defined further down; move it above this line");
        }
        let known = self.params.keys().map(String::as_str).chain(self.defined.keys().copied()).chain(SERIES.iter().map(|s| s.0));
        match meant(name, known) {
            Some(near) => format!("unknown name '{name}'; did you mean '{near}'?"),
            None => match meant(name, FUNCTIONS.iter().map(|f| f.0)) {
                Some(near) => format!("unknown name '{name}'; did you mean '{}'?", usage(near)),
                None => format!("unknown name '{name}'; it is no series, no parameter and no name under [let]"),
            },
        }
    }
}

/// The known name that was meant: one that goes on where this one stops, else the nearest in spelling. One letter could be anything.
pub(super) fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if name.len() < 2 {
        return None;
    }
    known.clone().find(|k| k.starts_with(name)).or_else(|| nearest(name, known))
}

/// The constant in words, after "this".
pub(super) fn is_value(constant: f64) -> String {
    if constant.is_nan() { "has no value".into() } else { format!("is {constant}") }
}

/// Refuses a name for a parameter or a let that no expression could mean, or that means a series already.
pub(super) fn well_formed(name: &str) -> Result<(), String> {
    let mut letters = name.chars();
    let is_word =
        letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_') && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_word || matches!(name, "and" | "or" | "not" | "true" | "false") {
        return Err(format!("'{name}' cannot be a name; use letters, digits and _, with a letter first"));
    }
    match series(name) {
        Some(_) => Err(format!("'{name}' is a series of every bar already; choose another name")),
        None => Ok(()),
    }
}

pub(super) const fn number(slot: Slot) -> Value {
    Value { slot, kind: Type::Number }
}

pub(super) const fn condition(slot: Slot) -> Value {
    Value { slot, kind: Type::Condition }
}

pub(super) const fn shown(kind: Type) -> &'static str {
    match kind {
        Type::Number => "a number",
        Type::Condition => "a condition",
    }
}
