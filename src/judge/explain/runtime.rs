//! Rules about what holds a program up from within or below: garbage collection, its event loop, its cgroup, other programs.

use crate::model::{Words, probe};

use super::case::{Case, rose};
use super::found::Found;

/// A program that stops for so much of its time is felt at its 95th percentile.
const PAUSE_MIN: f64 = 0.02;
/// A loop that is so late is late for every request.
const LAG_MIN_S: f64 = 0.010;
/// What grew by half is not noise of the machine.
const RATIO: f64 = 0.5;
/// A quota that holds a service back in so much of its time is one that requests feel.
const THROTTLED_MIN: f64 = 0.05;
/// Threads that wait for a core for so much of their time have too few.
const RUN_QUEUE_MIN: f64 = 0.05;

/// Garbage collection stops the program for longer.
pub(super) fn gc<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let pause = case.named(probe::GC_PAUSE).find_map(|row| rose(row, RATIO).filter(|moved| moved.head >= PAUSE_MIN))?;
    let what = Words::new("garbage collection stops the program for ")
        .ratio(pause.head)
        .say(" of the time, ")
        .ratio(pause.base)
        .say(" in base");
    Some(
        Found::sure(pause.row, what)
            .moved([Some(pause), case.rose(probe::MEMORY_PEAK, 0.0), case.rose(probe::CPU_PER_REQUEST, 0.0)])
            .because(Words::new("more is allocated for each request, or more is kept alive"))
            .advise("allocate less for each request: a profile of allocations says where"),
    )
}

/// The cgroup's quota holds the service back.
pub(super) fn throttled<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let held = case.rose(probe::THROTTLED, 0.0).filter(|moved| moved.head >= THROTTLED_MIN)?;
    let what = Words::new("its cgroup holds the service back for ")
        .ratio(held.head)
        .say(" of the time, ")
        .ratio(held.base)
        .say(" in base");
    let found = Found::sure(held.row, what).moved([Some(held), case.rose(probe::CPU_PER_REQUEST, 0.0)]);
    Some(
        found
            .because(Words::new("the service wants more CPU at once than its quota gives"))
            .advise("raise `cpu.max`, or run fewer threads than the quota has cores"),
    )
}

/// Something keeps the event loop.
pub(super) fn event_loop<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let lag =
        case.named(probe::EVENT_LOOP_LAG).find_map(|row| rose(row, RATIO).filter(|moved| moved.head >= LAG_MIN_S))?;
    let unit = &crate::model::Unit::Seconds;
    let what = Words::new("the event loop is late by ")
        .number(lag.head, unit)
        .say(", ")
        .number(lag.base, unit)
        .say(" in base");
    let found = Found::sure(lag.row, what).moved([Some(lag), case.rose(probe::CPU_PER_REQUEST, 0.0)]);
    Some(
        found
            .because(Words::new("something computes or blocks in the event loop"))
            .advise("move it to a thread of its own, or do it in pieces"),
    )
}

/// Threads are ready and have no core.
pub(super) fn run_queue<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let queue = case.rose(probe::RUN_QUEUE, RATIO).filter(|moved| moved.head >= RUN_QUEUE_MIN)?;
    let what = Words::new("threads wait for a core in ")
        .ratio(queue.head)
        .say(" of their time, ")
        .ratio(queue.base)
        .say(" in base");
    // What else ran on the machine is told with the rounds that it disturbed.
    let found = Found::possible(queue.row, what).moved([Some(queue), case.rose(probe::THREADS_PEAK, 0.0)]);
    Some(
        found
            .because(Words::new("more threads are ready at once than there are cores"))
            .advise("run no more threads that compute than there are cores"),
    )
}
