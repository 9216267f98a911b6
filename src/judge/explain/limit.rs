//! What a service ran out of at the breaking point of a stress test. Only where that point fell.

use crate::model::{Row, Words, load, probe};

use super::case::{Case, rose};
use super::found::Found;

/// From this share of what there is on, a resource is used up: the rest goes to the system and the generator.
const USED_UP_RATIO: f64 = 0.85;
/// A page that has to come from a disk in one of a hundred requests is memory that is short, too.
const MAJOR_FAULTS_MIN: f64 = 0.01;
/// Below this share of the processors something else than they is waited for.
const IDLE_RATIO: f64 = 0.6;
/// CPU time of a request that rose by less than this is as in base.
const MORE_WORK_RATIO: f64 = 0.10;

/// The processors are used up.
pub(super) fn cpu<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (row, what) = broken(case, "CPU")?;
    let used = used(case)?;
    let all = f64::from(case.cores);
    (all > 0.0 && used >= USED_UP_RATIO * all).then(|| {
        let seen = Words::new("the service and the generator used ")
            .count(used)
            .say(" of ")
            .count(all)
            .say(" cores at the breaking point");
        let found = Found::sure(row, what)
            .seen(seen)
            .moved([case.rose(probe::CPU_PER_REQUEST, 0.0), case.rose(probe::RUN_QUEUE, 0.0)]);
        found
            .because(Words::new("no core was free"))
            .advise("do less work for each request; a profile under load says where it goes")
    })
}

/// Memory is used up.
pub(super) fn memory<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (row, what) = broken(case, "memory")?;
    let faults = case.rose(probe::MAJOR_FAULTS, 0.0).filter(|moved| moved.head >= MAJOR_FAULTS_MIN)?;
    let found = Found::possible(row, what).moved([Some(faults), case.rose(probe::MEMORY_PEAK, 0.0)]);
    Some(
        found
            .because(Words::new("pages that the service uses are read back from a disk"))
            .advise("hold less at once, or give the service more memory"),
    )
}

/// Storage is what is waited for.
pub(super) fn storage<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (row, what) = broken(case, "storage")?;
    let (read, written) = (case.rose(probe::DISK_READ, 0.5), case.rose(probe::DISK_WRITTEN, 0.5));
    (is_idle(case) && (read.is_some() || written.is_some())).then(|| {
        let found = Found::possible(row, what).moved([read, written, case.rose(probe::WAITS, 0.0)]);
        found
            .because(Words::new("requests wait for a disk while cores are free"))
            .advise("read and write less for each request, or together")
    })
}

/// Something that only one can have at a time is what is waited for.
pub(super) fn lock<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (row, what) = broken(case, "a lock or a pool")?;
    is_idle(case).then(|| {
        let waits = [probe::WAITS, probe::LOCK_WAITS, probe::POOL_WAITING, probe::QUEUE_DEPTH];
        let moved = waits.map(|metric| case.rose(metric, 0.0));
        let used = used(case).map(|used| {
            Words::new("only ").count(used).say(" of ").count(f64::from(case.cores)).say(" cores were in use")
        });
        let found = Found::possible(row, what).moved(moved);
        let found = used.into_iter().fold(found, Found::seen);
        found
            .because(Words::new("requests wait for each other while cores are free"))
            .advise("hold locks for less time, and give pools more room")
    })
}

/// The breaking point where it fell, with the words for it.
fn broken<'a>(case: &Case<'a>, what: &str) -> Option<(&'a Row, Words)> {
    let row = case.row(load::BREAKING_POINT).filter(|row| row.outcome.fails())?;
    let said =
        Words::new(format!("the service runs out of {what} at ")).number(row.head.as_ref()?.value, &row.metric.unit);
    Some((
        row,
        match &row.base {
            Some(base) => said.say(", base at ").number(base.value, &row.metric.unit),
            None => said,
        },
    ))
}

/// The cores that the service and the generator used.
fn used(case: &Case<'_>) -> Option<f64> {
    Some(case.head(load::SERVICE_CPU)? + case.head(load::GENERATOR_CPU).unwrap_or(0.0))
}

/// Whether cores were free and requests do no more work than in base.
fn is_idle(case: &Case<'_>) -> bool {
    let free = used(case).is_some_and(|used| case.cores > 0 && used < IDLE_RATIO * f64::from(case.cores));
    free && case.row(probe::CPU_PER_REQUEST).is_none_or(|row| rose(row, MORE_WORK_RATIO).is_none())
}
