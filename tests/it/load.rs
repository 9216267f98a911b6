//! Results of load tests from the open format to the verdict: distributions, counts and courses over time, and what of them cannot be judged.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(unix)]
mod chaos;
mod command;
mod engine;
mod export;
mod external;
mod flows;
mod formats;
mod gates;
mod ports;
mod prometheus;
#[cfg(unix)]
mod protocols;
mod resources;
mod scenarios;
mod sent;
pub(crate) mod services;
mod shards;

use std::collections::BTreeMap;

use jiff::civil::Date;
use tollgate::config::{Against, Config, Policy};
use tollgate::judge::{self, Circumstances, Evidence};
use tollgate::measure::bench::{Parsed, json};
use tollgate::model::judgement::{PolicySource, Warning};
use tollgate::model::{
    Arm, BenchmarkId, Change, Determinism, Direction, Doubt, Environment, Judgement, Kind, Metric, MetricId, Name,
    Outcome, Revision, Role, Row, Run, RunVerdict, Unit, Verdict,
};

/// A metric of a numbered benchmark, less being better.
pub(crate) fn metric(benchmark: u32, metric: &str, unit: Unit) -> Metric {
    let benchmark = BenchmarkId { suite: name("load"), benchmark: name(&format!("scenario-{benchmark:03}")) };
    Metric {
        id: MetricId { benchmark, metric: name(metric) },
        unit,
        direction: Direction::LowerIsBetter,
        kind: Kind::Time,
        determinism: Determinism::Noisy,
        role: Role::Gated,
        work: None,
    }
}

/// A run without samples.
pub(crate) fn run(label: &str) -> Run {
    let revision = Revision {
        commit: "0123456789abcdef".to_owned(),
        tree: label.to_owned(),
        label: label.to_owned(),
        title: String::new(),
        committed_at_s: 0,
        dirty: false,
    };
    let environment = Environment {
        cpu_model: "test".to_owned(),
        cores: 2,
        memory_bytes: 1 << 30,
        os: "Debian 12".to_owned(),
        kernel: "6.1".to_owned(),
        hypervisor: "none".to_owned(),
        image: None,
        toolchain: "rustc 1.95.0".to_owned(),
    };
    Run::new(revision, environment)
}

/// The judgement of two runs; without base only budgets speak.
pub(crate) fn judged(base: Option<&Run>, head: &Run, rounds_run: u32, policy: &Policy) -> Judgement {
    let evidence = Evidence::of(base, head, rounds_run);
    let circumstances = Circumstances {
        base: base.map(|base| base.revision.clone()),
        today: Date::constant(2030, 1, 1),
        seed: 7,
        policy: PolicySource::Base,
        against: Against::Auto,
        notices: Vec::new(),
    };
    judge::judge(&evidence, policy, &circumstances)
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn parse(fields: &str) -> Parsed {
    let text = format!(r#"{{"schema":1,"benchmarks":[{{"name":"checkout","metrics":[{{"name":"m",{fields}}}]}}]}}"#);
    let parsed = json::parse(text.as_bytes(), &name("load"), &BTreeMap::new()).unwrap();
    assert_eq!(parsed.unparsed, Vec::<String>::new(), "{fields}");
    parsed
}

/// The judgement of rounds whose results are written in the open format: the fields of one metric, by arm and round.
fn check(config: &str, rounds: u32, fields: impl Fn(Arm, u32) -> String) -> Judgement {
    let policy = Config::parse(config, "tollgate.toml").unwrap().policy;
    let mut runs = Arm::BOTH.map(|arm| run(arm.as_str()));
    for round in 0..rounds {
        for (arm, run) in Arm::BOTH.into_iter().zip(&mut runs) {
            for reading in parse(&fields(arm, round)).readings {
                run.insert(reading.metric, round, reading.sample);
            }
        }
    }
    judged(Some(&runs[0]), &runs[1], rounds, &policy)
}

/// Up or down by up to 1, by arm and round alone.
pub(crate) fn wobble(arm: Arm, round: u32) -> f64 {
    let mixed = (u64::from(round) * 2 + arm as u64 + 77).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f64 / f64::from(1 << 23) - 1.0
}

fn row<'a>(judgement: &'a Judgement, metric: &str) -> &'a Row {
    judgement.rows.iter().find(|row| row.metric.id.metric.as_str() == metric).unwrap()
}

/// A distribution of latencies around 10 ms with a slow tail, `tail` times as slow in head.
fn latencies(arm: Arm, round: u32, requests: u32, tail: f64) -> String {
    let tail = if arm == Arm::Head { tail } else { 1.0 };
    let scale = 1.0 + 0.005 * wobble(arm, round);
    let body = (0..100).map(|step| (scale * (9.0 + 0.02 * f64::from(step)), requests / 100 * 97 / 100));
    let slow = (0..30).map(|step| (scale * tail * (40.0 + f64::from(step)), requests / 1000));
    let pairs: Vec<String> = body.chain(slow).map(|(value, times)| format!("[{value},{times}]")).collect();
    format!(r#""unit":"ms","histogram":[{}]"#, pairs.join(","))
}

#[test]
fn one_distribution_is_judged_by_its_median_and_its_tail_apart() {
    let judgement = check("", 26, |arm, round| latencies(arm, round, 100_000, 1.2));
    let verdicts: Vec<(&str, &Verdict)> =
        judgement.rows.iter().map(|row| (row.metric.id.metric.as_str(), &row.verdict)).collect();
    let expected = [("m-p50", &Verdict::Unchanged), ("m-p95", &Verdict::Unchanged), ("m-p99", &Verdict::Regressed)];
    assert_eq!(verdicts, expected);
    assert_eq!((judgement.verdict, judgement.promise.family), (RunVerdict::Regressed, 3));
    let Some(Change::Relative(change)) = row(&judgement, "m-p99").effect.as_ref().map(|effect| effect.change) else {
        unreachable!("a ratio")
    };
    assert!((change - 0.2).abs() < 0.01, "{change}");
}

#[test]
fn an_extreme_quantile_of_few_requests_is_shown_and_not_judged() {
    let with = |requests, tail| {
        check("[gate]\ninconclusive = 'fail'", 26, move |arm, round| {
            format!(r#"{},"summaries":["p99.9","max"]"#, latencies(arm, round, requests, tail))
        })
    };
    let few = with(20_000, 3.0);
    let thin = |row: &Row| match &row.verdict {
        Verdict::Inconclusive(Doubt::TailTooThin { beyond, need: 100 }) => *beyond,
        other => unreachable!("{other:?}"),
    };
    assert!(thin(row(&few, "m-p99.9")) < 25 && row(&few, "m-p99.9").effect.is_some());
    assert_eq!(row(&few, "m-p99.9").outcome, Outcome::FailInconclusive);
    assert_eq!((thin(row(&few, "m-max")), row(&few, "m-max").outcome), (0, Outcome::Pass), "only shown");
    let many = with(200_000, 3.0);
    assert_eq!(row(&many, "m-p99.9").verdict, Verdict::Regressed);
}

fn errors(events: u64, trials: u64) -> String {
    format!(r#""unit":"%","better":"lower","events":{events},"trials":{trials}"#)
}

#[test]
fn one_failed_request_in_a_million_is_not_red_and_one_in_a_hundred_is() {
    let one = check("", 10, |arm, round| errors(u64::from(arm == Arm::Head && round == 3), 1_000_000));
    assert_eq!((&row(&one, "m").verdict, one.verdict), (&Verdict::Unchanged, RunVerdict::Pass));
    let none = check("", 10, |_, _| errors(0, 1_000));
    assert_eq!((&row(&none, "m").verdict, &row(&none, "m").warnings), (&Verdict::Unchanged, &vec![]));
    let many = check("", 26, |arm, round| errors(if arm == Arm::Head { 8 + u64::from(round % 5) } else { 0 }, 1_000));
    assert_eq!((&row(&many, "m").verdict, many.verdict), (&Verdict::Regressed, RunVerdict::Regressed));
    let head = row(&many, "m").head.as_ref().unwrap().value;
    assert!((head - 0.01).abs() < 1e-3, "the rate of all requests: {head}");
    let fewer = check("", 26, |arm, round| errors(if arm == Arm::Base { 8 + u64::from(round % 5) } else { 0 }, 1_000));
    assert_eq!(row(&fewer, "m").verdict, Verdict::Improved);
}

#[test]
fn a_single_burst_of_errors_convicts_nobody() {
    let judgement = check("", 26, |arm, round| errors(if arm == Arm::Head && round == 3 { 900 } else { 0 }, 1_000));
    let row = row(&judgement, "m");
    assert!(row.verdict != Verdict::Regressed, "{:?}", row.verdict);
    assert_eq!(row.warnings, [Warning::Bursts]);
}

#[test]
fn too_few_requests_to_rule_errors_out_are_inconclusive() {
    let judgement = check("", 10, |_, _| errors(0, 20));
    assert!(matches!(row(&judgement, "m").verdict, Verdict::Inconclusive(_)), "{:?}", row(&judgement, "m").verdict);
}

#[test]
fn exposures_may_differ_between_the_arms() {
    let rate = |arm, round: u32| match arm {
        Arm::Base => errors(10 + u64::from(round % 3), 10_000),
        Arm::Head => errors(2 + u64::from(round % 2), 2_500),
    };
    let judgement = check("", 26, rate);
    assert_eq!(row(&judgement, "m").verdict, Verdict::Unchanged);
}

const ERROR_BUDGET: &str = "[[budget]]\nbenchmark = '**'\nmetric = 'm'\ncritical = '0.1 %'\n";

#[test]
fn a_budget_on_a_rate_is_missed_or_kept_only_where_the_counts_say_so() {
    let of = |events: u64, trials: u64| {
        let judgement = check(ERROR_BUDGET, 10, |_, round| errors(events + u64::from(round % 2), trials));
        (row(&judgement, "m").outcome, row(&judgement, "m").budget.as_ref().unwrap().undecided.is_some())
    };
    assert_eq!(of(30, 10_000), (Outcome::FailOverBudget, false), "0.3 %");
    assert!(!of(0, 10_000).1, "5 of 100,000");
    assert!(of(0, 300).1, "5 of 3,000 may be less or more than one in a thousand");
    let none = check(ERROR_BUDGET, 10, |_, _| errors(0, 100));
    let budget = row(&none, "m").budget.clone().unwrap();
    assert!(
        budget.undecided.is_some(),
        "no error in 1,000 requests is not yet less than one in a thousand: {budget:?}"
    );
}

#[test]
fn a_burst_widens_what_a_budget_is_held_against() {
    let burst = check(ERROR_BUDGET, 10, |_, round| errors(if round == 4 { 300 } else { 0 }, 10_000));
    let budget = row(&burst, "m").budget.clone().unwrap();
    assert!(budget.undecided.is_some() && row(&burst, "m").outcome != Outcome::FailOverBudget, "{budget:?}");
}

/// A server's memory: 100 MB, warm-up, a saw-tooth and this growth in B/s.
fn memory(arm: Arm, round: u32, growth: f64) -> String {
    let points: Vec<String> = (0..120)
        .map(|second| {
            let time = f64::from(second);
            let saw = 4.0 * (time % 5.0);
            let value = 100.0 + wobble(arm, round) - 30.0 * (-time / 10.0).exp() + saw + growth * time / 1e6;
            format!("[{time},{value}]")
        })
        .collect();
    format!(r#""unit":"MB","track":[{}]"#, points.join(","))
}

#[test]
fn memory_that_grows_in_head_alone_is_a_regression_in_bytes_a_second() {
    let grows = |arm, round| memory(arm, round, if arm == Arm::Head { 1e5 } else { 0.0 });
    let leak = check("", 26, grows);
    let found = row(&leak, "m");
    assert_eq!(
        (&found.verdict, &found.metric.unit, found.metric.kind),
        (&Verdict::Regressed, &Unit::BytesPerSecond, Kind::Slope)
    );
    let Some(Change::Absolute(change)) = found.effect.as_ref().map(|effect| effect.change) else {
        unreachable!("a growth near 0 has no ratio")
    };
    assert!((change - 1e5).abs() < 1e3, "{change}");
    let both = check("", 10, |arm, round| memory(arm, round, 1e5));
    assert_eq!(row(&both, "m").verdict, Verdict::Unchanged, "base grows as fast");
    let less = check("", 26, |arm, round| memory(arm, round, if arm == Arm::Base { 1e5 } else { -1e4 }));
    assert_eq!(row(&less, "m").verdict, Verdict::Improved, "a growth may be below 0");
}

#[test]
fn a_floor_says_how_fast_memory_may_grow() {
    let grows = |arm, round| memory(arm, round, if arm == Arm::Head { 1e5 } else { 0.0 });
    let judgement = check("[gate]\nfloor = ['200 KiB/s']", 26, grows);
    assert_eq!(row(&judgement, "m").verdict, Verdict::Unchanged);
}

#[test]
fn memory_that_does_not_grow_at_all_is_unchanged_and_zero_everywhere_too() {
    for value in ["5", "0"] {
        let flat: Vec<String> = (0..60).map(|second| format!("[{second},{value}]")).collect();
        let flat = format!(r#""unit":"B","track":[{}]"#, flat.join(","));
        let judgement = check("", 10, |_, _| flat.clone());
        let row = row(&judgement, "m");
        let said = (&row.verdict, &row.warnings);
        if value == "5" {
            assert_eq!(said, (&Verdict::Unchanged, &vec![]));
        } else {
            assert!(row.verdict != Verdict::Regressed && row.verdict != Verdict::Improved, "{said:?}");
        }
    }
}

#[test]
fn a_budget_on_growth_needs_no_base() {
    let config = "[[budget]]\nbenchmark = '**'\nmetric = 'm'\ncritical = '50 KiB/s'\n";
    let policy = Config::parse(config, "tollgate.toml").unwrap().policy;
    for (growth, outcome) in [(1e5, Outcome::FailOverBudget), (1e4, Outcome::Pass)] {
        let mut head = run("head");
        for round in 0..10 {
            for reading in parse(&memory(Arm::Head, round, growth)).readings {
                head.insert(reading.metric, round, reading.sample);
            }
        }
        assert_eq!(row(&judged(None, &head, 10, &policy), "m").outcome, outcome, "{growth}");
    }
}

#[test]
fn every_report_shows_them() {
    use tollgate::report::{html, json, junit, markdown, terminal};
    for judgement in [
        check("", 26, |arm, round| memory(arm, round, if arm == Arm::Head { 1e5 } else { -1e4 })),
        check("", 26, |arm, round| errors(if arm == Arm::Head && round == 17 { 900 } else { 0 }, 1_000)),
        check("", 10, |arm, round| format!(r#"{},"summaries":["p99.9","mean"]"#, latencies(arm, round, 20_000, 1.0))),
    ] {
        let saved = json::to_json(&judgement);
        assert_eq!(json::from_json(saved.as_bytes()).unwrap(), judgement);
        for text in [
            markdown::render(&judgement, 64_000),
            terminal::render(&judgement),
            html::render(&judgement),
            junit::render(&judgement),
        ] {
            assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
        }
    }
}
