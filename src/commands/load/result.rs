//! From what a drive recorded to what is shown of it, with the budgets of the config. Refuses to drive and to draw.

use crate::config::scenario::{Arrivals, Level, Load, Profile, Protocol};
use crate::config::{Policy, Severity};
use crate::measure::bench::Reading;
use crate::measure::load::readings::readings;
use crate::measure::load::record::{StepRecord, Stretch, Usage, UsagePoint};
use crate::model::load::LATE_SHARE_MAX;
use crate::model::{BudgetLevel, Name, Unit};
use crate::report::load::{Ended, Limit, LoadResult, Place, Point, Stage, Step, Value, Window, level};
use crate::report::number::{percent, quantity};

use super::driven::Driven;

/// Everything that a result is made of.
pub(super) struct Parts<'a> {
    pub(super) title: &'a str,
    pub(super) suite: &'a Name,
    pub(super) load: &'a Load,
    pub(super) policy: &'a Policy,
    pub(super) started_at_s: i64,
    pub(super) driven: Driven,
}

/// The result. Budgets are checked where the numbers are those of the whole drive and say something about the service.
pub(super) fn result(parts: Parts<'_>) -> LoadResult {
    let Parts { title, suite, load, policy, started_at_s, driven: Driven { recorded, usage, ended } } = parts;
    let readings = readings(suite, load, &recorded, usage.as_ref());
    let mut result = LoadResult {
        name: title.to_owned(),
        conditions: conditions(load),
        started_at_s,
        stages: recorded.stretches.into_iter().map(stage).collect(),
        windows: recorded
            .windows
            .into_iter()
            .map(|window| Window { response: window.response, ended: window.ended, failed: window.failed })
            .collect(),
        window_s: recorded.window.as_secs_f64(),
        places: recorded
            .targets
            .into_iter()
            .map(|target| Place {
                name: target.name,
                response: target.response,
                ended: target.ended,
                failed: target.failed,
            })
            .collect(),
        usage: usage.map(points).unwrap_or_default(),
        values: readings.iter().map(|reading| value(reading, None)).collect(),
        connections_opened: recorded.connections_opened,
        reconnects: recorded.reconnects,
        generator_cpu_ratio: recorded.generator_cpu,
        ended,
    };
    let holds = result.ended == Ended::Complete && result.late_ratio() <= LATE_SHARE_MAX;
    if holds {
        result.values = readings.iter().map(|reading| value(reading, Some(policy))).collect();
    }
    result
}

fn stage(stretch: Stretch) -> Stage {
    let Stretch { level, seconds, intended, dropped, late, in_flight_max, open_at_end, steps } = stretch;
    let steps = steps.into_iter().map(|(name, record)| (name, step(record))).collect();
    Stage { level, seconds, intended, dropped, late, in_flight_max, open_at_end, steps }
}

fn step(record: StepRecord) -> Step {
    let StepRecord { response, service, lag, ended, errors, statuses, bytes_in, bytes_out } = record;
    let errors = errors.into_iter().map(|(kind, count)| (kind.as_str().to_owned(), count)).collect();
    Step { response, service, lag, ended, errors, statuses, bytes_in, bytes_out }
}

fn points(usage: Usage) -> Vec<Point> {
    let point = |point: UsagePoint| Point {
        at_s: point.seconds,
        memory_bytes: point.anonymous_bytes,
        descriptors: point.descriptors,
        threads: point.threads,
    };
    usage.points.into_iter().map(point).collect()
}

/// A metric with what its budget says of it.
fn value(reading: &Reading, policy: Option<&Policy>) -> Value {
    let Reading { metric, sample } = reading;
    let value = sample.statistic(metric.statistic());
    let resolved = policy.map(|policy| policy.resolve(metric));
    let limit = resolved.as_ref().and_then(|resolved| {
        let budget = resolved.budget?.budget;
        let level = budget.level(value, resolved.direction);
        let missed = budget.limits().find(|(of, _)| *of == level);
        let (_, limit) = missed.or_else(|| budget.limits().next())?;
        Some(Limit {
            limit,
            level,
            blocks: level == BudgetLevel::Critical && resolved.budget_severity == Severity::Blocking,
        })
    });
    Value {
        benchmark: metric.id.benchmark.benchmark.to_string(),
        metric: metric.id.metric.to_string(),
        unit: metric.unit.clone(),
        direction: resolved.map_or(metric.direction, |resolved| resolved.direction),
        value,
        limit,
    }
}

/// What was sent and how: what must be the same for two results to be compared.
pub(super) fn conditions(load: &Load) -> Vec<(String, String)> {
    let time = |time: std::time::Duration| quantity(time.as_secs_f64(), &Unit::Seconds);
    let mut conditions = vec![("load", profile(&load.profile)), ("requests", requests(load))];
    if matches!(first(&load.profile), Some(Level::Rate(_))) {
        let arrivals = match load.arrivals {
            Arrivals::Uniform => "at equal distances",
            Arrivals::Poisson => "as independent users come",
        };
        conditions.push(("arrivals", arrivals.to_owned()));
    }
    let protocol = match load.connections.protocol {
        Protocol::Http1 => "HTTP/1.1",
        Protocol::Http1Close => "HTTP/1.1, a connection for each request",
        Protocol::Http2 => "HTTP/2",
    };
    conditions.push(("connections", load.connections.count.to_string()));
    conditions.push(("protocol", protocol.to_owned()));
    if load.connections.streams > 1 {
        conditions.push(("streams", load.connections.streams.to_string()));
    }
    conditions.push(("warm-up", if load.warm_up.is_zero() { "none".to_owned() } else { time(load.warm_up) }));
    conditions.push(("timeout", time(load.timeout)));
    conditions.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// What is sent: method and path of each step.
pub(super) fn requests(load: &Load) -> String {
    let steps = load.flows.iter().flat_map(|flow| flow.steps.iter().map(move |step| (flow, step)));
    let requests = steps.map(|(flow, step)| {
        let weight = if load.flows.len() > 1 { format!(" (weight {})", flow.weight) } else { String::new() };
        format!("{} {}{weight}", step.method, step.path)
    });
    requests.collect::<Vec<_>>().join(", ")
}

/// The level at the start.
fn first(profile: &Profile) -> Option<Level> {
    match profile {
        Profile::Load { level, .. } | Profile::Soak { level, .. } => Some(*level),
        Profile::Stress { from, .. } => Some(*from),
        Profile::Spike { base, .. } => Some(*base),
        Profile::Custom(stages) => stages.first().map(|stage| stage.from),
    }
}

/// The profile in words.
pub(super) fn profile(profile: &Profile) -> String {
    let time = |time: std::time::Duration| quantity(time.as_secs_f64(), &Unit::Seconds);
    let like = |of: &Level, value: f64| match of {
        Level::Rate(_) => level(Level::Rate(value)),
        Level::Users(_) => level(Level::Users(value)),
    };
    match profile {
        Profile::Load { level: at, ramp, duration } if ramp.is_zero() => {
            format!("{} for {}", level(*at), time(*duration))
        }
        Profile::Load { level: at, ramp, duration } => {
            format!("{} for {} after a ramp of {}", level(*at), time(*duration), time(*ramp))
        }
        Profile::Stress { from, to, step, limits } => format!(
            "stress from {} to {} in steps of {}, until p99 is above {} or errors above {}",
            level(*from),
            like(from, *to),
            time(*step),
            time(limits.p99),
            percent(limits.errors)
        ),
        Profile::Spike { base, peak, durations: [before, top, after] } => format!(
            "spike from {} for {} to {} for {} and back for {}",
            level(*base),
            time(*before),
            like(base, *peak),
            time(*top),
            time(*after)
        ),
        Profile::Soak { level: at, duration } => format!("soak at {} for {}", level(*at), time(*duration)),
        Profile::Custom(stages) => {
            let stages: Vec<String> = stages
                .iter()
                .map(|stage| {
                    format!("{} to {} in {}", level(stage.from), like(&stage.from, stage.to), time(stage.duration))
                })
                .collect();
            stages.join(", then ")
        }
    }
}
