//! A condition on parameters alone, such as `fast < slow`: the rule language without bars.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checker;
use super::diagnose::Problem;
use super::parse::{Expr, ExprKind, parse};
use super::program::{Kind, Source};
use crate::error::Result;
use crate::time::{MINUTE, Timeframe};

/// A condition whose names are all parameters. It is read once and asked often.
///
/// ```
/// use std::collections::BTreeMap;
/// use cthulu_lab::rule::Condition;
/// let at = |fast, slow| BTreeMap::from([("fast".to_owned(), fast), ("slow".to_owned(), slow)]);
/// let condition = Condition::parse("fast < slow", "search.constraints", &at(12.0, 48.0)).unwrap();
/// assert!(condition.holds(&at(5.0, 6.0)) && !condition.holds(&at(6.0, 6.0)));
/// assert!(Condition::parse("fast < close", "search.constraints", &at(12.0, 48.0)).is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    text: String,
    tree: Expr,
    names: BTreeSet<String>,
}

impl Condition {
    /// Reads a condition on the parameters that `known` has; its values are only an example. `place` is the file and key, for errors.
    ///
    /// # Errors
    /// [`Error::Rule`](crate::error::Error::Rule) with a caret under the mistake: an unknown name, a number where a condition belongs, or a
    /// series where only parameters mean anything.
    pub fn parse(text: &str, place: &str, known: &BTreeMap<String, f64>) -> Result<Self> {
        let tree = parse(text).map_err(|problem| problem.show(place, text))?;
        let mut names = BTreeSet::new();
        collect(&tree, &mut names);
        let condition = Self { text: text.to_owned(), tree, names };
        condition.ask(known).map_err(|problem| problem.show(place, text))?;
        Ok(condition)
    }

    /// Whether it holds. A comparison without a value, as after a division by zero, does not.
    ///
    /// # Panics
    /// When `params` lacks a name that was known when the condition was read.
    #[must_use]
    pub fn holds(&self, params: &BTreeMap<String, f64>) -> bool {
        self.ask(params).expect("the condition was checked when it was read")
    }

    /// The names it reads.
    #[must_use]
    pub const fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    fn ask(&self, params: &BTreeMap<String, f64>) -> std::result::Result<bool, Problem> {
        let sources = [Source { name: "condition", text: &self.text, kind: Kind::Rule, place: "" }];
        let mut checker =
            Checker::new(&sources, std::slice::from_ref(&self.tree), params, Timeframe::from_ns(MINUTE).expect("a minute is positive"));
        let value = checker.source(0)?;
        let constant = checker.graph(0).constant_at(value.slot);
        let told = constant.ok_or_else(|| Problem::new(self.tree.span, "this reads prices; only parameters and numbers belong here"))?;
        Ok(told == 1.0)
    }
}

fn collect(expr: &Expr, names: &mut BTreeSet<String>) {
    match &expr.kind {
        ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Text(_) => {}
        ExprKind::Name(name) => {
            names.insert(name.clone());
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| collect(arg, names)),
        ExprKind::Unary(_, operand) => collect(operand, names),
        ExprKind::Chain(first, rest) => {
            collect(first, names);
            rest.iter().for_each(|(_, operand)| collect(operand, names));
        }
        ExprKind::Lag(pair) => pair.iter().for_each(|part| collect(part, names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> BTreeMap<String, f64> {
        BTreeMap::from([("fast".to_owned(), 10.0), ("slow".to_owned(), 30.0), ("mode".to_owned(), 0.0)])
    }

    #[test]
    fn arithmetic_and_functions_work_on_parameters() {
        let holds = |text: &str| Condition::parse(text, "p", &params()).unwrap().holds(&params());
        assert!(holds("slow / fast >= 3 and max(fast, mode) == 10"));
        assert!(!holds("fast / mode > 1"), "no value, so the comparison is false");
        assert!(holds("not (mode > 0) or slow < 5"));
        assert_eq!(Condition::parse("fast < slow", "p", &params()).unwrap().names().len(), 2);
    }

    #[test]
    fn what_is_no_condition_on_parameters_is_shown_with_a_caret() {
        let told = |text: &str| Condition::parse(text, "x.toml, search.constraints", &params()).unwrap_err().to_string();
        assert!(told("fast < slwo").contains("did you mean 'slow'?"));
        assert!(told("fast < close").contains("only parameters"));
        assert!(told("fast + slow").contains("a rule is a condition"));
        assert!(told("sma(close, fast) > 1").contains("only parameters"));
        assert!(told("fast <").starts_with("x.toml, search.constraints, column 7"));
    }
}
