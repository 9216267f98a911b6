//! What the processes of a service took for the load, as metrics of the whole scenario. What `/proc` does not say is not there: never 0.

use crate::measure::bench::metric::{Benchmark, Shape};
use crate::measure::load::record::{Amount, Left, SocketState, Usage, UsagePoint};
use crate::model::probe as named;
use crate::model::{Direction, Kind, Role, Unit};

/// The amounts that are told for each request: of what, in what, and what kind of number that is. Bytes for each request are a count of bytes, for what is no change of a
/// resident size is much of them.
const FOR_EACH: [(Amount, &str, Unit, Kind); 8] = [
    (Amount::Cpu, named::CPU_PER_REQUEST, Unit::Seconds, Kind::Time),
    (Amount::MinorFaults, named::MINOR_FAULTS, Unit::Count, Kind::Count),
    (Amount::MajorFaults, named::MAJOR_FAULTS, Unit::Count, Kind::Count),
    (Amount::Waits, named::WAITS, Unit::Count, Kind::Count),
    (Amount::Preemptions, named::PREEMPTIONS, Unit::Count, Kind::Count),
    (Amount::DiskRead, named::DISK_READ, Unit::Bytes, Kind::Count),
    (Amount::DiskWritten, named::DISK_WRITTEN, Unit::Bytes, Kind::Count),
    (Amount::Opened, named::CONNECTIONS_OPENED, Unit::Count, Kind::Count),
];
/// From this share of what is allowed on, memory is near its limit.
const MEMORY_NEAR_RATIO: f64 = 0.9;
/// The states of sockets that are told.
const STATES: [SocketState; 3] = [SocketState::Established, SocketState::CloseWait, SocketState::TimeWait];

/// Adds all of it to the benchmark that stands for the scenario, of which so many requests ended.
pub(super) fn add(benchmark: &mut Benchmark, usage: &Usage, requests: u64) {
    for (amount, name, unit, kind) in FOR_EACH {
        if let Some(value) = usage.amounts.get(&amount) {
            // Of no request it is no number, and left out.
            benchmark.value(name, value / requests as f64, told(unit, kind));
        }
    }
    peaks(benchmark, usage);
    let amount = |amount: Amount| usage.amounts.get(&amount).copied();
    if let Some((ready, ran)) = amount(Amount::RunQueue).zip(amount(Amount::Cpu)) {
        benchmark.value(named::RUN_QUEUE, ready / (ready + ran), told(Unit::Ratio, Kind::Ratio));
    }
    if let Some((throttled, periods)) = amount(Amount::ThrottledPeriods).zip(amount(Amount::Periods)) {
        benchmark.value(named::THROTTLED, throttled / periods, told(Unit::Ratio, Kind::Ratio));
    }
    if let Some(bytes) = usage.proportional_bytes {
        benchmark.value(named::MEMORY_PROPORTIONAL, bytes as f64, told(Unit::Bytes, Kind::Bytes));
    }
    if !usage.sockets.is_empty() {
        for state in STATES {
            let most = usage.sockets.get(&state).copied().unwrap_or(0);
            let name = format!("{}{}", named::SOCKETS, state.as_str());
            benchmark.value(&name, most as f64, told(Unit::Count, Kind::Count));
        }
    }
    if let Some(Left { descriptors, threads, connections }) = usage.left {
        let all = [
            (named::DESCRIPTORS_LEFT, Some(descriptors)),
            (named::THREADS_LEFT, Some(threads)),
            (named::CONNECTIONS_LEFT, connections),
        ];
        for (name, left) in all.into_iter().filter_map(|(name, left)| Some((name, left?))) {
            benchmark.value(name, left as f64, Shape(Unit::Count, Kind::Count, Direction::LowerIsBetter, Role::Gated));
        }
    }
}

/// What a reader must know of the limits that the service ran into, in a sentence: its numbers are partly those of a limit. The same in each round that did.
pub(super) fn limits(usage: &Usage) -> Option<String> {
    let throttled = usage.amounts.get(&Amount::ThrottledPeriods).is_some_and(|periods| *periods > 0.0);
    let peak = usage.points.iter().map(|point| point.resident_bytes).max().unwrap_or(0) as f64;
    let cores =
        usage.limits.cores.filter(|_| throttled).map(|cores| format!("{cores} cores, and was held back by that"));
    let memory = usage.limits.memory_bytes.map(|bytes| bytes as f64).filter(|limit| peak > MEMORY_NEAR_RATIO * limit);
    let memory = memory.map(|limit| format!("{:.0} MiB of memory, and came near that", limit / f64::from(1 << 20)));
    let both: Vec<String> = cores.into_iter().chain(memory).collect();
    (!both.is_empty()).then(|| format!("the service is allowed by its control group {}", both.join("; ")))
}

/// The most, and of memory also the least, while what counts ran.
fn peaks(benchmark: &mut Benchmark, usage: &Usage) {
    let counted = || usage.points.iter().filter(|point| point.seconds >= 0.0);
    let most = |of: fn(&UsagePoint) -> Option<u64>| counted().filter_map(of).max();
    let least = counted().map(|point| point.resident_bytes).min();
    let all = [
        (named::MEMORY_PEAK, most(|point| Some(point.resident_bytes)), Unit::Bytes, Kind::Bytes),
        (named::MEMORY_FLOOR, least, Unit::Bytes, Kind::Bytes),
        (named::THREADS_PEAK, most(|point| Some(point.threads)), Unit::Count, Kind::Count),
        (named::DESCRIPTORS_PEAK, most(|point| Some(point.descriptors)), Unit::Count, Kind::Count),
        (named::ACCEPT_QUEUE, most(|point| point.not_accepted), Unit::Count, Kind::Count),
    ];
    for (name, value, unit, kind) in all {
        if let Some(value) = value {
            benchmark.value(name, value as f64, told(unit, kind));
        }
    }
}

/// A number that only informs, of which less is better.
fn told(unit: Unit, kind: Kind) -> Shape {
    Shape(unit, kind, Direction::LowerIsBetter, Role::Informative)
}
