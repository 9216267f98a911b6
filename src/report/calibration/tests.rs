//! What a calibration looks like.

use serde_json::{Value, json as value};

use super::*;
use crate::model::calibration::{Reach, Shape, SuggestedRule};
use crate::model::{Determinism, Direction, Kind, Role, Thresholds};
use crate::report::sample;

fn metric(benchmark: &str, noise: f64, told: Told, shapes: Vec<Shape>) -> Calibrated {
    let row = &sample::regression().rows[0];
    let mut metric = row.metric.clone();
    metric.id.benchmark.benchmark = crate::model::Name::new(benchmark).unwrap();
    metric.determinism = Determinism::Noisy;
    assert_eq!((metric.kind, metric.direction, metric.role), (Kind::Time, Direction::LowerIsBetter, Role::Gated));
    let reach = [10, 26, 42, 74, 120]
        .into_iter()
        .map(|rounds| Reach { rounds, change_ratio: (rounds > 10).then_some(0.02 + 9.0 * noise / f64::from(rounds)) });
    Calibrated {
        metric,
        value: 412e-6,
        rounds: 20,
        noise_ratio: Some(noise),
        thresholds: Thresholds { tolerance_ratio: 0.02, must_detect_ratio: 0.05, floor: 0.0 },
        blocking: true,
        reach: reach.collect(),
        told,
        suggested: Some(Thresholds { tolerance_ratio: 0.4 * noise, must_detect_ratio: noise, floor: 0.0 }),
        shapes,
    }
}

fn calibration() -> Calibration {
    let judgement = sample::regression();
    Calibration {
        revision: judgement.head.clone(),
        environment: judgement.environment.clone(),
        seed: 1,
        rounds: 20,
        elapsed_s: 61.2,
        round_s: 3.06,
        rounds_max: 120,
        time_limit_s: 600,
        metrics: vec![
            metric("parse/large", 0.01, Told::Within { rounds: 26, seconds: 46.2 }, Vec::new()),
            metric(
                "fsync\u{1b}[31m::error::no",
                0.20,
                Told::NotWithin { rounds: Some(410), seconds: Some(1260.0) },
                vec![Shape::Bimodal { gap_ratio: 0.31 }],
            ),
        ],
        ignored: 2,
        alarms: Vec::new(),
        troubles: Vec::new(),
        rules: vec![SuggestedRule {
            benchmark: "core/fsync".to_owned(),
            metric: "time".to_owned(),
            thresholds: Some((0.08, 0.20)),
        }],
    }
}

fn plain(calibration: &Calibration) -> String {
    let text = text(calibration, "\n# Suggested\n[[rule]]\nbenchmark = \"core/fsync\"\n", "tollgate.toml");
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn a_calibration_says_what_can_be_told_and_what_to_write() {
    insta::assert_snapshot!(plain(&calibration()), @r#"
    Calibration of 77be01d37 against itself: 20 rounds in 1 min 2 s
    AMD EPYC 7763 64-Core Processor, 4 cores; a round of everything takes 3.1 s.

    Columns of rounds: the smallest change for the worse that is seen in four of five runs. Allowed:
    tolerance | must-detect, with the floor taken in. Told in: rounds and time until a change as large
    as must-detect is found in 95 of 100 runs. Could: the smallest must-detect that the gate's limits
    allow.

      benchmark             value  noise  after 10     26     74    120  allowed          told in  could
      core/parse/large     412 µs    1 %         –  2.3 %  2.1 %  2.1 %  2 | 5 %         26: 46 s    1 %
      core/fsyn…error::no  412 µs   20 %         –  8.9 %  4.4 %  3.5 %  2 | 5 %  no; 410: 21 min   20 %

    Unchanged code passes: of 2 metrics that can block, none was called regressed.
    Of 2 metrics that can block, 1 can tell tolerance from must-detect within 120 rounds and 10 min, the
    slowest of them after 26 rounds, 47 s.
      - `core/fsync�[31m::error::no` (noise 20 %): 5 % would take about 410 rounds, 21 min; a
        must-detect of 20 % can be told
      - `core/fsync�[31m::error::no` is bimodal: its rounds fall into two groups, 31 % apart. Look for
        what alternates: memory layout, a frequency, a cache
    1 metric could tell less than must-detect asks for. That is not suggested by itself: code layout
    alone moves small benchmarks by some percent (docs/bias.md).
    2 metrics that the policy ignores are left out.

    Suggested for tollgate.toml (`tollgate calibrate --write` appends it):

    + # Suggested
    + [[rule]]
    + benchmark = "core/fsync"
    "#);
}

#[test]
fn a_false_alarm_is_said_loudly() {
    let mut calibration = calibration();
    calibration.alarms = vec![calibration.metrics[0].metric.id.clone()];
    let text = plain(&calibration);
    assert!(text.contains("THIS MACHINE CANNOT BE TRUSTED") && text.contains("`core/parse/large`"), "{text}");
    assert!(!text.contains("Unchanged code passes"), "{text}");
}

#[test]
fn hostile_names_reach_neither_the_terminal_nor_a_wide_line() {
    let text = plain(&calibration());
    assert!(!text.contains('\u{1b}'), "{text}");
    assert!(text.lines().all(|line| line.width() <= WIDTH && !line.trim_start().starts_with("::")), "{text}");
}

#[test]
fn the_numbers_are_one_document_that_is_the_same_each_time() {
    let (one, other) = (json(&calibration(), "x"), json(&calibration(), "x"));
    assert_eq!(one, other);
    let document: Value = serde_json::from_str(&one).unwrap();
    assert_eq!((&document["schema"], &document["metrics"][1]["told_apart"]["rounds"]), (&value!(1), &value!(410)));
    assert_eq!(document["rules"][0]["must_detect_ratio"], value!(0.2));
}

#[test]
fn whatever_is_calibrated_follows_the_schema() {
    let schema = jsonschema::validator_for(&schema()).unwrap();
    let mut calibration = calibration();
    let shapes = vec![
        Shape::Bimodal { gap_ratio: 0.1 },
        Shape::HeavyTailed { rounds: 3 },
        Shape::Ordered { second_ratio: -0.2 },
        Shape::NotExact,
    ];
    calibration.metrics.extend(
        [Told::Exactly, Told::Unknown, Told::NotWithin { rounds: None, seconds: None }]
            .map(|told| metric("odd", 0.1, told, shapes.clone())),
    );
    let unheard_of = Thresholds { tolerance_ratio: f64::INFINITY, must_detect_ratio: f64::INFINITY, floor: 1.0 };
    let odd = &mut calibration.metrics[3];
    (odd.thresholds, odd.suggested, odd.noise_ratio) = (unheard_of, None, None);
    calibration.rules.push(SuggestedRule { benchmark: "*".to_owned(), metric: "time".to_owned(), thresholds: None });
    let document: Value = serde_json::from_str(&json(&calibration, "x")).unwrap();
    let errors: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(
        (&document["metrics"][3]["tolerance_ratio"], &document["rules"][1]["severity"]),
        (&value!(null), &value!("advisory"))
    );
}
