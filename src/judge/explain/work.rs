//! Rules about work and waiting: whether a slower thing did more, or the same more slowly.

use crate::config::policy::{INSTRUCTIONS, counts_instructions};
use crate::model::{Change, Determinism, Kind, Row, Verdict, Words, load, probe};

use super::case::{Case, Moved, is_worse, rose};
use super::found::Found;

/// From this part of the time's change on, that of the work explains it.
const EXPLAINS: f64 = 0.5;
/// CPU time of a request that rose by less than this may be noise of the machine.
const CPU_RATIO: f64 = 0.10;
/// What an idle moment takes is no work: below so many seconds of CPU a request, noise is as large as it.
const CPU_MIN_S: f64 = 20e-6;
/// Waits a request that rose by this much are new waits.
const WAITS_RATIO: f64 = 0.25;

/// More is done for each request, or in each iteration.
pub(super) fn more<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let found = counted(case).or_else(|| by_cpu(case))?;
    Some(
        found
            .because(Words::new("the program does more"))
            .advise("compare profiles of base and head: a flame graph of the difference says where"),
    )
}

/// By the exact count of instructions of a benchmark.
fn counted<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (time, instructions) = case.all().filter(|row| is_time(row) && is_worse(row)).find_map(|time| {
        let id = &time.metric.id;
        let count =
            case.all().find(|row| row.metric.id.benchmark == id.benchmark && counts_instructions(&row.metric))?;
        let more = ratio(count)? >= (EXPLAINS * ratio(time)?).max(INSTRUCTIONS.tolerance_ratio);
        Some((time, rose(count, 0.0).filter(|_| more)?))
    })?;
    let what = Words::default().name(time.metric.id.benchmark.to_string()).say(" is slower because it does more work");
    let seen = Words::new("+").ratio(ratio(time)?).say(" time, +").ratio(ratio(instructions.row)?);
    Some(Found::sure(time, what).seen(seen.say(" instructions: more work")))
}

/// By the CPU time of the service for each request.
fn by_cpu<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let cpu = case.rose(probe::CPU_PER_REQUEST, CPU_RATIO).filter(|moved| moved.head - moved.base >= CPU_MIN_S)?;
    if case.works_more() == Some(false) {
        return None;
    }
    let unit = &cpu.row.metric.unit;
    let what = Words::new("a request takes ")
        .number(cpu.head, unit)
        .say(" of CPU, ")
        .number(cpu.base, unit)
        .say(" in base: more work");
    let beside = [probe::RUN_QUEUE, probe::EVENT_LOOP_LAG, load::SERVICE_CPU].map(|metric| case.rose(metric, 0.0));
    Some(Found::sure(cpu.row, what).moved([Some(cpu)]).moved(beside))
}

/// A time that layout may explain and that the policy blocks all the same.
pub(super) fn layout<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let suspect = |row: &&Row| row.outcome.fails() && matches!(row.verdict, Verdict::LayoutSuspect(_));
    let row = case.all().find(suspect)?;
    let Verdict::LayoutSuspect(layout) = &row.verdict else { return None };
    let what = Words::default().name(row.metric.id.benchmark.to_string()).say(" is slower with the same instructions");
    let seen = Words::new("instructions changed by ")
        .ratio(layout.instructions_ratio)
        .say("; layout alone moves small benchmarks by up to ");
    let found = Found::possible(row, what).seen(seen.ratio(layout.noise_ratio));
    Some(
        found
            .because(Words::new("the code lies elsewhere in memory"))
            .advise("measure a build with another order of functions, or gate the instructions"),
    )
}

/// Time is lost and no work is done in it.
pub(super) fn waiting<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    if let Some(found) = same_instructions(case) {
        return Some(found);
    }
    let slower = case.slower()?;
    if case.works_more() != Some(false) {
        return None;
    }
    let waits = case.rose(probe::WAITS, WAITS_RATIO);
    let cpu = case.row(probe::CPU_PER_REQUEST).and_then(both);
    let what = Words::new("requests wait: they take longer, and hardly more CPU time");
    let found = Found::possible(slower, what).moved([cpu, waits]);
    Some(
        found
            .because(Words::new("a lock, a sleep, another service, a disk or a queue"))
            .advise("trace one slow request, and look for where it stands still"),
    )
}

/// A benchmark that is slower with the same instructions, beyond what layout explains.
fn same_instructions<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (time, count) =
        case.all().filter(|row| is_time(row) && row.verdict == Verdict::Regressed).find_map(|time| {
            let same =
                |row: &&Row| row.metric.id.benchmark == time.metric.id.benchmark && counts_instructions(&row.metric);
            Some((
                time,
                case.all()
                    .find(same)
                    .filter(|count| ratio(count).is_some_and(|ratio| ratio.abs() < INSTRUCTIONS.tolerance_ratio))?,
            ))
        })?;
    let what = Words::default().name(time.metric.id.benchmark.to_string()).say(" is slower with the same instructions");
    let found = Found::possible(time, what).seen(changes(time, both(count)?));
    Some(
        found
            .because(Words::new("it waits: for memory, a lock, a disk or a sleep"))
            .advise("compare cache misses and waits of base and head"),
    )
}

/// Both values of a row, whichever way it went.
fn both(row: &Row) -> Option<Moved<'_>> {
    Some(Moved { row, base: row.base.as_ref()?.value, head: row.head.as_ref()?.value })
}

fn changes(time: &Row, count: Moved<'_>) -> Words {
    let time = Words::new("time changed by ").ratio(ratio(time).unwrap_or(f64::NAN));
    time.say(", instructions by ").ratio(ratio(count.row).unwrap_or(f64::NAN))
}

fn is_time(row: &Row) -> bool {
    row.metric.kind == Kind::Time && row.metric.determinism == Determinism::Noisy
}

/// The estimated change as a fraction.
fn ratio(row: &Row) -> Option<f64> {
    match row.effect.as_ref()?.change {
        Change::Relative(ratio) => Some(ratio),
        Change::Absolute(_) => None,
    }
}
