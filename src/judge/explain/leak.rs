//! Rules about what is taken and not given back.

use crate::model::{Row, Words, load, probe};

use super::case::{Case, is_worse, rose};
use super::found::Found;

/// Fewer threads or connections than this beyond base's after the rest are those of a pool that grew.
const LEFT_MIN: f64 = 5.0;

/// The service keeps descriptors.
pub(super) fn descriptors<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let failing = |metric| case.row(metric).filter(|row| row.outcome.fails() || is_worse(row));
    let growth = failing(load::DESCRIPTOR_GROWTH);
    let left =
        failing(probe::DESCRIPTORS_LEFT).filter(|row| row.head.as_ref().is_some_and(|head| head.value >= LEFT_MIN));
    let row = growth.or(left)?;
    let what = match growth.and_then(value) {
        Some(growth) => Words::new("each request leaves ").count(growth).say(" descriptors open"),
        None => Words::count(Words::default(), value(row)?).say(" descriptors stay open after the load"),
    };
    Some(
        Found::sure(row, what)
            .moved([growth.and_then(|row| rose(row, 0.0)), left.and_then(|row| rose(row, 0.0)), case.rose(probe::DESCRIPTORS_PEAK, 0.0)])
            .because(Words::new("a file, a socket or a pipe is opened for a request and not closed on every way out of it"))
            .advise("close it where it was opened, also where an error leaves early; `ls -l /proc/PID/fd` says what they are"),
    )
}

/// The service keeps memory.
pub(super) fn memory<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let row = case.row(load::MEMORY_GROWTH).filter(|row| row.outcome.fails() || is_worse(row))?;
    let head = value(row)?;
    let what = Words::new("memory grows by ").number(head, &crate::model::Unit::Bytes).say(" a request");
    let what = match row.base.as_ref() {
        Some(base) if base.value > 0.0 => what.say(", ").number(base.value, &crate::model::Unit::Bytes).say(" in base"),
        Some(_) => what.say(", and does not in base"),
        None => what,
    };
    let a_million = Words::new("a million requests take ").number(head * 1e6, &crate::model::Unit::Bytes);
    Some(
        Found::sure(row, what)
            .seen(a_million)
            .moved([case.rose(probe::MEMORY_FLOOR, 0.0), case.rose(probe::MEMORY_PEAK, 0.0)])
            .because(Words::new(
                "something is kept for each request: an entry of a map or a cache without a bound, a listener, a timer",
            ))
            .advise("compare two heap profiles, one of them a few thousand requests later; bound what grows"),
    )
}

/// Threads or connections stay after the rest.
pub(super) fn left<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let all = [(probe::THREADS_LEFT, "threads"), (probe::CONNECTIONS_LEFT, "connections")];
    let (moved, noun) = all.into_iter().find_map(|(metric, noun)| {
        let row = case.row(metric).filter(|row| row.outcome.fails() || is_worse(row))?;
        Some((rose(row, 0.0).filter(|moved| moved.head - moved.base >= LEFT_MIN)?, noun))
    })?;
    let what = Words::default()
        .count(moved.head)
        .say(format!(" {noun} are not given back after the load, "))
        .count(moved.base)
        .say(" in base");
    let found = Found::sure(moved.row, what).moved([Some(moved), case.rose(probe::THREADS_PEAK, 0.0)]);
    Some(
        found
            .because(Words::new(format!(
                "{noun} are made for requests and do not end with them, nor after a while of rest"
            )))
            .advise(format!("end {noun} that nobody uses, or take them from a pool with a bound")),
    )
}

fn value(row: &Row) -> Option<f64> {
    Some(row.head.as_ref()?.value)
}
