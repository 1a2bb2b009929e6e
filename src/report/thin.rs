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
    fn stairs_hold_the_mean_of_their_stretch() {
        let points = [(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (3.0, 3.0)];
        assert_eq!(stairs(&points, 2), [(0.0, 0.5), (2.0, 0.5), (2.0, 2.0), (3.0, 2.0)]);
        assert!(stairs(&[], 5).is_empty());
    }
}
