//! The operations without memory, over columns of any length. Folding a constant is the same code on a column of one.
//!
//! A result that is no finite number is missing (NaN). A comparison with a missing side is false, `!=` included.

use super::operation::{Binary, Unary};

const fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

const fn truth(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

fn each(x: &[f64], out: &mut [f64], f: impl Fn(f64) -> f64) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = f(*x);
    }
}

fn both(a: &[f64], b: &[f64], out: &mut [f64], f: impl Fn(f64, f64) -> f64) {
    for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
        *out = f(*a, *b);
    }
}

/// `op` of each value.
pub(super) fn unary(op: Unary, x: &[f64], out: &mut [f64]) {
    match op {
        Unary::Negate => each(x, out, |x| -x),
        Unary::Not => each(x, out, |x| truth(x == 0.0)),
        Unary::Abs => each(x, out, f64::abs),
        Unary::Sign => each(x, out, |x| if x.is_nan() { x } else { truth(x > 0.0) - truth(x < 0.0) }),
        Unary::Sqrt => each(x, out, f64::sqrt),
        Unary::Log => each(x, out, |x| finite(libm::log(x))),
        Unary::Exp => each(x, out, |x| finite(libm::exp(x))),
        Unary::Round => each(x, out, f64::round),
    }
}

/// `op` of each pair of values.
pub(super) fn binary(op: Binary, a: &[f64], b: &[f64], out: &mut [f64]) {
    match op {
        Binary::Add => both(a, b, out, |a, b| finite(a + b)),
        Binary::Subtract => both(a, b, out, |a, b| finite(a - b)),
        Binary::Multiply => both(a, b, out, |a, b| finite(a * b)),
        Binary::Divide => both(a, b, out, |a, b| finite(a / b)),
        Binary::Min => both(a, b, out, |a, b| if a.is_nan() || a < b { a } else { b }),
        Binary::Max => both(a, b, out, |a, b| if a.is_nan() || a > b { a } else { b }),
        Binary::Less => both(a, b, out, |a, b| truth(a < b)),
        Binary::LessOrEqual => both(a, b, out, |a, b| truth(a <= b)),
        Binary::Greater => both(a, b, out, |a, b| truth(a > b)),
        Binary::GreaterOrEqual => both(a, b, out, |a, b| truth(a >= b)),
        Binary::Equal => both(a, b, out, |a, b| truth(a == b)),
        Binary::NotEqual => both(a, b, out, |a, b| truth((a < b) | (a > b))),
        Binary::And => both(a, b, out, |a, b| truth((a != 0.0) & (b != 0.0))),
        Binary::Or => both(a, b, out, |a, b| truth((a != 0.0) | (b != 0.0))),
    }
}

/// `a` where the condition holds, `b` elsewhere.
pub(super) fn choose(condition: &[f64], a: &[f64], b: &[f64], out: &mut [f64]) {
    for (((out, c), a), b) in out.iter_mut().zip(condition).zip(a).zip(b) {
        *out = if *c == 1.0 { *a } else { *b };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two(op: Binary, a: f64, b: f64) -> f64 {
        let mut out = [0.0];
        binary(op, &[a], &[b], &mut out);
        out[0]
    }

    fn one(op: Unary, x: f64) -> f64 {
        let mut out = [0.0];
        unary(op, &[x], &mut out);
        out[0]
    }

    #[test]
    fn what_has_no_value_is_missing() {
        assert!(two(Binary::Divide, 1.0, 0.0).is_nan());
        assert!(two(Binary::Multiply, 1e200, 1e200).is_nan());
        for (op, x) in [(Unary::Sqrt, -1.0), (Unary::Log, 0.0), (Unary::Log, -1.0), (Unary::Exp, 1000.0), (Unary::Sign, f64::NAN)] {
            assert!(one(op, x).is_nan(), "{op:?} {x}");
        }
        assert!(two(Binary::Min, f64::NAN, 1.0).is_nan() && two(Binary::Min, 1.0, f64::NAN).is_nan());
        assert!(two(Binary::Max, f64::NAN, 1.0).is_nan() && two(Binary::Max, 1.0, f64::NAN).is_nan());
    }

    #[test]
    fn every_comparison_with_a_missing_side_is_false() {
        for op in [Binary::Less, Binary::LessOrEqual, Binary::Greater, Binary::GreaterOrEqual, Binary::Equal, Binary::NotEqual] {
            assert_eq!((two(op, f64::NAN, 1.0), two(op, 1.0, f64::NAN)), (0.0, 0.0), "{op:?}");
        }
        assert_eq!(two(Binary::NotEqual, 1.0, 2.0), 1.0);
    }

    #[test]
    fn signs_and_halves_round_away_from_zero() {
        assert_eq!((one(Unary::Sign, -3.0), one(Unary::Sign, 0.0), one(Unary::Sign, 0.1)), (-1.0, 0.0, 1.0));
        assert_eq!((one(Unary::Round, 2.5), one(Unary::Round, -2.5)), (3.0, -3.0));
    }
}
