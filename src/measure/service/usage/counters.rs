//! What single files of `/proc` say. Refuses to read them.

/// What one process has used so far, and what those that it waited for had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
    /// Ticks of the clock.
    pub(super) cpu: u64,
}

/// Fields 10 to 17 of `/proc/PID/stat`: the process's own, and those of what it waited for. The second field is the program's name in brackets, which may hold anything.
pub(super) fn stat(text: &str) -> Option<(Stat, Stat)> {
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace().skip(7);
    let mut next = || fields.next()?.parse::<u64>().ok();
    let [minor, waited_minor, major, waited_major] = [next()?, next()?, next()?, next()?];
    let [user, system, waited_user, waited_system] = [next()?, next()?, next()?, next()?];
    let own = Stat { minor_faults: minor, major_faults: major, cpu: user.saturating_add(system) };
    let waited =
        Stat { minor_faults: waited_minor, major_faults: waited_major, cpu: waited_user.saturating_add(waited_system) };
    Some((own, waited))
}

/// The number after a name at the start of a line.
pub(super) fn field(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// What one thread has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) cpu_ns: u64,
    pub(super) ready_ns: u64,
    pub(super) waits: u64,
    pub(super) preemptions: u64,
}

/// One thread from its `schedstat` and its `status`.
pub(super) fn thread(schedstat: &str, status: &str) -> Option<Thread> {
    let mut times = schedstat.split_ascii_whitespace().map(str::parse);
    Some(Thread {
        cpu_ns: times.next()?.ok()?,
        ready_ns: times.next()?.ok()?,
        waits: field(status, "voluntary_ctxt_switches:")?,
        preemptions: field(status, "nonvoluntary_ctxt_switches:")?,
    })
}

impl Thread {
    /// What was added since before; all of it where the number of the thread belongs to another one now.
    pub(super) fn since(self, before: Self) -> Self {
        let before = if self.cpu_ns < before.cpu_ns { Self::default() } else { before };
        Self {
            cpu_ns: self.cpu_ns - before.cpu_ns,
            ready_ns: self.ready_ns.saturating_sub(before.ready_ns),
            waits: self.waits.saturating_sub(before.waits),
            preemptions: self.preemptions.saturating_sub(before.preemptions),
        }
    }

    pub(super) fn add(&mut self, more: Self) {
        self.cpu_ns = self.cpu_ns.saturating_add(more.cpu_ns);
        self.ready_ns = self.ready_ns.saturating_add(more.ready_ns);
        self.waits = self.waits.saturating_add(more.waits);
        self.preemptions = self.preemptions.saturating_add(more.preemptions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_process_are_read_whatever_its_name() {
        let text = "42 (a) b (c) R 1 42 42 0 -1 4194304 100 90 3 2 7 5 30 2 20 0 1 0 100 1000 10 18446744073709551615";
        let own = Stat { minor_faults: 100, major_faults: 3, cpu: 12 };
        assert_eq!(stat(text), Some((own, Stat { minor_faults: 90, major_faults: 2, cpu: 32 })));
        assert_eq!(stat("42 (a"), None);
        assert_eq!(stat("42 (a) R 1 x"), None);
        assert_eq!(field("Name:\tx\nRssAnon:\t    2048 kB\nThreads:\t3\n", "RssAnon:"), Some(2048));
        assert_eq!(field("Name:\tx\n", "RssAnon:"), None);
    }

    #[test]
    fn a_thread_is_read_and_one_with_its_number_after_it_is_another() {
        let status = "Name:\tx\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t2\n";
        let read = thread("5000 300 9\n", status).unwrap();
        assert_eq!(read, Thread { cpu_ns: 5000, ready_ns: 300, waits: 7, preemptions: 2 });
        assert_eq!(thread("5000\n", status), None);
        assert_eq!(thread("5000 300 9", "Name:\tx\n"), None);
        let more = Thread { cpu_ns: 6000, ready_ns: 300, waits: 8, preemptions: 2 };
        assert_eq!(more.since(read), Thread { cpu_ns: 1000, waits: 1, ..Thread::default() });
        assert_eq!(read.since(more), read);
    }
}
