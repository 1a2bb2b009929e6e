//! From a function's name and its checked arguments to nodes.

use super::graph::Graph;
use super::operation::{Binary, Op, Slot, Unary};
use super::series::Series;
use super::study::{StudyKey, StudyKind};

/// A call's arguments by their roles, each in the order written.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// Numbers and conditions.
    pub(super) slots: Vec<Slot>,
    /// Counts of bars.
    pub(super) bars: Vec<u32>,
    /// A width such as Bollinger's k.
    pub(super) width: f64,
}

/// What a study reads.
enum Input {
    First,
    Close,
    Bars,
}

/// The node of `name(args)`; `None` for the functions that need more than their values.
pub(super) fn build(graph: &mut Graph, name: &str, args: &Arguments) -> Option<Slot> {
    if let Some((kind, part, input)) = study(name) {
        let of = match input {
            Input::First => Some(args.slots[0]),
            Input::Close => Some(graph.add(Op::Series(Series::Close))),
            Input::Bars => None,
        };
        // A count that the name does not ask for is 1, the shortest.
        let mut bars = [0; 3];
        if matches!(kind, StudyKind::Macd | StudyKind::Stochastic) {
            bars[2] = 1;
        }
        bars[..args.bars.len()].copy_from_slice(&args.bars);
        return Some(graph.add(Op::Study { key: StudyKey::new(kind, bars, args.width), of }) + part);
    }
    let slot = |i: usize| args.slots[i];
    let unary = match name {
        "abs" => Some(Unary::Abs),
        "sign" => Some(Unary::Sign),
        "sqrt" => Some(Unary::Sqrt),
        "log" => Some(Unary::Log),
        "exp" => Some(Unary::Exp),
        "round" => Some(Unary::Round),
        _ => None,
    };
    if let Some(op) = unary {
        return Some(graph.unary(op, slot(0)));
    }
    Some(match name {
        "crosses_above" => crosses(graph, slot(0), slot(1), [Binary::Greater, Binary::LessOrEqual]),
        "crosses_below" => crosses(graph, slot(0), slot(1), [Binary::Less, Binary::GreaterOrEqual]),
        "rising" | "falling" => graph.add(Op::Run { of: slot(0), bars: args.bars[0], falling: name == "falling" }),
        "bars_since" => graph.add(Op::Since(slot(0))),
        "count" => graph.add(Op::Study { key: StudyKey::new(StudyKind::Sum, [args.bars[0], 0, 0], 0.0), of: Some(slot(0)) }),
        "min" => args.slots[1..].iter().fold(slot(0), |least, x| graph.binary(Binary::Min, least, *x)),
        "max" => args.slots[1..].iter().fold(slot(0), |most, x| graph.binary(Binary::Max, most, *x)),
        "clamp" => {
            let raised = graph.binary(Binary::Max, slot(0), slot(1));
            graph.binary(Binary::Min, raised, slot(2))
        }
        _ => return None,
    })
}

fn crosses(graph: &mut Graph, a: Slot, b: Slot, [now, before]: [Binary; 2]) -> Slot {
    let ago = |of| Op::Lag { of, bars: 1, condition: false };
    let (a_before, b_before) = (graph.add(ago(a)), graph.add(ago(b)));
    let now = graph.binary(now, a, b);
    let before = graph.binary(before, a_before, b_before);
    graph.binary(Binary::And, now, before)
}

/// The indicator behind a name, which of its parts is meant, and what it reads.
fn study(name: &str) -> Option<(StudyKind, u32, Input)> {
    use Input::{Bars, Close, First};
    use StudyKind as S;
    Some(match name {
        "sma" | "bb_mid" => (S::Sma, 0, First),
        "ema" => (S::Ema, 0, First),
        "wma" => (S::Wma, 0, First),
        "rma" => (S::Rma, 0, First),
        "rsi" => (S::Rsi, 0, First),
        "macd" => (S::Macd, 0, First),
        "macd_signal" => (S::Macd, 1, First),
        "macd_hist" => (S::Macd, 2, First),
        "atr" => (S::Atr, 0, Bars),
        "tr" => (S::TrueRange, 0, Bars),
        "plus_di" => (S::Adx, 0, Bars),
        "minus_di" => (S::Adx, 1, Bars),
        "adx" => (S::Adx, 2, Bars),
        "bb_upper" => (S::Bollinger, 0, First),
        "bb_lower" => (S::Bollinger, 1, First),
        "bb_width" => (S::Bollinger, 2, First),
        "bb_position" => (S::Bollinger, 3, First),
        "stoch_k" => (S::Stochastic, 0, Bars),
        "stoch_d" => (S::Stochastic, 1, Bars),
        "cci" => (S::Cci, 0, Bars),
        "willr" => (S::Willr, 0, Bars),
        "mfi" => (S::Mfi, 0, Bars),
        "obv" => (S::Obv, 0, Bars),
        "roc" => (S::Roc, 0, First),
        "momentum" => (S::Momentum, 0, First),
        "stddev" => (S::StdDev, 0, First),
        "zscore" => (S::ZScore, 0, First),
        "linreg_slope" => (S::LinregSlope, 0, First),
        "donchian_upper" => (S::Donchian, 0, Bars),
        "donchian_lower" => (S::Donchian, 1, Bars),
        "keltner_upper" => (S::Keltner, 0, Bars),
        "keltner_lower" => (S::Keltner, 1, Bars),
        "supertrend" => (S::Supertrend, 0, Bars),
        "vwap" => (S::Vwap, 0, Bars),
        "highest" => (S::Highest, 0, First),
        "lowest" => (S::Lowest, 0, First),
        "sum" => (S::Sum, 0, First),
        "realized_vol" => (S::RealizedVol, 0, Close),
        "body_fraction" => (S::Body, 0, Bars),
        "upper_wick_fraction" => (S::UpperWick, 0, Bars),
        "lower_wick_fraction" => (S::LowerWick, 0, Bars),
        _ => return None,
    })
}
