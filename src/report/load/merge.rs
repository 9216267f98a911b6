//! The parts of one drive, each of a machine of its own, as one result: distributions and counts are added up without any loss. Refuses parts of
//! different loads, one that is there twice, and one that is missing.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::scenario::{Level, Shard};
use crate::model::load as named;
use crate::model::sample::{Histogram, Packed, Summary};
use crate::model::{BudgetLevel, Direction};

use super::result::{Ended, Limit, LoadResult, Place, Stage, Step, Value, Window, added};

/// What the condition is called that says which part a result is.
pub const SHARD: &str = "shard";

/// Why results are not the parts of one drive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One is not a part.
    #[error("merge `{file}` (it is no part of a run)")]
    NoPart {
        /// Its file.
        file: String,
    },
    /// Two are parts of different runs.
    #[error("merge `{file}` with `{first}` ({what} differs)")]
    Different {
        /// Its file.
        file: String,
        /// The first file.
        first: String,
        /// In what.
        what: String,
    },
    /// Two are the same part.
    #[error("merge `{file}` (part {part} is there already)")]
    Twice {
        /// Its file.
        file: String,
        /// Which part.
        part: String,
    },
    /// Parts are missing.
    #[error("merge {have} of {all} parts (missing: {missing})")]
    Missing {
        /// How many are there.
        have: usize,
        /// How many there are to be.
        all: u32,
        /// Which are not.
        missing: String,
    },
    /// There are more requests than a distribution counts.
    #[error("merge distributions (too many requests)")]
    TooMany,
}

/// A merged result, and which metrics it has no longer.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// All parts as one.
    pub result: LoadResult,
    /// The names of metrics that cannot be had from those of parts.
    pub left_out: BTreeSet<String>,
}

/// Merges all parts of one drive, each with the name of its file.
pub fn merge(parts: Vec<(String, LoadResult)>) -> Result<Merged, MergeError> {
    let parts = in_order(parts)?;
    let Some((first, others)) = parts.split_first() else {
        return Err(MergeError::Missing { have: 0, all: 1, missing: "1".to_owned() });
    };
    let mut result = first.clone();
    for other in others {
        add(&mut result, other).ok_or(MergeError::TooMany)?;
    }
    if let Some((name, value)) = result.conditions.iter_mut().find(|(name, _)| name == SHARD) {
        "shards".clone_into(name);
        *value = parts.len().to_string();
    }
    // Each machine saw the service alone, or its own.
    result.usage.clear();
    let mut left_out = BTreeSet::new();
    let values = std::mem::take(&mut result.values);
    for value in values {
        match again(&value, &result, &parts) {
            Some(merged) => result.values.push(merged),
            None => {
                left_out.insert(value.metric);
            }
        }
    }
    Ok(Merged { result, left_out })
}

/// The parts by their numbers; all are there, once, and of one run.
fn in_order(parts: Vec<(String, LoadResult)>) -> Result<Vec<LoadResult>, MergeError> {
    let mut known: Option<(String, LoadResult, u32)> = None;
    let mut numbered: BTreeMap<u32, LoadResult> = BTreeMap::new();
    for (file, result) in parts {
        let Some(shard) = shard(&result) else { return Err(MergeError::NoPart { file }) };
        if let Some((first, like, of)) = &known {
            let what =
                (*of != shard.of()).then(|| "the number of parts".to_owned()).or_else(|| difference(like, &result));
            if let Some(what) = what {
                return Err(MergeError::Different { file, first: first.clone(), what });
            }
        } else {
            known = Some((file.clone(), result.clone(), shard.of()));
        }
        if numbered.insert(shard.number(), result).is_some() {
            return Err(MergeError::Twice { file, part: shard.to_string() });
        }
    }
    let all = known.map_or(1, |(_, _, of)| of);
    let missing: Vec<String> =
        (1..=all).filter(|part| !numbered.contains_key(part)).map(|part| part.to_string()).collect();
    if missing.is_empty() {
        Ok(numbered.into_values().collect())
    } else {
        Err(MergeError::Missing { have: numbered.len(), all, missing: missing.join(", ") })
    }
}

/// Which part a result is.
fn shard(result: &LoadResult) -> Option<Shard> {
    result.conditions.iter().find(|(name, _)| name == SHARD)?.1.parse().ok()
}

/// In what two parts differ that should be of one run.
fn difference(one: &LoadResult, other: &LoadResult) -> Option<String> {
    if one.name != other.name {
        return Some("the scenario".to_owned());
    }
    let all = |result: &LoadResult| -> BTreeMap<String, String> {
        result.conditions.iter().filter(|(name, _)| name != SHARD).cloned().collect()
    };
    let (one_all, other_all) = (all(one), all(other));
    let names: BTreeSet<&String> = one_all.keys().chain(other_all.keys()).collect();
    if let Some(name) = names.into_iter().find(|name| one_all.get(*name) != other_all.get(*name)) {
        return Some(format!("the condition `{name}`"));
    }
    let stages = one.stages.len() != other.stages.len();
    let windows = (one.window_s - other.window_s).abs() > 1e-9;
    stages.then(|| "the number of stages".to_owned()).or_else(|| windows.then(|| "the length of windows".to_owned()))
}

/// Adds one part to what is there; `None` where numbers no longer fit.
fn add(all: &mut LoadResult, part: &LoadResult) -> Option<()> {
    all.started_at_s = all.started_at_s.min(part.started_at_s);
    all.ended = match (&all.ended, &part.ended) {
        (Ended::Broken(why), _) | (_, Ended::Broken(why)) => Ended::Broken(why.clone()),
        (Ended::Interrupted, _) | (_, Ended::Interrupted) => Ended::Interrupted,
        (Ended::Complete, Ended::Complete) => Ended::Complete,
    };
    all.connections_opened = all.connections_opened.checked_add(part.connections_opened)?;
    all.reconnects = all.reconnects.checked_add(part.reconnects)?;
    all.generator_cpu_ratio = all.generator_cpu_ratio.max(part.generator_cpu_ratio);
    for (stage, other) in all.stages.iter_mut().zip(&part.stages) {
        add_stage(stage, other)?;
    }
    for (index, window) in part.windows.iter().enumerate() {
        match all.windows.get_mut(index) {
            Some(known) => add_window(known, window)?,
            None => all.windows.push(window.clone()),
        }
    }
    for place in &part.places {
        match all.places.iter_mut().find(|known| known.name == place.name) {
            Some(known) => add_place(known, place)?,
            None => all.places.push(place.clone()),
        }
    }
    Some(())
}

fn add_stage(all: &mut Stage, part: &Stage) -> Option<()> {
    all.level = match (all.level, part.level) {
        (Level::Rate(one), Level::Rate(other)) => Level::Rate(one + other),
        (Level::Users(one), Level::Users(other)) => Level::Users(one + other),
        (level, _) => level,
    };
    all.seconds = all.seconds.max(part.seconds);
    for (sum, more) in [
        (&mut all.intended, part.intended),
        (&mut all.dropped, part.dropped),
        (&mut all.late, part.late),
        (&mut all.in_flight_max, part.in_flight_max),
        (&mut all.open_at_end, part.open_at_end),
    ] {
        *sum = sum.checked_add(more)?;
    }
    for (name, step) in &part.steps {
        let known = all.steps.entry(name.clone()).or_default();
        *known = added(known, step)?;
    }
    Some(())
}

fn add_window(all: &mut Window, part: &Window) -> Option<()> {
    let mut response = all.response.histogram();
    response.merge(&part.response.histogram()).ok()?;
    all.response = Packed::from(&response);
    all.ended = all.ended.checked_add(part.ended)?;
    all.failed = all.failed.checked_add(part.failed)?;
    Some(())
}

fn add_place(all: &mut Place, part: &Place) -> Option<()> {
    all.response.merge(&part.response).ok()?;
    all.ended = all.ended.checked_add(part.ended)?;
    all.failed = all.failed.checked_add(part.failed)?;
    Some(())
}

/// A metric of all parts; `None` where it cannot be had from what they hold.
fn again(of: &Value, all: &LoadResult, parts: &[LoadResult]) -> Option<Value> {
    // Stages are called after the level of their part, and targets are in lists of their own.
    let step = step(&of.benchmark, all)?;
    let values: Vec<&Value> = parts.iter().filter_map(|part| part.value(&of.benchmark, &of.metric)).collect();
    let sum = || values.iter().map(|value| value.value).sum::<f64>();
    let largest = || values.iter().map(|value| value.value).fold(0.0, f64::max);
    let value = match of.metric.as_str() {
        named::THROUGHPUT
        | named::INTENDED_RATE
        | named::USERS
        | named::BYTES_IN
        | named::BYTES_OUT
        | named::RECONNECTS => sum(),
        named::DURATION | named::GENERATOR_CPU => largest(),
        named::LATE_ARRIVALS => all.late_ratio(),
        errors if errors == named::ERRORS || errors.starts_with("errors-") => share(of, &values, parts)?,
        named::APDEX => share(of, &values, parts)?,
        other => quantile(other, &step)?,
    };
    Some(Value { value, limit: limit(of, value, &values), ..of.clone() })
}

/// The requests of a benchmark; `None` where it is no request and not all of them.
fn step(benchmark: &str, result: &LoadResult) -> Option<Step> {
    let steps = result.steps();
    if benchmark == named::ALL_REQUESTS {
        return Some(result.total());
    }
    steps.into_iter().find(|(name, _)| name.as_str() == benchmark).map(|(_, step)| step)
}

/// A share of requests: that of all parts, each by its number of requests. Those that were never sent are of all requests, or of the only one.
fn share(of: &Value, values: &[&Value], parts: &[LoadResult]) -> Option<f64> {
    if values.len() != parts.len() {
        return None;
    }
    let asked = |part: &LoadResult| {
        let step = step(&of.benchmark, part)?;
        let whole = of.benchmark == named::ALL_REQUESTS || part.steps().len() == 1;
        let dropped = if whole { part.arrivals().2 } else { 0 };
        Some(step.ended.saturating_add(dropped) as f64)
    };
    let weights: Vec<f64> = parts.iter().map(asked).collect::<Option<_>>()?;
    let total: f64 = weights.iter().sum();
    let sum: f64 = weights.iter().zip(values).map(|(weight, value)| weight * value.value).sum();
    (total > 0.0).then(|| sum / total)
}

/// A number of the merged distribution: `latency-p95` and so on.
fn quantile(metric: &str, step: &Step) -> Option<f64> {
    let named: [(&str, &Histogram); 3] =
        [(named::LATENCY, &step.response), (named::SERVICE_TIME, &step.service), (named::SEND_LAG, &step.lag)];
    named.into_iter().find_map(|(name, histogram)| {
        let summary = Summary::parse(metric.strip_prefix(name)?.strip_prefix('-')?)?;
        histogram.summary(summary)
    })
}

/// The budget again, by the merged value: the worst limit that any part knows of and that the value misses.
fn limit(of: &Value, value: f64, values: &[&Value]) -> Option<Limit> {
    let kept = of.limit?;
    let known = values.iter().filter_map(|value| value.limit);
    let missed = |limit: &Limit| match of.direction {
        Direction::LowerIsBetter => value > limit.limit,
        Direction::HigherIsBetter => value < limit.limit,
    };
    // Of one that is kept only the critical, or tightest, limit is known.
    let level = |limit: Limit| if limit.level == BudgetLevel::Within { BudgetLevel::Critical } else { limit.level };
    let worst =
        known.filter(missed).map(|limit| Limit { level: level(limit), ..limit }).max_by_key(|limit| limit.level);
    Some(worst.unwrap_or(Limit { level: BudgetLevel::Within, ..kept }))
}
