//! A quantile from the buckets of histograms. Numbers in, a number out.

/// The quantile of what was observed, in the way of Prometheus: evenly spread within its bucket, from 0 in the first one, and the highest bound where it
/// is in the last. `rises` are the bounds of buckets, each with how many observations it rose by, those below it among them. `None` of nothing observed.
pub(super) fn quantile(of: f64, rises: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let mut rises: Vec<(f64, f64)> = rises.collect();
    rises.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for (bound, rise) in rises {
        match buckets.last_mut() {
            Some((last, sum)) if last.total_cmp(&bound).is_eq() => *sum += rise,
            _ => buckets.push((bound, rise)),
        }
    }
    let total = buckets.iter().map(|(_, rise)| *rise).fold(0.0, f64::max);
    if total <= 0.0 {
        return None;
    }
    let rank = of * total;
    let (mut lower, mut below) = (None, 0.0);
    for (bound, rise) in buckets {
        if rise >= rank && rise > below {
            let from = lower.unwrap_or(if bound > 0.0 { 0.0 } else { bound });
            // Nothing is known of what lies beyond the highest bound.
            let inside = from + (bound - from) * ((rank - below) / (rise - below)).clamp(0.0, 1.0);
            return if bound.is_finite() { Some(inside) } else { lower };
        }
        (lower, below) = (Some(bound), rise.max(below));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(of: f64, rises: &[(f64, f64)], expected: Option<f64>) {
        assert_eq!(quantile(of, rises.iter().copied()), expected, "{of} of {rises:?}");
    }

    #[test]
    fn a_quantile_lies_evenly_within_its_bucket() {
        let buckets = [(0.1, 10.0), (0.2, 30.0), (f64::INFINITY, 40.0)];
        check(0.125, &buckets, Some(0.05));
        check(0.5, &buckets, Some(0.15000000000000002));
        check(0.99, &buckets, Some(0.2));
        check(0.0, &buckets, Some(0.0));
        check(0.5, &[(f64::INFINITY, 4.0)], None);
        check(0.5, &[(0.1, 0.0), (f64::INFINITY, 0.0)], None);
        check(0.5, &[], None);
        // Two series of one histogram.
        check(0.5, &[(0.1, 5.0), (0.1, 5.0), (f64::INFINITY, 5.0), (f64::INFINITY, 5.0)], Some(0.05));
    }

    proptest! {
        #[test]
        fn a_quantile_lies_among_the_bounds_and_grows_with_its_share(
            rises in proptest::collection::vec((0.001_f64..10.0, 0.0_f64..100.0), 1..12),
            low in 0.0_f64..1.0,
            high in 0.0_f64..1.0,
        ) {
            let (low, high) = (low.min(high), low.max(high));
            let mut sum = 0.0;
            let mut bounds: Vec<f64> = rises.iter().map(|(bound, _)| *bound).collect();
            bounds.sort_by(f64::total_cmp);
            let all: Vec<(f64, f64)> =
                bounds.iter().zip(&rises).map(|(bound, (_, rise))| { sum += rise; (*bound, sum) }).collect();
            let of = |share| quantile(share, all.iter().copied());
            if let (Some(low), Some(high)) = (of(low), of(high)) {
                prop_assert!(low <= high + 1e-9 && high <= 10.0 && low >= 0.0, "{low} {high}");
            }
        }
    }
}
