//! From wire types of schema 1 to a result: what no drive can have given is refused.

use crate::config::scenario::Level;
use crate::model::sample::{Histogram, Packed, Parts};
use crate::model::{BudgetLevel, Direction, Name, Unit};

use super::super::result::{Ended, Limit, LoadResult, Place, Point, Stage, Step, Value, Window};
use super::{WireError, v1};

/// The most requests of one result: sums of such, and of their bytes, stay far from any limit.
const COUNT_MAX: u64 = 1 << 44;
/// The most items of one list; a drive gives at most some thousand.
const ITEMS_MAX: usize = 100_000;

/// The result, if one can have given this.
pub(super) fn result(load: v1::Load) -> Result<LoadResult, WireError> {
    let ended = match (load.failure, load.interrupted) {
        (Some(why), _) => Ended::Broken(why),
        (None, true) => Ended::Interrupted,
        (None, false) => Ended::Complete,
    };
    let lists = [load.stages.len(), load.windows.len(), load.targets.len(), load.usage.len(), load.metrics.len()];
    if lists.iter().any(|items| *items > ITEMS_MAX) {
        return Err(invalid("a list is longer than any drive gives"));
    }
    let window_s = positive(load.window_s, "window_s")?;
    let result = LoadResult {
        name: load.name,
        conditions: load.conditions.into_iter().map(|one| (one.name, one.value)).collect(),
        started_at_s: load.started_at,
        ended,
        stages: load.stages.into_iter().map(stage).collect::<Result<_, _>>()?,
        windows: load.windows.into_list().into_iter().map(window).collect::<Result<_, _>>()?,
        window_s,
        places: load.targets.into_iter().map(place).collect::<Result<_, _>>()?,
        usage: load.usage.into_iter().map(point).collect::<Result<_, _>>()?,
        values: load.metrics.into_iter().map(value).collect::<Result<_, _>>()?,
        connections_opened: load.connections_opened,
        reconnects: load.reconnects,
        generator_cpu_ratio: finite(load.generator_cpu_ratio, "generator_cpu_ratio")?,
    };
    let all = result.stages.iter().flat_map(|stage| stage.steps.values());
    let counts = all.flat_map(|step| [step.ended, step.bytes_in, step.bytes_out, step.response.count()]);
    match counts.fold(0_u64, u64::saturating_add) {
        0..=COUNT_MAX => Ok(result),
        _ => Err(invalid("more requests and bytes than any drive gives")),
    }
}

fn invalid(what: &str) -> WireError {
    WireError::Invalid { what: what.to_owned() }
}

fn finite(value: f64, what: &str) -> Result<f64, WireError> {
    if value.is_finite() { Ok(value) } else { Err(invalid(&format!("`{what}` is not finite"))) }
}

fn positive(value: f64, what: &str) -> Result<f64, WireError> {
    if value.is_finite() && value > 0.0 { Ok(value) } else { Err(invalid(&format!("`{what}` is not above 0"))) }
}

fn bounded(count: u64) -> Result<u64, WireError> {
    if count <= COUNT_MAX { Ok(count) } else { Err(invalid("a count is larger than any drive gives")) }
}

fn name(text: String) -> Result<Name, WireError> {
    Name::new(text).map_err(|error| invalid(&error.to_string()))
}

fn stage(stage: v1::Stage) -> Result<Stage, WireError> {
    let level = finite(stage.level, "level")?;
    Ok(Stage {
        level: match stage.level_unit {
            v1::LevelUnit::PerSecond => Level::Rate(level),
            v1::LevelUnit::Users => Level::Users(level),
        },
        seconds: positive(stage.seconds, "seconds")?,
        intended: bounded(stage.intended)?,
        dropped: bounded(stage.dropped)?,
        late: bounded(stage.late)?,
        in_flight_max: stage.in_flight_max,
        open_at_end: stage.open_at_end,
        steps: stage
            .steps
            .into_iter()
            .map(|(key, of)| Ok((name(key)?, step(of)?)))
            .collect::<Result<_, WireError>>()?,
    })
}

fn step(step: v1::Step) -> Result<Step, WireError> {
    let counts = step.errors.values().chain(step.statuses.values());
    let all = counts.fold(step.ended, |all, count| all.saturating_add(*count));
    bounded(all)?;
    if step.errors.values().sum::<u64>() > step.ended {
        return Err(invalid("more requests failed than ended"));
    }
    Ok(Step {
        response: histogram(step.response)?,
        service: histogram(step.service)?,
        lag: histogram(step.lag)?,
        ended: step.ended,
        errors: step.errors,
        statuses: step.statuses,
        bytes_in: bounded(step.bytes_in)?,
        bytes_out: bounded(step.bytes_out)?,
    })
}

fn histogram(of: v1::Distribution) -> Result<Histogram, WireError> {
    if of.buckets.is_empty() {
        return Ok(Histogram::default());
    }
    for (_, count) in &of.buckets {
        bounded(*count)?;
    }
    let parts = Parts { buckets: of.buckets, sum: of.sum, min: of.min, max: of.max };
    Histogram::from_parts(parts).ok_or_else(|| invalid("a distribution that no values have"))
}

fn window(window: v1::Window) -> Result<Window, WireError> {
    let Place { response, ended, failed, .. } = place(window)?;
    Ok(Window { response: Packed::from(&response), ended, failed })
}

fn place(target: v1::Window) -> Result<Place, WireError> {
    let (ended, failed) = (bounded(target.ended)?, bounded(target.failed)?);
    Ok(Place { name: target.name.unwrap_or_default(), response: histogram(target.response)?, ended, failed })
}

fn point(point: v1::Point) -> Result<Point, WireError> {
    let v1::Point { at_s, memory_bytes, descriptors, threads } = point;
    Ok(Point { at_s: finite(at_s, "at_s")?, memory_bytes, descriptors, threads })
}

fn value(metric: v1::Metric) -> Result<Value, WireError> {
    let unit = match Unit::parse(&metric.unit) {
        Some((unit, _)) => unit,
        None => Unit::Other(name(metric.unit)?),
    };
    Ok(Value {
        benchmark: metric.benchmark,
        metric: metric.name,
        unit,
        direction: match metric.better {
            v1::Better::Lower => Direction::LowerIsBetter,
            v1::Better::Higher => Direction::HigherIsBetter,
        },
        value: finite(metric.value, "value")?,
        limit: metric.budget.map(|budget| Limit {
            limit: budget.limit,
            level: match budget.missed {
                v1::Missed::None => BudgetLevel::Within,
                v1::Missed::Target => BudgetLevel::Target,
                v1::Missed::Warning => BudgetLevel::Warning,
                v1::Missed::Critical => BudgetLevel::Critical,
            },
            blocks: budget.blocks,
        }),
    })
}
