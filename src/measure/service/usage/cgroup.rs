//! The control group of a process: what it allows, and how often it held the process back. Versions 1 and 2. Refuses to change any.
#![expect(clippy::disallowed_methods, reason = "reads /proc and /sys/fs/cgroup")]

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::measure::load::record::Limits;

/// Above this many bytes a limit of memory is none: version 1 writes the largest number that it has.
const NO_LIMIT_BYTES: u64 = 1 << 60;
/// The most folders from a group up to the root.
const DEPTH_MAX: usize = 64;

/// Periods in which a group could be held back, and in which it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Throttling {
    pub(super) periods: f64,
    pub(super) throttled: f64,
}

/// The group of one process with the tightest limit of time, and with that of memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Group {
    pub(super) limits: Limits,
    stat: Option<PathBuf>,
}

impl Group {
    /// Finds it; a group without limits where there is none.
    pub(super) fn of(pid: u32) -> Self {
        let read = |what: &str| fs::read_to_string(format!("/proc/{pid}/{what}")).unwrap_or_default();
        let (groups, mounts) = (read("cgroup"), read("mountinfo"));
        let mut found = Self::default();
        for folder in folders(&groups, &mounts, "cpu") {
            let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            let cpus = cores(&text("cpu.max"))
                .or_else(|| cores(&quota_of_1(&text("cpu.cfs_quota_us"), &text("cpu.cfs_period_us"))));
            if let Some(cpus) = cpus.filter(|cpus| found.limits.cores.is_none_or(|tightest| *cpus < tightest)) {
                found.limits.cores = Some(cpus);
                found.stat = Some(folder.join("cpu.stat"));
            }
        }
        for folder in folders(&groups, &mounts, "memory") {
            let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            let limits = [text("memory.max"), text("memory.limit_in_bytes")];
            let limits = limits.iter().filter_map(|limit| limit.trim().parse().ok());
            let limit = limits.filter(|bytes| *bytes < NO_LIMIT_BYTES).min();
            found.limits.memory_bytes = [found.limits.memory_bytes, limit].into_iter().flatten().min();
        }
        found
    }

    /// How often it was held back so far; `None` without a limit.
    pub(super) fn throttling(&self) -> Option<Throttling> {
        throttling(&fs::read_to_string(self.stat.as_ref()?).ok()?)
    }
}

/// `50000 100000` as cores; `None` for `max`.
fn cores(quota: &str) -> Option<f64> {
    let mut words = quota.split_ascii_whitespace().map(str::parse::<f64>);
    let (quota, period) = (words.next()?.ok()?, words.next()?.ok()?);
    (quota > 0.0 && period > 0.0).then_some(quota / period)
}

fn quota_of_1(quota: &str, period: &str) -> String {
    format!("{} {}", quota.trim(), period.trim())
}

/// What `cpu.stat` says.
fn throttling(stat: &str) -> Option<Throttling> {
    let value = |name: &str| {
        let words = stat.lines().filter_map(|line| line.split_once(' '));
        words.into_iter().find(|(key, _)| *key == name)?.1.trim().parse::<f64>().ok()
    };
    Some(Throttling { periods: value("nr_periods")?, throttled: value("nr_throttled")? })
}

/// The folders of a process's group of one controller and of the groups above it. `groups` is `/proc/PID/cgroup`, `mounts` `/proc/PID/mountinfo`.
fn folders(groups: &str, mounts: &str, controller: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let of_1 = controllers.split(',').any(|name| name == controller);
        if !of_1 && !controllers.is_empty() {
            continue;
        }
        let fits = |kind: &str, options: &str| match kind {
            "cgroup2" => !of_1,
            "cgroup" => of_1 && options.split(',').any(|option| option == controller),
            _ => false,
        };
        let Some((root, point)) = mounts.lines().find_map(|line| mount(line, fits)) else { continue };
        // Seen from within a container the path may be another one than what is mounted; then what is mounted is the group.
        let below = Path::new(path).strip_prefix(&root).unwrap_or(Path::new(""));
        let below =
            if below.components().all(|part| matches!(part, Component::Normal(_))) { below } else { Path::new("") };
        let own = if below.as_os_str().is_empty() { point.clone() } else { point.join(below) };
        all.extend(
            own.ancestors().take_while(|folder| folder.starts_with(&point)).take(DEPTH_MAX).map(Path::to_path_buf),
        );
    }
    all
}

/// What of a file system is mounted, and where, by its kind and options.
fn mount(line: &str, fits: impl Fn(&str, &str) -> bool) -> Option<(PathBuf, PathBuf)> {
    let (before, after) = line.split_once(" - ")?;
    let mut after = after.split(' ');
    let (kind, options) = (after.next()?, after.nth(1)?);
    let mut before = before.split(' ').skip(3);
    let (root, point) = (before.next()?, before.next()?);
    fits(kind, options).then(|| (PathBuf::from(root), PathBuf::from(point)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn both_versions_say_what_they_allow() {
        close(cores("50000 100000\n"), 0.5);
        close(cores(&quota_of_1("150000\n", "100000\n")), 1.5);
        for none in ["max 100000\n", "-1 100000", "", "5", "x y"] {
            assert_eq!(cores(none), None, "{none}");
        }
        let two = "usage_usec 5\nuser_usec 3\nsystem_usec 2\nnr_periods 40\nnr_throttled 10\nthrottled_usec 12345\nnr_bursts 0\n";
        let one = "nr_periods 40\nnr_throttled 10\nthrottled_time 987654321\n";
        for stat in [two, one] {
            assert_eq!(throttling(stat), Some(Throttling { periods: 40.0, throttled: 10.0 }));
        }
        assert_eq!(throttling("usage_usec 5\n"), None);
    }

    #[test]
    fn a_group_is_found_with_those_above_it() {
        let shown = |groups: &str, mounts: &str, controller: &str| -> Vec<String> {
            folders(groups, mounts, controller).iter().map(|folder| folder.display().to_string()).collect()
        };
        let two = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(shown("0::/a/b\n", two, "cpu"), ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"]);
        assert_eq!(shown("0::/\n", two, "memory"), ["/sys/fs/cgroup"]);
        assert_eq!(shown("0::/../other\n", two, "cpu"), ["/sys/fs/cgroup"], "never out of what is mounted");
        let one = "40 30 0:33 /docker/x /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n41 30 0:34 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let groups = "4:cpu,cpuacct:/docker/x/y\n3:memory:/m\n1:name=systemd:/s\n";
        assert_eq!(shown(groups, one, "cpu"), ["/sys/fs/cgroup/cpu,cpuacct/y", "/sys/fs/cgroup/cpu,cpuacct"]);
        assert_eq!(shown(groups, one, "memory"), ["/sys/fs/cgroup/memory/m", "/sys/fs/cgroup/memory"]);
        assert!(shown("odd\n0::", "odd - \n", "cpu").is_empty());
    }

    #[test]
    fn our_own_group_can_be_looked_for() {
        let group = Group::of(std::process::id());
        assert_eq!(group.limits.cores.is_some(), group.stat.is_some());
        assert_eq!(Group::of(u32::MAX), Group::default());
    }
}
