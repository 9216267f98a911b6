//! What adds up in a tree of processes, from look to look: CPU time to the nanosecond, faults, switches, bytes of storage, and what its sockets do.
#![expect(clippy::disallowed_methods, reason = "reads /proc")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;

use crate::measure::load::record::Amount;

use super::Metered;
use super::cgroup::Group;
use super::counters::{Stat, Thread, field, stat, thread};
use super::linux::descendants;
use super::sockets::{Outgoing, Socket, parse};

/// The most bytes of a table of sockets that are read.
const TABLE_BYTES_MAX: u64 = 32 << 20;
/// The most threads, and the most descriptors, that are looked at.
const LOOKED_AT_MAX: usize = 20_000;
/// What each process's ticks may be short of its time: both kinds of time are cut to whole ticks.
const TICKS_SLACK: f64 = 2.0;
/// Above this many resident bytes shared pages are not looked for, which would take a tenth of a second and more.
const PROPORTIONAL_BYTES_MAX: u64 = 8 << 30;

/// A meter of one tree.
#[derive(Debug, Default)]
pub(in super::super) struct Meter {
    /// Each thread as it was at the last look.
    threads: BTreeMap<u32, Thread>,
    all: Thread,
    /// CPU time of threads that ended between two looks is in the ticks alone: ticks less threads at the first look, in seconds.
    ticks_above_s: Option<f64>,
    outgoing: Outgoing,
    group: Option<Group>,
    /// The last look, so that nothing falls: what ends takes along what nobody waited for.
    last: BTreeMap<Amount, f64>,
}

/// The processes of one look.
struct Processes {
    roots: Vec<u32>,
    pids: BTreeSet<u32>,
}

impl Meter {
    /// Looks at the descendants of these processes, which take connections at these ports; `None` where none is left, or `/proc` is not there.
    pub(in super::super) fn look(&mut self, roots: &[u32], ports: &[u16]) -> Option<Metered> {
        let pids: BTreeSet<u32> = roots.iter().flat_map(|root| descendants(*root)).collect();
        let first = *pids.first()?;
        let processes = Processes { roots: roots.to_vec(), pids };
        let stat = processes.stat();
        let mut amounts = BTreeMap::from([
            (Amount::MinorFaults, stat.minor_faults as f64),
            (Amount::MajorFaults, stat.major_faults as f64),
        ]);
        amounts.extend(self.threads(&processes, stat.cpu));
        amounts.extend(processes.storage());
        let group = self.group.get_or_insert_with(|| Group::of(first));
        if let Some(throttling) = group.throttling() {
            amounts.extend([(Amount::Periods, throttling.periods), (Amount::ThrottledPeriods, throttling.throttled)]);
        }
        for (amount, value) in &mut amounts {
            let last = self.last.entry(*amount).or_insert(*value);
            *last = last.max(*value);
            *value = *last;
        }
        let mut metered = Metered { amounts, limits: group.limits, ..Metered::default() };
        if let Some((sockets, owned)) = sockets(first, &processes) {
            let seen = self.outgoing.look(&sockets, &owned, ports);
            metered.connections = Some((seen.connections, seen.accepted));
            metered.by_state = seen.by_state;
            metered.look = self.outgoing.looks();
        }
        Some(metered)
    }

    /// Connections that the service opened to others, and those of which nobody can say whose they were, after one look and up to another.
    pub(in super::super) fn opened(&self, after: u32, up_to: u32) -> (u64, u64) {
        self.outgoing.opened(after, up_to)
    }

    /// What its threads have used so far; `ticks` is the CPU time of all that ever ran.
    fn threads(&mut self, processes: &Processes, ticks: u64) -> Vec<(Amount, f64)> {
        let now = processes.threads();
        for (tid, thread) in &now {
            self.all.add(thread.since(self.threads.get(tid).copied().unwrap_or_default()));
        }
        self.threads = now;
        // A kernel that does not keep the account says 0 for all of them.
        let known = self.all.cpu_ns > 0;
        let tick = 1.0 / rustix::param::clock_ticks_per_second() as f64;
        let (ticks_s, threads_s) = (ticks as f64 * tick, self.all.cpu_ns as f64 * 1e-9);
        if !known {
            return vec![(Amount::Cpu, ticks_s)];
        }
        let above = *self.ticks_above_s.get_or_insert(ticks_s - threads_s);
        let slack = TICKS_SLACK * tick * processes.pids.len() as f64;
        let unseen = (ticks_s - threads_s - above - slack).max(0.0);
        vec![
            (Amount::Cpu, threads_s + unseen),
            (Amount::RunQueue, self.all.ready_ns as f64 * 1e-9),
            (Amount::Waits, self.all.waits as f64),
            (Amount::Preemptions, self.all.preemptions as f64),
        ]
    }
}

impl Processes {
    /// What all of them have used and waited for, and what the roots waited for.
    fn stat(&self) -> Stat {
        let read = |pid: &u32| stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?);
        let own = self.pids.iter().filter_map(read).flat_map(|(own, waited)| [own, waited]);
        let all = own.chain(self.roots.iter().filter_map(read).map(|(_, waited)| waited));
        all.fold(Stat::default(), |sum, one| Stat {
            minor_faults: sum.minor_faults.saturating_add(one.minor_faults),
            major_faults: sum.major_faults.saturating_add(one.major_faults),
            cpu: sum.cpu.saturating_add(one.cpu),
        })
    }

    /// Every thread; none where the kernel does not say what they use.
    fn threads(&self) -> BTreeMap<u32, Thread> {
        let folders = self.pids.iter().flat_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten());
        let read = |entry: fs::DirEntry| {
            let tid = entry.file_name().to_str()?.parse().ok()?;
            let text = |name: &str| fs::read_to_string(entry.path().join(name)).ok();
            Some((tid, thread(&text("schedstat")?, &text("status")?)?))
        };
        folders.flatten().take(LOOKED_AT_MAX).filter_map(read).collect()
    }

    /// Bytes of storage; nothing where one of them does not say it. A process's bytes go over to the one that waits for it, so the roots count.
    fn storage(&self) -> Vec<(Amount, f64)> {
        let read = |pid: &u32| {
            let text = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
            Some((field(&text, "read_bytes:")?, field(&text, "write_bytes:")?))
        };
        let gone = |pid: &u32| !fs::exists(format!("/proc/{pid}")).unwrap_or(false);
        let mut sums = (0.0, 0.0);
        for pid in self.pids.iter().chain(&self.roots) {
            match read(pid) {
                Some((given, taken)) => sums = (sums.0 + given as f64, sums.1 + taken as f64),
                None if gone(pid) => {}
                None => return Vec::new(),
            }
        }
        vec![(Amount::DiskRead, sums.0), (Amount::DiskWritten, sums.1)]
    }

    /// The numbers of their sockets; `None` where the descriptors of one of them cannot be seen.
    fn sockets(&self) -> Option<BTreeSet<u64>> {
        let mut owned = BTreeSet::new();
        for pid in &self.pids {
            let entries = match fs::read_dir(format!("/proc/{pid}/fd")) {
                Ok(entries) => entries,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(_) => return None,
            };
            let targets = entries.flatten().take(LOOKED_AT_MAX).filter_map(|entry| fs::read_link(entry.path()).ok());
            owned.extend(targets.filter_map(|target| {
                target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse::<u64>().ok()
            }));
        }
        Some(owned)
    }
}

/// All sockets of the network of a process, and the numbers of those that are its tree's; `None` where they cannot be seen.
fn sockets(pid: u32, processes: &Processes) -> Option<(Vec<Socket>, BTreeSet<u64>)> {
    let read = |table: &str| {
        let mut bytes = Vec::new();
        File::open(format!("/proc/{pid}/net/{table}")).ok()?.take(TABLE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    };
    // A connection of a few milliseconds has to be in a table and among the descriptors: nothing slow comes between.
    let (four, owned, six) = (read("tcp")?, processes.sockets()?, read("tcp6"));
    // A machine without version 6 has no such table.
    let tables = [Some(four), six].into_iter().flatten();
    let sockets = tables.flat_map(|table| parse(&String::from_utf8_lossy(&table)).collect::<Vec<Socket>>());
    Some((sockets.collect(), owned))
}

/// Resident memory of the descendants of these processes with shared pages divided among those that share them, in bytes. Slow: it walks all pages. `None` where one of
/// the processes does not say it, or there is so much of it that it would take long.
pub(in super::super) fn proportional_bytes(roots: &[u32]) -> Option<u64> {
    let pids: BTreeSet<u32> = roots.iter().flat_map(|root| descendants(*root)).collect();
    let status = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    // One that has ended and was not waited for has no memory.
    let living: Vec<(&u32, u64)> = pids.iter().filter_map(|pid| Some((pid, field(&status(pid), "VmRSS:")?))).collect();
    if living.is_empty() || 1024 * living.iter().map(|(_, resident)| resident).sum::<u64>() > PROPORTIONAL_BYTES_MAX {
        return None;
    }
    let of = |pid: &u32| field(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?, "Pss:");
    living.into_iter().map(|(pid, _)| of(pid)).sum::<Option<u64>>().map(|kib| 1024 * kib)
}
