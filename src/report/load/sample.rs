//! Results that no drive gave, for tests of what is shown.

use std::collections::BTreeMap;

use crate::config::scenario::Level;
use crate::model::load::{APDEX, BREAKING_POINT, LATENCY};
use crate::model::sample::Histogram;
use crate::model::{BudgetLevel, Direction, Name, Unit};

use super::result::{Ended, Limit, LoadResult, Place, Point, Stage, Step, Value, Window};

/// Times that spread over two decades from `middle` on, the same each time.
pub(super) fn times(middle: f64, count: u32) -> Histogram {
    let mut times = Histogram::default();
    for at in 0..count {
        let share = f64::from(at) / f64::from(count);
        times.record(middle * (1.0 + share + 20.0 * share.powi(40)), 1).unwrap();
    }
    times
}

/// A request that ended `count` times, `failed` of them with a status.
pub(super) fn step(middle: f64, count: u32, failed: u32) -> Step {
    let mut step = Step {
        response: times(middle, count),
        service: times(middle * 0.9, count),
        lag: times(20e-6, count),
        ended: count.into(),
        bytes_in: u64::from(count) * 1300,
        bytes_out: u64::from(count) * 120,
        statuses: BTreeMap::from([(200, u64::from(count - failed))]),
        ..Step::default()
    };
    if failed > 0 {
        step.errors.insert("status".to_owned(), failed.into());
        step.statuses.insert(503, failed.into());
    }
    step
}

/// One stage of `seconds` at `level`.
pub(super) fn stage(level: Level, seconds: f64, steps: &[(&str, Step)]) -> Stage {
    let steps: BTreeMap<Name, Step> =
        steps.iter().map(|(name, step)| (Name::new(*name).unwrap(), step.clone())).collect();
    let intended = steps.values().map(|step| step.ended).sum();
    Stage { level, seconds, intended, dropped: 0, late: 0, in_flight_max: 12, open_at_end: 0, steps }
}

/// A metric.
pub(super) fn value(benchmark: &str, metric: &str, unit: Unit, value: f64) -> Value {
    let (benchmark, metric) = (benchmark.to_owned(), metric.to_owned());
    Value { benchmark, metric, unit, direction: Direction::LowerIsBetter, value, limit: None }
}

/// A quiet run by hand: one request at 200/s for ten seconds.
pub(super) fn by_hand() -> LoadResult {
    LoadResult {
        name: "GET /".to_owned(),
        conditions: [("profile", "load 200/s for 10 s"), ("arrivals", "uniform"), ("connections", "64")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        started_at_s: 1_767_225_600,
        ended: Ended::Complete,
        stages: vec![stage(Level::Rate(200.0), 10.0, &[("GET /", step(0.8e-3, 2000, 0))])],
        window_s: 1.0,
        windows: (0..10).map(|_| Window { response: (&times(0.8e-3, 200)).into(), ended: 200, failed: 0 }).collect(),
        places: vec![Place {
            name: "http://127.0.0.1:8080".to_owned(),
            response: times(0.8e-3, 2000),
            ended: 2000,
            failed: 0,
        }],
        usage: Vec::new(),
        values: vec![
            value("GET /", APDEX, Unit::Ratio, 1.0),
            value("GET /", &format!("{LATENCY}-p95"), Unit::Seconds, 1.9e-3),
        ],
        connections_opened: 64,
        reconnects: 0,
        generator_cpu_ratio: 0.034,
    }
}

/// A stress test of two requests on two targets, with errors, a service that grows, and budgets.
pub(super) fn stress() -> LoadResult {
    let stages = (1..=6_u32)
        .map(|at| {
            let (count, slow) = (200 * at, if at > 4 { 40.0 } else { 1.0 });
            let steps = [
                ("browse", step(2e-3 * slow, count, 0)),
                ("buy", step(8e-3 * slow, count / 2, if at > 4 { count / 20 } else { 0 })),
            ];
            Stage {
                in_flight_max: u64::from(at * at),
                dropped: u64::from(at / 6) * 17,
                ..stage(Level::Rate(f64::from(200 * at)), 5.0, &steps)
            }
        })
        .collect();
    let limit = |limit, level| Some(Limit { limit, level, blocks: true });
    let mut values = vec![
        Value { direction: Direction::HigherIsBetter, ..value("all requests", BREAKING_POINT, Unit::PerSecond, 800.0) },
        value("buy", "latency-p99", Unit::Seconds, 0.31),
        value("browse", "latency-p99", Unit::Seconds, 0.004),
    ];
    values[1].limit = limit(0.12, BudgetLevel::Critical);
    values[2].limit = limit(0.12, BudgetLevel::Within);
    LoadResult {
        name: "checkout".to_owned(),
        conditions: [("profile", "stress from 200/s to 1200/s, 5 s a step"), ("connections", "64")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        stages,
        window_s: 1.0,
        windows: (1..=30_u32)
            .map(|at| {
                let slow = if at > 20 { 40.0 } else { 1.0 };
                Window {
                    response: (&times(4e-3 * slow, 40 * at)).into(),
                    ended: u64::from(40 * at),
                    failed: if at > 20 { u64::from(at) } else { 0 },
                }
            })
            .collect(),
        places: [1, 2]
            .map(|at| Place {
                name: format!("http://127.0.0.1:808{at}"),
                response: times(4e-3, 900),
                ended: 900,
                failed: 4 * at,
            })
            .to_vec(),
        usage: (0..30_u32)
            .map(|at| Point {
                at_s: at.into(),
                memory_bytes: 40_000_000 + u64::from(at) * 200_000,
                descriptors: 20 + u64::from(at),
                threads: 8,
            })
            .collect(),
        values,
        reconnects: 3,
        ..by_hand()
    }
}

/// The generator overslept.
pub(super) fn late() -> LoadResult {
    let mut result = by_hand();
    result.stages[0].late = 62;
    result
}

/// Every text is hostile.
pub(super) fn hostile() -> LoadResult {
    let evil = "<script>alert(1)</script>\u{1b}[31m\n::error::x \u{202e}</title>{{name}} \"'&";
    let mut result = stress();
    result.name = evil.to_owned();
    result.conditions.push((evil.to_owned(), evil.to_owned()));
    result.ended = Ended::Broken(evil.to_owned());
    result.places.iter_mut().for_each(|place| place.name = evil.to_owned());
    result.values.push(value(evil, evil, Unit::Other(Name::new(evil).unwrap()), 3.0));
    for stage in &mut result.stages {
        let step = stage.steps.remove(&Name::new("buy").unwrap()).unwrap();
        stage.steps.insert(Name::new(evil).unwrap(), step);
    }
    result
        .values
        .iter_mut()
        .filter(|value| value.metric == BREAKING_POINT)
        .for_each(|value| value.benchmark = evil.to_owned());
    result
}
