//! Fewer points for the same picture.

use super::plot::Point;

/// At most `2 · buckets` points of `points` that keep its outline: the lowest and the highest of each of `buckets` equal stretches,
/// in their order. The first and the last point stay as well, so at most two more. No extreme, and so no drawdown, is ever hidden.
pub(super) fn outline(points: &[Point], buckets: usize) -> Vec<Point> {
    let (n, buckets) = (points.len(), buckets.max(1));
    if n <= 2 * buckets {
        return points.to_vec();
    }
    let mut kept = Vec::with_capacity(2 * buckets + 2);
    kept.push(0);
    for i in 0..buckets {
        let stretch = i * n / buckets..(i + 1) * n / buckets;
        let by_height = |a: &usize, b: &usize| points[*a].1.total_cmp(&points[*b].1);
        let low = stretch.clone().min_by(by_height).expect("stretches are not empty");
        let high = stretch.max_by(by_height).expect("stretches are not empty");
        kept.extend([low.min(high), low.max(high)]);
    }
    kept.push(n - 1);
    kept.dedup();
    kept.into_iter().map(|i| points[i]).collect()
}

/// The mean height of each of at most `buckets` equal stretches, as a staircase of points.
pub(super) fn stairs(points: &[Point], buckets: usize) -> Vec<Point> {
    let n = points.len();
    let buckets = buckets.clamp(1, n.max(1));
    let mut steps = Vec::with_capacity(2 * buckets);
    for i in 0..buckets {
        let stretch = &points[i * n / buckets..(i + 1) * n / buckets];
        let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else { continue };
        let mean = stretch.iter().map(|p| p.1).sum::<f64>() / stretch.len() as f64;
        let end = points.get((i + 1) * n / buckets).unwrap_or(last).0;
        steps.extend([(first.0, mean), (end, mean)]);
    }
    steps
}

/// The points that would not cover one kept before them: the first in each cell of a grid of `across` by `up` over all of them, so at
/// most one a cell.
pub(super) fn spread(points: &[Point], across: usize, up: usize) -> Vec<Point> {
    let reach = |pick: fn(&Point) -> f64| {
        let (lo, hi) = points.iter().map(pick).fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
        (lo, (hi - lo).max(f64::MIN_POSITIVE))
    };
    let ((left, width), (bottom, height)) = (reach(|p| p.0), reach(|p| p.1));
    let cell = |v: f64, lo: f64, span: f64, cells: usize| (((v - lo) / span * cells as f64) as usize).min(cells);
    let mut taken = vec![false; (across + 1) * (up + 1)];
    let mut kept = Vec::new();
    for point in points {
        let at = cell(point.1, bottom, height, up) * (across + 1) + cell(point.0, left, width, across);
        if !std::mem::replace(&mut taken[at], true) {
            kept.push(*point);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_deep_point_survives_thinning() {
        let mut points: Vec<_> = (0..10_000).map(|i| (f64::from(i), f64::from(i % 7))).collect();
        points[7_321].1 = -500.0;
        let thin = outline(&points, 100);
        assert!(thin.len() <= 202 && thin.contains(&(7_321.0, -500.0)));
        assert_eq!((thin[0], thin[thin.len() - 1]), (points[0], points[9_999]));
        assert!(thin.windows(2).all(|w| w[0].0 < w[1].0));
    }

    #[test]
    fn dots_that_cover_each_other_are_kept_once_and_the_farthest_stay() {
        let mut points: Vec<Point> = (0..10_000).map(|i| (f64::from(i % 100) * 1e-4, f64::from(i / 100) * 1e-4)).collect();
        points.push((50.0, 80.0));
        let kept = spread(&points, 20, 10);
        assert_eq!(kept, [(0.0, 0.0), (50.0, 80.0)]);
        assert!(spread(&[], 20, 10).is_empty());
        assert_eq!(spread(&[(3.0, 3.0), (3.0, 3.0)], 20, 10).len(), 1);
    }

    #[test]
    fn stairs_hold_the_mean_of_their_stretch() {
        let points = [(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (3.0, 3.0)];
        assert_eq!(stairs(&points, 2), [(0.0, 0.5), (2.0, 0.5), (2.0, 2.0), (3.0, 2.0)]);
        assert!(stairs(&[], 5).is_empty());
    }
}
