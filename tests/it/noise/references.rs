//! The rules of other tools, held against an independent implementation and their documented borders.

use serde::Deserialize;

use super::peers::{Criterion, RESAMPLES, asv, benchstat, ratio, tango, tango_z, welch, welch_p, whitney_p};
use crate::calibration::noise::Random;

/// Written by `tests/reference/noise.py`.
#[derive(Deserialize)]
struct Case {
    base: Vec<f64>,
    head: Vec<f64>,
    welch: f64,
    whitney: Option<f64>,
    tango_z: f64,
    criterion_p: f64,
    criterion_lower: f64,
    criterion_upper: f64,
}

fn close(found: f64, expected: f64, allowed: f64, what: &str) {
    assert!((found - expected).abs() <= allowed, "{what}: found {found}, the reference says {expected}");
}

#[test]
fn the_numbers_behind_the_rules_are_those_of_an_independent_implementation() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../../fixtures/noise/rules.json")).expect("the cases");
    assert!(cases.len() >= 50);
    let mut random = Random::new(3);
    let mut regressed = 0;
    for case in &cases {
        let (base, head) = (&case.base, &case.head);
        close(welch_p(base, head), case.welch, 1e-9, "Welch");
        close(tango_z(base, head), case.tango_z, 1e-9, "tango");
        if let Some(expected) = case.whitney {
            close(whitney_p(base, head), expected, 1e-9, "Mann–Whitney");
        }
        // A bootstrap of so many resamples, four standard errors.
        let found = Criterion::new(base, head, &mut random);
        let tail = (case.criterion_p / 2.0).max(1.0 / RESAMPLES as f64);
        let luck = 4.0 * (tail * (1.0 - tail) / RESAMPLES as f64).sqrt();
        close(found.p_value, case.criterion_p, 2.0 * luck + 1e-3, "criterion's p");
        let width = case.criterion_upper - case.criterion_lower;
        close(found.lower, case.criterion_lower, 0.12 * width, "criterion's lower bound");
        close(found.upper, case.criterion_upper, 0.12 * width, "criterion's upper bound");
        regressed += usize::from(found.regressed());
    }
    assert!((10..50).contains(&regressed), "{regressed} of {} cases regressed", cases.len());
}

/// Ten values around `level`, no two alike.
fn ten(level: f64) -> Vec<f64> {
    (0..10).map(|i| level * (1.0 + 0.0002 * f64::from(i))).collect()
}

#[test]
fn each_rule_turns_red_at_its_documented_border_and_not_before() {
    let base = ten(100.0);
    let mut random = Random::new(4);
    let mut criterion = |head: &[f64]| Criterion::new(&base, head, &mut random).regressed();
    // Surely different, and still within criterion's and tango's 1 %.
    assert!(!criterion(&ten(100.8)) && criterion(&ten(101.5)));
    assert!(!tango(&base, &ten(100.9)) && tango(&base, &ten(101.2)));
    assert!(welch(&base, &ten(100.8)) && benchstat(&base, &ten(100.8)));
    assert!(!asv(&base, &ten(109.0)) && asv(&base, &ten(111.0)));
    assert!(!ratio(&base, &ten(109.9), 1.1) && ratio(&base, &ten(110.2), 1.1));
    assert!(!ratio(&base, &ten(199.0), 2.0) && ratio(&base, &ten(201.0), 2.0));
    // Faster is never slower.
    let head = ten(80.0);
    assert!(!criterion(&head) && !tango(&base, &head) && !welch(&base, &head));
    assert!(!benchstat(&base, &head) && !asv(&base, &head) && !ratio(&base, &head, 1.1));
}

#[test]
fn too_few_values_or_too_much_overlap_convict_nobody() {
    assert!(!benchstat(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), "three values a side reach 10 % at best");
    assert!(!asv(&ten(100.0)[..4], &ten(150.0)[..4]), "four values a side reach 2.9 % at best");
    // Counted: 28 of the 252 ways to part ten values are this far out on either side.
    let p = whitney_p(&[10.0, 11.0, 12.0, 13.0, 14.0], &[11.5, 12.5, 13.5, 14.5, 30.0]);
    close(p, 2.0 / 9.0, 1e-12, "Mann–Whitney");
}
