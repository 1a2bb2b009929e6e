//! The densities of the Parzen estimator, over the unit cube.
//!
//! Good: a kernel around each good trial, weighted by its rank, all of one shape: normal with the correlations of the good trials (shrunk towards none)
//! and in each axis 1.8 · n^(−1/(d + 4)) of their standard deviation, at least 1.5 / trials so far. It turns into a valley and narrows as the good trials
//! do. Rest: a narrow normal kernel around each other trial, which repels. Both have a flat share, so that no place is out of reach. A good
//! trial's category weighs little, another's repels the more the more trials there are. An axis that is absent on either side says nothing.

use rand_chacha::rand_core::Rng;

use super::{
    dimension::Kind,
    normal::{Triangle, normals},
    sweep::fraction,
};

/// How often a category is drawn anew around a good trial: seldom less, or the first few good trials settle it for all that follow.
const ANEW: f64 = 0.9;

/// Beyond this many squared standard deviations (halved) a kernel adds nothing that counts.
const FAR: f64 = 30.0;

/// What a coordinate is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Axis {
    /// A number; the share of the axis that one value has, 0 for a continuum.
    Number(f64),
    /// One of so many that have no order.
    Category(f64),
}

impl Axis {
    pub(super) fn of(kind: &Kind) -> Self {
        match kind.count() {
            Some(count) if kind.is_categorical() => Self::Category(count as f64),
            Some(count) => Self::Number(1.0 / count as f64),
            None => Self::Number(0.0),
        }
    }
}

/// A trial's place, and which axes are absent there; empty where none ever is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Around {
    pub(super) place: Vec<f64>,
    pub(super) absent: Vec<bool>,
}

impl Around {
    fn lacks(&self, axis: usize) -> bool {
        self.absent.get(axis).copied().unwrap_or(false)
    }
}

/// Standard deviations by axis; of a category the chance that it is drawn anew.
fn widths(axes: &[Axis], category: impl Fn(f64) -> f64, number: impl Fn(usize) -> f64) -> Vec<f64> {
    let width = |(axis, kind): (usize, &Axis)| match kind {
        Axis::Number(share) => number(axis).max(0.35 * share),
        Axis::Category(count) => category(*count),
    };
    axes.iter().enumerate().map(width).collect()
}

/// What a category adds to a kernel's density: above 1 where it is the kernel's own.
fn agreement(count: f64, anew: f64, same: bool) -> f64 {
    if same { (1.0 - anew) * count + anew } else { anew }
}

/// The density of the good trials.
pub(super) struct Good<'a> {
    axes: &'a [Axis],
    centres: Vec<&'a Around>,
    weights: Vec<f64>,
    flat: f64,
    widths: Vec<f64>,
    shape: Triangle,
    inverse: Triangle,
    peak: f64,
}

impl<'a> Good<'a> {
    /// `centres` best first, of `trials` in all.
    pub(super) fn new(axes: &'a [Axis], centres: Vec<&'a Around>, trials: usize) -> Self {
        let n = centres.len() as f64;
        let rank = |i: usize| libm::log(n + 0.5) - libm::log(i as f64 + 1.0);
        let total: f64 = (0..centres.len()).map(rank).sum();
        let weights: Vec<f64> = (0..centres.len()).map(|i| rank(i) / total).collect();
        let moments = Moments::new(axes.len(), &centres, &weights);
        let least = (1.5 / trials as f64).max(0.003);
        let scale = 1.8 * libm::pow(n, -1.0 / (axes.len() as f64 + 4.0));
        let widths = widths(axes, |_| ANEW, |axis| (scale * moments.sd(axis)).max(least));
        // Few trials in many dimensions are correlated by chance.
        let kept = n / (n + (axes.len() * axes.len()) as f64);
        let is_number = |axis: usize| matches!(axes[axis], Axis::Number(_));
        let shape = Triangle::factor(axes.len(), |a, b| match (is_number(a), is_number(b)) {
            (true, true) if a == b => widths[a] * widths[a],
            (true, true) => kept * moments.correlation(a, b) * widths[a] * widths[b],
            _ => f64::from(u8::from(a == b)),
        });
        let peak = (0..axes.len()).filter(|a| is_number(*a)).map(|a| 1.0 / (shape.at(a, a) * ROOT_TAU)).product();
        let inverse = shape.inverse();
        // Half a trial's weight among n.
        Self { axes, centres, weights, flat: 0.5 / n, widths, shape, inverse, peak }
    }

    /// A draw from it. What falls outside the cube is drawn again, and at last set to the edge.
    pub(super) fn draw(&self, random: &mut impl Rng) -> Vec<f64> {
        let mut pick = fraction(random) * (1.0 + self.flat) - self.flat;
        if pick < 0.0 {
            return self.axes.iter().map(|_| fraction(random)).collect();
        }
        let mut chosen = self.centres.len() - 1;
        for (i, weight) in self.weights.iter().enumerate() {
            pick -= weight;
            if pick < 0.0 {
                chosen = i;
                break;
            }
        }
        let centre = self.centres[chosen];
        let mut place = self.moved(centre, random);
        for _ in 0..20 {
            if place.iter().all(|x| (0.0..1.0).contains(x)) {
                break;
            }
            place = self.moved(centre, random);
        }
        place.iter_mut().for_each(|x| *x = x.clamp(0.0, 1.0));
        place
    }

    fn moved(&self, centre: &Around, random: &mut impl Rng) -> Vec<f64> {
        let steps = self.shape.times(&normals(random, self.axes.len()));
        let mut place = centre.place.clone();
        for (axis, (x, step)) in place.iter_mut().zip(steps).enumerate() {
            match self.axes[axis] {
                _ if centre.lacks(axis) => *x = fraction(random),
                Axis::Number(_) => *x += step,
                Axis::Category(_) if fraction(random) < self.widths[axis] => *x = fraction(random),
                Axis::Category(_) => {}
            }
        }
        place
    }

    /// Its density at a place.
    pub(super) fn density(&self, at: &Around) -> f64 {
        let mut sum = self.flat;
        let mut apart = vec![0.0; self.axes.len()];
        for (centre, weight) in self.centres.iter().zip(&self.weights) {
            let mut factor = *weight;
            for (axis, kind) in self.axes.iter().enumerate() {
                apart[axis] = 0.0;
                match kind {
                    Axis::Number(_) if at.lacks(axis) || centre.lacks(axis) => factor *= self.shape.at(axis, axis) * ROOT_TAU,
                    Axis::Number(_) => apart[axis] = at.place[axis] - centre.place[axis],
                    Axis::Category(_) if at.lacks(axis) || centre.lacks(axis) => {}
                    Axis::Category(count) => factor *= agreement(*count, self.widths[axis], at.place[axis] == centre.place[axis]),
                }
            }
            let far = 0.5 * self.inverse.square(&apart);
            if far < FAR {
                sum += factor * self.peak * libm::exp(-far);
            }
        }
        sum / (1.0 + self.flat)
    }
}

/// The density of the other trials.
pub(super) struct Rest<'a> {
    axes: &'a [Axis],
    centres: Vec<&'a Around>,
    widths: Vec<f64>,
    peak: f64,
}

impl<'a> Rest<'a> {
    pub(super) fn new(axes: &'a [Axis], centres: Vec<&'a Around>, trials: usize) -> Self {
        let others = centres.len() as f64;
        let narrow = (0.8 / trials as f64).max(0.01);
        let widths = widths(axes, |count| (count / (1.0 + others)).clamp(0.1, 0.9), |_| narrow);
        let numbers = axes.iter().zip(&widths).filter(|(axis, _)| matches!(axis, Axis::Number(_)));
        let peak = numbers.map(|(_, width)| 1.0 / (width * ROOT_TAU)).product();
        Self { axes, centres, widths, peak }
    }

    /// Its density at a place.
    pub(super) fn density(&self, at: &Around) -> f64 {
        let near: f64 = self.centres.iter().map(|centre| self.near(centre, at)).sum();
        (1.0 + self.peak * near) / (1.0 + self.centres.len() as f64)
    }

    #[inline]
    fn near(&self, centre: &Around, at: &Around) -> f64 {
        let (mut far, mut factor) = (0.0, 1.0);
        for (axis, kind) in self.axes.iter().enumerate() {
            let is_absent = at.lacks(axis) || centre.lacks(axis);
            match kind {
                Axis::Number(_) if is_absent => factor *= self.widths[axis] * ROOT_TAU,
                Axis::Number(_) => {
                    let z = (at.place[axis] - centre.place[axis]) / self.widths[axis];
                    far += 0.5 * z * z;
                    if far > FAR {
                        return 0.0;
                    }
                }
                Axis::Category(_) if is_absent => {}
                Axis::Category(count) => factor *= agreement(*count, self.widths[axis], at.place[axis] == centre.place[axis]),
            }
        }
        factor * libm::exp(-far)
    }
}

/// √(2π), the normal density's denominator.
const ROOT_TAU: f64 = 2.506_628_274_631_000_7;

/// Weighted means and covariances of the good trials, each axis over those that have it.
struct Moments {
    size: usize,
    covariances: Vec<f64>,
}

impl Moments {
    fn new(size: usize, centres: &[&Around], weights: &[f64]) -> Self {
        let pairs = || centres.iter().zip(weights);
        let mean = |axis: usize| {
            let there = pairs().filter(|(centre, _)| !centre.lacks(axis));
            let (sum, weight) = there.fold((0.0, 0.0), |(sum, total), (centre, w)| (sum + w * centre.place[axis], total + w));
            if weight > 0.0 { sum / weight } else { 0.5 }
        };
        let means: Vec<f64> = (0..size).map(mean).collect();
        let mut covariances = vec![0.0; size * size];
        for a in 0..size {
            for b in 0..=a {
                let there = pairs().filter(|(centre, _)| !centre.lacks(a) && !centre.lacks(b));
                let product = |centre: &Around| (centre.place[a] - means[a]) * (centre.place[b] - means[b]);
                let (sum, weight) = there.fold((0.0, 0.0), |(sum, total), (centre, w)| (sum + w * product(centre), total + w));
                covariances[a * size + b] = if weight > 0.0 { sum / weight } else { 0.0 };
            }
        }
        Self { size, covariances }
    }

    fn sd(&self, axis: usize) -> f64 {
        self.covariances[axis * self.size + axis].sqrt()
    }

    /// Of two axes, `a` being the later one; 0 where one of them does not vary.
    fn correlation(&self, a: usize, b: usize) -> f64 {
        let product = self.sd(a) * self.sd(b);
        if product > 0.0 { self.covariances[a * self.size + b] / product } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    fn at(place: &[f64]) -> Around {
        Around { place: place.to_vec(), absent: Vec::new() }
    }

    #[test]
    fn kernels_lie_along_the_line_of_the_good() {
        let axes = [Axis::Number(0.0), Axis::Number(0.0)];
        let line: Vec<Around> = (0..8).map(|i| at(&[0.3 + 0.05 * f64::from(i), 0.3 + 0.05 * f64::from(i)])).collect();
        let good = Good::new(&axes, line.iter().collect(), 40);
        assert!(good.density(&at(&[0.6, 0.6])) > 2.0 * good.density(&at(&[0.6, 0.4])));
        let mut random = Seed::new(7).generator();
        let near = (0..500)
            .filter(|_| {
                let x = good.draw(&mut random);
                (x[0] - x[1]).abs() < 0.2
            })
            .count();
        // Even draws lie this near the diagonal in 36 of 100 cases: 1 − 0.8².
        assert!(near > 350, "{near}");
    }

    #[test]
    fn densities_integrate_to_one() {
        let axes = [Axis::Number(0.0), Axis::Category(3.0)];
        let places = [at(&[0.5, 1.0 / 6.0]), at(&[0.45, 0.5]), at(&[0.55, 0.5]), at(&[0.5, 0.5])];
        let good = Good::new(&axes, places.iter().collect(), 60);
        let rest = Rest::new(&axes, places.iter().collect(), 60);
        let over = |density: &dyn Fn(&Around) -> f64| {
            let cells = (0..3000).map(|i| at(&[(f64::from(i / 3) + 0.5) / 1000.0, (f64::from(i % 3) + 0.5) / 3.0]));
            cells.map(|cell| density(&cell)).sum::<f64>() / 3000.0
        };
        assert!((over(&|x| good.density(x)) - 1.0).abs() < 1e-3, "{}", over(&|x| good.density(x)));
        assert!((over(&|x| rest.density(x)) - 1.0).abs() < 1e-3, "{}", over(&|x| rest.density(x)));
    }

    #[test]
    fn an_absent_axis_says_nothing() {
        let axes = [Axis::Number(0.0), Axis::Number(0.0)];
        let lacking = |x: f64| Around { place: vec![x, 0.5], absent: vec![false, true] };
        let places = [lacking(0.4), lacking(0.5), lacking(0.6), lacking(0.5)];
        let rest = Rest::new(&axes, places.iter().collect(), 50);
        let here = |y: f64| rest.density(&Around { place: vec![0.5, y], absent: vec![false, false] });
        assert_eq!(here(0.5), here(0.9));
        let good = Good::new(&axes, places.iter().collect(), 50);
        let there = |y: f64| good.density(&Around { place: vec![0.5, y], absent: vec![false, false] });
        assert_eq!(there(0.5), there(0.9));
    }
}
