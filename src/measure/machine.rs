//! What the machine has done so far, as its system counts it. Two looks say what it did between them. Refuses to judge that.
#![expect(clippy::disallowed_methods, reason = "reads the system's counters")]

use std::io::Read;
use std::time::Instant;

use crate::model::machine::MachineTime;
use crate::model::probe::{MACHINE_MEMORY_PRESSURE, MACHINE_OTHERS, MACHINE_STEAL};
use crate::model::{Direction, Kind, Role, Unit};

use super::bench::Reading;
use super::bench::metric::{Benchmark, Shape};
use super::probe::Seen;

/// How many of the system's ticks are a second: Linux shows every program the same.
const TICKS: f64 = 100.0;
/// More than this of a system file is not read: `/proc/stat` of 512 cores begins with all of them together.
const FILE_BYTES_MAX: u64 = 16 << 10;
/// The most cores that are asked for their heat.
const CORES_MAX: u32 = 1024;

/// The counters of the machine at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    at: Instant,
    cores: Cores,
    /// CPU time of Tollgate and of everything that it started and that has ended.
    own_s: f64,
    memory_s: f64,
    throttled: u32,
}

/// The time of all cores so far, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "names carry their unit")]
struct Cores {
    all_s: f64,
    busy_s: f64,
    stolen_s: f64,
}

/// The counters now; `None` where the system has none.
pub fn look() -> Option<Look> {
    Some(Look {
        at: Instant::now(),
        cores: cores(&text("/proc/stat")?)?,
        own_s: own_s(&text("/proc/self/stat")?)?,
        memory_s: text("/proc/pressure/memory").and_then(|text| waited_s(&text)).unwrap_or(0.0),
        throttled: throttled(),
    })
}

impl Look {
    /// What the machine did from this look to a later one.
    pub fn until(&self, later: &Self) -> MachineTime {
        let more = |earlier: f64, later: f64| (later - earlier).max(0.0);
        let busy_s = more(self.cores.busy_s, later.cores.busy_s);
        MachineTime {
            wall_s: later.at.saturating_duration_since(self.at).as_secs_f64(),
            cores_s: more(self.cores.all_s, later.cores.all_s),
            stolen_s: more(self.cores.stolen_s, later.cores.stolen_s),
            others_s: (busy_s - more(self.own_s, later.own_s)).max(0.0),
            memory_s: more(self.memory_s, later.memory_s),
            throttled: later.throttled.saturating_sub(self.throttled),
        }
    }
}

/// What the machine did beside a scenario, as metrics of it. Nothing of no time.
pub(in crate::measure) fn readings(seen: &Seen, time: &MachineTime) -> Vec<Reading> {
    let mut benchmark = Benchmark::new(&seen.suite, seen.whole.as_str());
    let shape = |unit, kind| Shape(unit, kind, Direction::LowerIsBetter, Role::Informative);
    benchmark.value(MACHINE_STEAL, time.stolen_s / time.cores_s, shape(Unit::Ratio, Kind::Ratio));
    benchmark.value(MACHINE_OTHERS, time.others_s / time.wall_s, shape(Unit::Count, Kind::Count));
    benchmark.value(MACHINE_MEMORY_PRESSURE, time.memory_s / time.wall_s, shape(Unit::Ratio, Kind::Ratio));
    benchmark.readings()
}

fn text(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal; what guests used is in the first two.
fn cores(stat: &str) -> Option<Cores> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<f64> = line.split_ascii_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
    let [user, nice, system, idle, iowait, irq, softirq, steal] = ticks.try_into().ok()?;
    let busy = user + nice + system + irq + softirq;
    Some(Cores { all_s: (busy + idle + iowait + steal) / TICKS, busy_s: busy / TICKS, stolen_s: steal / TICKS })
}

/// User and system time of a process and of those that it waited for, from its `stat`: the 14th to the 17th word, of which the second may hold spaces.
fn own_s(stat: &str) -> Option<f64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let ticks: Vec<f64> = rest.split_ascii_whitespace().skip(11).take(4).map_while(|word| word.parse().ok()).collect();
    (ticks.len() == 4).then(|| ticks.iter().sum::<f64>() / TICKS)
}

/// How long some task has waited, from a file of `/proc/pressure`, which counts in millionths.
fn waited_s(pressure: &str) -> Option<f64> {
    let line = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    let total: f64 = line.split_ascii_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()?;
    Some(total * 1e-6)
}

/// How often cores have slowed down for their heat, where the system counts that.
fn throttled() -> u32 {
    let count = |core: u32| -> Option<u32> {
        text(&format!("/sys/devices/system/cpu/cpu{core}/thermal_throttle/core_throttle_count"))?.trim().parse().ok()
    };
    (0..CORES_MAX).map_while(count).fold(0, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_of_a_machine_are_read_from_its_files() {
        let stat = "cpu  300 0 100 500 50 10 40 200 100 0\ncpu0 1 2 3\n";
        assert_eq!(cores(stat), Some(Cores { all_s: 12.0, busy_s: 4.5, stolen_s: 2.0 }));
        for odd in ["", "cpu 1 2 3\n", "cpu0 1 2 3 4 5 6 7 8\n", "cpu  a b c d e f g h\n"] {
            assert_eq!(cores(odd), None, "{odd}");
        }
        let own = "42 (a ) b) S 1 42 42 0 -1 4194560 100 200 0 0 150 50 30 20 20 0 1 0 1 2";
        assert_eq!(own_s(own), Some(2.5));
        assert_eq!(own_s("42 (a) S 1 2"), None);
        let pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0 avg60=0 avg300=0 total=7\n";
        assert_eq!((waited_s(pressure), waited_s("full total=7")), (Some(2.5), None));
    }

    #[test]
    fn what_lies_between_two_looks_is_never_negative() {
        let cores = Cores { all_s: 10.0, busy_s: 4.0, stolen_s: 1.0 };
        let first = Look { at: Instant::now(), cores, own_s: 1.0, memory_s: 2.0, throttled: 5 };
        let cores = Cores { all_s: 14.0, busy_s: 7.0, stolen_s: 1.5 };
        let later = Look { cores, own_s: 2.0, memory_s: 2.5, throttled: 6, ..first };
        let expected =
            MachineTime { wall_s: 0.0, cores_s: 4.0, stolen_s: 0.5, others_s: 2.0, memory_s: 0.5, throttled: 1 };
        assert_eq!(first.until(&later), expected);
        assert_eq!(later.until(&first), MachineTime::default());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_can_be_looked_at() {
        let (first, later) = (look().unwrap(), look().unwrap());
        let between = first.until(&later);
        assert!(between.wall_s >= 0.0 && between.others_s <= between.cores_s, "{between:?}");
    }
}
