//! What a tree of processes uses now: memory, descriptors, threads, CPU time. From `/proc`, so on Linux only; elsewhere nothing is known.
//! Refuses to keep what it saw.

/// What all processes of some trees use together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Used {
    /// Anonymous resident memory in bytes: not what is shared with files.
    pub(super) anonymous_bytes: u64,
    /// Open descriptors.
    pub(super) descriptors: u64,
    /// Threads.
    pub(super) threads: u64,
    /// CPU time so far in seconds, that of ended and awaited processes included.
    pub(super) cpu_s: f64,
}

#[cfg(target_os = "linux")]
pub(super) use linux::{descendants, of_trees};

/// What the descendants of these processes use; `None` where that cannot be known.
#[cfg(not(target_os = "linux"))]
pub(super) fn of_trees(_roots: &[u32]) -> Option<Used> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    #![expect(clippy::disallowed_methods, reason = "reads /proc")]

    use std::collections::BTreeSet;
    use std::fs;

    use super::Used;

    /// The most processes of a tree that are looked at.
    const PROCESSES_MAX: usize = 4_096;

    /// What the descendants of these processes use; `None` where none is left, or `/proc` is not there. The roots themselves do not count,
    /// but what they waited for does.
    pub(in super::super) fn of_trees(roots: &[u32]) -> Option<Used> {
        let mut all = Used::default();
        let mut ticks = 0;
        let mut any = false;
        for root in roots {
            ticks += cpu_ticks(*root).map_or(0, |(_, awaited)| awaited);
            for pid in descendants(*root) {
                let Some((own, awaited)) = cpu_ticks(pid) else { continue };
                any = true;
                ticks += own + awaited;
                let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
                all.anonymous_bytes += 1024 * field(&status, "RssAnon:").unwrap_or(0);
                all.threads += field(&status, "Threads:").unwrap_or(0);
                all.descriptors += fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |entries| entries.count() as u64);
            }
        }
        all.cpu_s = ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        any.then_some(all)
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

    /// The ticks of a process itself and those of what it waited for.
    fn cpu_ticks(pid: u32) -> Option<(u64, u64)> {
        parse_ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Fields 14 to 17 of `/proc/PID/stat`. The second is the program's name in brackets, which may hold anything.
    pub(super) fn parse_ticks(stat: &str) -> Option<(u64, u64)> {
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<u64>().ok();
        Some((next()? + next()?, next()? + next()?))
    }

    /// The number after a name at the start of a line.
    pub(super) fn field(status: &str, name: &str) -> Option<u64> {
        status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::linux::{field, parse_ticks};
    use super::*;

    #[test]
    fn the_fields_of_a_process_are_read_whatever_its_name() {
        let stat = "42 (a) b (c) R 1 42 42 0 -1 4194304 100 0 0 0 7 5 30 2 20 0 1 0 100 1000 10 18446744073709551615";
        assert_eq!(parse_ticks(stat), Some((12, 32)));
        assert_eq!(parse_ticks("42 (a"), None);
        assert_eq!(parse_ticks("42 (a) R 1 x"), None);
        assert_eq!(field("Name:\tx\nRssAnon:\t    2048 kB\nThreads:\t3\n", "RssAnon:"), Some(2048));
        assert_eq!(field("Name:\tx\n", "RssAnon:"), None);
    }

    #[test]
    fn a_tree_is_looked_at_without_its_root() {
        let own = std::process::id();
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        assert!(descendants(own).contains(&child.id()) && !descendants(own).contains(&own));
        let used = of_trees(&[own]).unwrap();
        assert!(used.threads >= 1 && used.descriptors >= 3, "{used:?}");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(of_trees(&[u32::MAX]), None);
    }
}
