//! The options of the script: when how much load is made, and what k6 itself may stop or fail for.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::config::Policy;
use crate::config::scenario::{Level, Load, Profile, Protocol};
use crate::model::load::{ALL_REQUESTS, ERRORS, K6_WARM_UP, LATENCY};
use crate::model::sample::Summary;
use crate::model::{BenchmarkId, Determinism, Direction, Kind, Metric, MetricId, Name, Role, Unit};

/// The scenario of the script whose requests count.
const COUNTED: &str = "load";
/// What its thresholds are limited to.
const OF_COUNTED: &str = "{scenario:load}";

/// How load goes from one level to the other.
struct Stage {
    from: f64,
    to: f64,
    duration: Duration,
}

/// The options.
pub(super) fn options(name: &Name, load: &Load, policy: &Policy, notes: &mut Vec<String>) -> Value {
    let (before, counted) = stages(load, notes);
    let mut scenarios = Map::new();
    let starts = before.iter().map(|stage| stage.duration).sum::<Duration>();
    if !before.is_empty() {
        scenarios.insert(K6_WARM_UP.to_owned(), executor(load, &before, Duration::ZERO));
    }
    scenarios.insert(COUNTED.to_owned(), executor(load, &counted, starts));
    let mut options = json!({
        "scenarios": scenarios,
        "thresholds": thresholds(name, load, policy, notes),
        "summaryTrendStats": ["avg", "min", "med", "max", "p(75)", "p(90)", "p(95)", "p(99)", "p(99.9)"],
        "systemTags": ["status", "method", "name", "check", "error_code", "scenario", "expected_response"],
    });
    if load.connections.protocol == Protocol::Http1Close
        && let Some(options) = options.as_object_mut()
    {
        options.insert("noConnectionReuse".to_owned(), true.into());
    }
    options
}

/// What does not count, and what does.
fn stages(load: &Load, notes: &mut Vec<String>) -> (Vec<Stage>, Vec<Stage>) {
    let held = |level: f64, duration: Duration| Stage { from: level, to: level, duration };
    let (ramp, counted) = match &load.profile {
        Profile::Load { level, ramp, duration } => {
            let value = value(*level);
            (Some(Stage { from: 0.0, to: value, duration: *ramp }), vec![held(value, *duration)])
        }
        Profile::Soak { level, duration } => (None, vec![held(value(*level), *duration)]),
        Profile::Spike { base, peak, durations: [before, top, after] } => {
            let base = value(*base);
            (None, vec![held(base, *before), held(*peak, *top), held(base, *after)])
        }
        Profile::Custom(stages) => {
            let stages = stages.iter().map(|one| Stage { from: value(one.from), to: one.to, duration: one.duration });
            (None, stages.collect())
        }
        Profile::Stress { from, to, step, .. } => {
            notes.push("k6 cannot search: the steps double until the limit breaks, and the breaking point lies between the last two".to_owned());
            let doubled = std::iter::successors(Some(value(*from)), |level| Some(level * 2.0));
            let below: Vec<f64> = doubled.take(STEPS_MAX).take_while(|level| *level > 0.0 && level < to).collect();
            (None, below.into_iter().chain([*to]).map(|level| held(level, *step)).collect())
        }
    };
    let warm_up = counted.first().map(|first| held(first.from, load.warm_up));
    let before = ramp.into_iter().chain(warm_up).filter(|stage| !stage.duration.is_zero()).collect();
    (before, counted)
}

/// The most steps of a stress test.
const STEPS_MAX: usize = 40;

fn value(level: Level) -> f64 {
    match level {
        Level::Rate(value) | Level::Users(value) => value,
    }
}

fn is_rate(load: &Load) -> bool {
    let level = match &load.profile {
        Profile::Load { level, .. } | Profile::Soak { level, .. } => Some(*level),
        Profile::Stress { from, .. } => Some(*from),
        Profile::Spike { base, .. } => Some(*base),
        Profile::Custom(stages) => stages.first().map(|stage| stage.from),
    };
    matches!(level, Some(Level::Rate(_)))
}

/// One scenario of k6: constant where the level never changes, else with stages; a jump is a stage without a duration.
fn executor(load: &Load, stages: &[Stage], starts: Duration) -> Value {
    let constant =
        stages.windows(2).all(|pair| close(pair[0].to, pair[1].from)) && stages.iter().all(|s| close(s.from, s.to));
    let first = stages.first().map_or(0.0, |stage| stage.from);
    let total: Duration = stages.iter().map(|stage| stage.duration).sum();
    let mut here = first;
    let mut turns = Vec::new();
    // Only whole numbers are levels of k6; of rates it can be told how many seconds they are for.
    let per = if is_rate(load) && !stages.iter().all(|s| whole(s.from) && whole(s.to)) { 1_000.0 } else { 1.0 };
    let level = |value: f64| json!((value * per).round());
    for stage in stages {
        if !close(here, stage.from) {
            turns.push(json!({"target": level(stage.from), "duration": "0s"}));
        }
        turns.push(json!({"target": level(stage.to), "duration": time(stage.duration)}));
        here = stage.to;
    }
    let connections = load.connections.count * load.connections.streams;
    let mut executor = match (is_rate(load), constant) {
        (true, true) => json!({"executor": "constant-arrival-rate", "rate": level(first), "duration": time(total)}),
        (true, false) => json!({"executor": "ramping-arrival-rate", "startRate": level(first), "stages": turns}),
        (false, true) => json!({"executor": "constant-vus", "vus": level(first), "duration": time(total)}),
        (false, false) => json!({"executor": "ramping-vus", "startVUs": level(first), "stages": turns}),
    };
    if let Some(executor) = executor.as_object_mut() {
        executor.insert("startTime".to_owned(), time(starts).into());
        executor.insert("gracefulStop".to_owned(), time(load.timeout).into());
        if is_rate(load) {
            executor.insert("timeUnit".to_owned(), format!("{per}s").into());
            // A user of k6 has a connection of its own, so these are what Tollgate opens before the clock starts.
            executor.insert("preAllocatedVUs".to_owned(), connections.into());
            executor.insert("maxVUs".to_owned(), connections.into());
        }
    }
    integers(executor)
}

/// Whole numbers without a fraction, as k6 wants them.
fn integers(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| whole(*float) && *float < 1e15);
            #[expect(clippy::cast_possible_truncation, reason = "whole and small enough")]
            float.map_or(Value::Number(number), |float| Value::from(float as i64))
        }
        Value::Array(values) => values.into_iter().map(integers).collect(),
        Value::Object(entries) => entries.into_iter().map(|(key, value)| (key, integers(value))).collect(),
        other => other,
    }
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

fn whole(value: f64) -> bool {
    close(value, value.round())
}

fn time(duration: Duration) -> String {
    format!("{}ms", duration.as_millis())
}

/// Limits of a stress test end k6; budgets fail it. They are those of all requests, and of each request that k6 can name in a threshold.
fn thresholds(name: &Name, load: &Load, policy: &Policy, notes: &mut Vec<String>) -> Value {
    let mut thresholds: Map<String, Value> = Map::new();
    let mut add = |metric: String, rule: Value| {
        if let Some(rules) = thresholds.entry(metric).or_insert_with(|| json!([])).as_array_mut() {
            rules.push(rule);
        }
    };
    if let Profile::Stress { limits, step, .. } = &load.profile {
        let rule = |text: String| json!({"threshold": text, "abortOnFail": true, "delayAbortEval": time(*step)});
        add(format!("http_req_duration{OF_COUNTED}"), rule(format!("p(99)<{}", limits.p99.as_secs_f64() * 1e3)));
        add(format!("http_req_failed{OF_COUNTED}"), rule(format!("rate<={}", limits.errors)));
    }
    let steps: Vec<&Name> = load.flows.iter().flat_map(|flow| &flow.steps).map(|step| &step.name).collect();
    let all = Name::new(ALL_REQUESTS).expect("a word is a name");
    let whole = if steps.len() == 1 { steps.clone() } else { vec![&all] };
    let named =
        steps.iter().filter(|_| steps.len() > 1).map(|step| (*step, plain(step).then(|| format!("{{name:{step}}}"))));
    for (benchmark, tags) in whole.into_iter().map(|all| (all, Some(OF_COUNTED.to_owned()))).chain(named) {
        for (metric, of, rule) in limits(name, benchmark, policy) {
            match &tags {
                Some(tags) => add(format!("{of}{tags}"), rule.into()),
                None => notes.push(format!(
                    "k6 has no threshold for a request called `{benchmark}`: the budget of its `{metric}` is left out"
                )),
            }
        }
    }
    Value::Object(thresholds)
}

/// Whether a name can stand in a threshold.
fn plain(name: &Name) -> bool {
    name.as_str().chars().all(|c| c.is_ascii_alphanumeric() || " -_./".contains(c))
}

/// The budgets of one benchmark: our metric, k6's, and the rule.
fn limits(suite: &Name, benchmark: &Name, policy: &Policy) -> Vec<(String, &'static str, String)> {
    let id = |metric: &str| {
        let benchmark = BenchmarkId { suite: suite.clone(), benchmark: benchmark.clone() };
        Name::new(metric).ok().map(|metric| MetricId { benchmark, metric })
    };
    let critical = |metric: &str, unit: Unit, kind: Kind| {
        let direction = Direction::LowerIsBetter;
        let metric = Metric {
            id: id(metric)?,
            unit,
            direction,
            kind,
            determinism: Determinism::Noisy,
            role: Role::Gated,
            work: None,
        };
        policy.resolve(&metric).budget?.budget.critical
    };
    let mut found = Vec::new();
    for summary in Summary::ALL {
        let metric = format!("{LATENCY}-{}", summary.as_str());
        let statistic = match (summary, summary.probability()) {
            (Summary::Max, _) => "max".to_owned(),
            (_, Some(probability)) => format!("p({})", number(probability * 100.0)),
            (_, None) => "avg".to_owned(),
        };
        if let Some(limit) = critical(&metric, Unit::Seconds, Kind::Time) {
            found.push((metric, "http_req_duration", format!("{statistic}<={}", number(limit * 1e3))));
        }
    }
    if let Some(limit) = critical(ERRORS, Unit::Ratio, Kind::Ratio) {
        found.push((ERRORS.to_owned(), "http_req_failed", format!("rate<={limit}")));
    }
    found
}

/// A number without the dust of its conversion.
fn number(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
