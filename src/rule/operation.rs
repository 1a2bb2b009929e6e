//! What one node of a compiled program does, as plain data: two nodes that do the same are equal, and so are kept once.
//!
//! Numbers are `f64` with NaN for *missing*; every slot holds a finite number or NaN, never an infinity. Conditions are 1 and 0, never missing.

use super::series::Series;
use super::study::StudyKey;

/// Where a node's value stands: its place in the program, inputs before outputs.
pub(super) type Slot = u32;

/// An operation on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unary {
    Negate,
    Not,
    Abs,
    Sign,
    Sqrt,
    Log,
    Exp,
    Round,
}

/// An operation on two values of the same bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Min,
    Max,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    Or,
}

impl Binary {
    /// The sign as it is written, for messages.
    pub(super) const fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Min => "min",
            Self::Max => "max",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

/// What is known of the open position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holding {
    Bars,
    PnlFraction,
}

/// One node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Op {
    /// A number, by its bits.
    Constant(u64),
    Series(Series),
    Holding(Holding),
    /// The model's input slot by index.
    Model(u32),
    /// A slot of the program that runs on a higher timeframe.
    Higher {
        sub: u32,
        slot: Slot,
        condition: bool,
    },
    Unary(Unary, Slot),
    Binary(Binary, Slot, Slot),
    If([Slot; 3]),
    /// The value `bars` bars ago; a condition is false where there was no such bar.
    Lag {
        of: Slot,
        bars: u32,
        condition: bool,
    },
    /// Whether the value has gone one way on each of the last `bars` bars.
    Run {
        of: Slot,
        bars: u32,
        falling: bool,
    },
    /// Bars since the condition was last true.
    Since(Slot),
    /// An indicator; its first part stands in its own slot, the others in the slots that follow.
    Study {
        key: StudyKey,
        of: Option<Slot>,
    },
    /// A further part of the study in the slot named.
    Part {
        study: Slot,
        part: u32,
    },
}

impl Op {
    /// The slots this node reads.
    pub(super) fn inputs(&self) -> impl Iterator<Item = Slot> {
        let slots = match *self {
            Self::Constant(_) | Self::Series(_) | Self::Holding(_) | Self::Model(_) | Self::Higher { .. } => [None; 3],
            Self::Unary(_, a) | Self::Lag { of: a, .. } | Self::Run { of: a, .. } | Self::Since(a) | Self::Part { study: a, .. } => {
                [Some(a), None, None]
            }
            Self::Binary(_, a, b) => [Some(a), Some(b), None],
            Self::If(slots) => slots.map(Some),
            Self::Study { of, .. } => [of, None, None],
        };
        slots.into_iter().flatten()
    }

    /// The same node reading from other slots.
    pub(super) fn moved(mut self, to: impl Fn(Slot) -> Slot) -> Self {
        match &mut self {
            Self::Constant(_) | Self::Series(_) | Self::Holding(_) | Self::Model(_) | Self::Higher { .. } => {}
            Self::Unary(_, a) | Self::Lag { of: a, .. } | Self::Run { of: a, .. } | Self::Since(a) | Self::Part { study: a, .. } => {
                *a = to(*a)
            }
            Self::Binary(_, a, b) => (*a, *b) = (to(*a), to(*b)),
            Self::If(slots) => *slots = slots.map(to),
            Self::Study { of, .. } => *of = of.map(to),
        }
        self
    }
}
