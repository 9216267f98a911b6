//! Reference values for the tests, written by `tests/reference/statistics.py`. Refuses to know which statistic they are for.

use serde::de::DeserializeOwned;

/// Reads a fixture; there are always at least 50 cases, so that an empty file cannot pass.
pub(super) fn cases<T: DeserializeOwned>(json: &str) -> Vec<T> {
    let cases: Vec<T> = serde_json::from_str(json).unwrap();
    assert!(cases.len() >= 50, "only {} cases", cases.len());
    cases
}

/// Fails unless both are equal, or differ by at most `tolerance` times the larger one (times 1 below 1).
#[track_caller]
pub(super) fn assert_close(actual: f64, expected: f64, tolerance: f64) {
    let allowed = tolerance * expected.abs().max(1.0);
    let equal = actual.total_cmp(&expected).is_eq() || (actual - expected).abs() <= allowed;
    assert!(equal, "got {actual:e}, the reference says {expected:e}");
}

/// Fails unless both are equal up to a relative error; for probabilities far below 1.
#[track_caller]
pub(super) fn assert_close_ratio(actual: f64, expected: f64, tolerance: f64) {
    let equal = actual.total_cmp(&expected).is_eq() || (actual - expected).abs() <= tolerance * expected.abs();
    assert!(equal, "got {actual:e}, the reference says {expected:e}");
}
