//! What a tree of processes uses now: memory, descriptors, threads, CPU time, sockets. From `/proc`, so on Linux only; elsewhere nothing is known.
//! Refuses to keep what it saw.

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg(target_os = "linux")]
mod counters;
#[cfg(target_os = "linux")]
mod meter;
#[cfg(target_os = "linux")]
mod sockets;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::measure::load::record::{Amount, Limits, SocketState};

/// What all processes of some trees use together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    /// Anonymous resident memory in bytes: not what is shared with files.
    pub(super) anonymous_bytes: u64,
    /// All resident memory in bytes.
    pub(super) resident_bytes: u64,
    /// Open descriptors.
    pub(super) descriptors: u64,
    /// Threads.
    pub(super) threads: u64,
    /// Connections that were not accepted yet.
    pub(super) not_accepted: Option<u64>,
}

/// What has added up so far, and what sockets there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Metered {
    /// Since some time before the first look; only differences mean something.
    pub(super) amounts: BTreeMap<Amount, f64>,
    /// Sockets by state; empty where they are not known.
    pub(super) by_state: BTreeMap<SocketState, u64>,
    /// TCP connections, and those of them that it took.
    pub(super) connections: Option<(u64, u64)>,
    /// What its control group allows.
    pub(super) limits: Limits,
    /// The number of this look.
    pub(super) look: u32,
}

#[cfg(target_os = "linux")]
pub(super) use linux::{Trees, descendants};
#[cfg(target_os = "linux")]
pub(super) use meter::{Meter, proportional_bytes};

/// The CPU time that this thread has used.
#[cfg(target_os = "linux")]
pub(super) fn own_cpu() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(spent.tv_sec).unwrap_or(0), u32::try_from(spent.tv_nsec).unwrap_or(0))
}

#[cfg(not(target_os = "linux"))]
pub(super) use elsewhere::{Meter, Trees, own_cpu, proportional_bytes};

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::time::Duration;

    use super::{Metered, Used};

    #[derive(Debug, Default)]
    pub(in super::super) struct Trees;

    impl Trees {
        pub(in super::super) fn used(&mut self, _roots: &[u32], _ports: &[u16]) -> Option<Used> {
            None
        }
    }

    #[derive(Debug, Default)]
    pub(in super::super) struct Meter;

    impl Meter {
        pub(in super::super) fn look(&mut self, _roots: &[u32], _ports: &[u16]) -> Option<Metered> {
            None
        }

        pub(in super::super) fn opened(&self, _after: u32, _up_to: u32) -> (u64, u64) {
            (0, 0)
        }
    }

    pub(in super::super) fn proportional_bytes(_roots: &[u32]) -> Option<u64> {
        None
    }

    pub(in super::super) fn own_cpu() -> Duration {
        Duration::ZERO
    }
}

#[cfg(target_os = "linux")]
mod linux {
    #![expect(clippy::disallowed_methods, reason = "reads /proc")]

    use std::collections::BTreeSet;
    use std::fs::{self, File};
    use std::io::Read;

    use super::Used;
    use super::counters::field;
    use super::sockets::waiting;

    /// The most processes of a tree that are looked at.
    const PROCESSES_MAX: usize = 4_096;
    /// A tree is taken down anew at every so many looks at least, and at so many at most: of a service with many threads that is most of a look.
    const LOOKS_MAX: u32 = 10;
    const LOOKS_MIN: u32 = 3;
    /// What is read of a table of sockets at once, two lines: whoever asks for more than those that listen makes the kernel walk through all that there could be, a
    /// hundred times as long.
    const TABLE_BYTES: usize = 300;
    /// The most that is read of it to find those that listen.
    const TABLE_BYTES_MAX: usize = 16 << 10;

    /// The processes of some trees, as they were not long ago.
    #[derive(Debug, Default)]
    pub(in super::super) struct Trees {
        pids: BTreeSet<u32>,
        /// The last process that the machine started.
        last: String,
        /// Since it was taken down.
        looks: u32,
        /// Where its ports were found.
        table: Option<&'static str>,
    }

    impl Trees {
        /// What the descendants of these processes use, which take connections at these ports; `None` where none is left, or `/proc` is not there.
        /// The roots themselves do not count.
        pub(in super::super) fn used(&mut self, roots: &[u32], ports: &[u16]) -> Option<Used> {
            self.refresh(roots);
            let mut all = Used::default();
            let mut one = None;
            for pid in &self.pids {
                let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
                // Of a process that has ended nothing is resident.
                let Some(anonymous) = field(&status, "RssAnon:") else { continue };
                one = Some(*pid);
                all.anonymous_bytes += 1024 * anonymous;
                all.resident_bytes += 1024 * field(&status, "VmRSS:").unwrap_or(0);
                all.threads += field(&status, "Threads:").unwrap_or(0);
                all.descriptors += fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64);
            }
            all.not_accepted = self.not_accepted(one?, ports);
            Some(all)
        }

        /// Connections that wait at these ports, as the network of this process has them: in the table in which they were last time, else in either.
        fn not_accepted(&mut self, pid: u32, ports: &[u16]) -> Option<u64> {
            if ports.is_empty() {
                return None;
            }
            let tables = self.table.into_iter().chain(["tcp", "tcp6"]);
            let found = tables.into_iter().find_map(|table| Some((table, waiting_in(pid, table, ports)?)));
            self.table = found.map(|(table, _)| table);
            found.map(|(_, waiting)| waiting)
        }

        /// Takes the trees down anew where a process may have been started, which every thread counts as.
        fn refresh(&mut self, roots: &[u32]) {
            let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
            let last = load.split_whitespace().last().unwrap_or_default();
            let changed = last.is_empty() || self.last != last;
            if self.pids.is_empty() || (changed && self.looks >= LOOKS_MIN) || self.looks >= LOOKS_MAX {
                last.clone_into(&mut self.last);
                self.pids = roots.iter().flat_map(|root| descendants(*root)).collect();
                self.looks = 0;
            }
            self.looks += 1;
        }
    }

    /// Connections that wait at these ports by one table; `None` where it has none of them.
    fn waiting_in(pid: u32, table: &str, ports: &[u16]) -> Option<u64> {
        let mut file = File::open(format!("/proc/{pid}/net/{table}")).ok()?;
        let (mut text, mut part) = (Vec::new(), [0; TABLE_BYTES]);
        loop {
            let read = file.read(&mut part).ok()?;
            text.extend_from_slice(part.get(..read)?);
            let found = waiting(&String::from_utf8_lossy(&text), ports);
            if found.over || read == 0 || text.len() > TABLE_BYTES_MAX {
                return found.by_port.into_values().reduce(|all, one| all + one);
            }
        }
    }

    /// Every process below this one, without itself.
    pub(in super::super) fn descendants(root: u32) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        let mut open = vec![root];
        while let Some(pid) = open.pop() {
            let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
            for thread in threads {
                let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
                for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
                    if found.len() < PROCESSES_MAX && found.insert(child) {
                        open.push(child);
                    }
                }
            }
        }
        found
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
