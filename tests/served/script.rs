//! What the service was told to do, and what it has done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// The words of its command line, each `name=value`; 0 or absent switches it off.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Script {
    /// `port`: where it listens; 0 for any.
    pub(crate) port: u16,
    /// `delay-us`: what each request takes.
    pub(crate) delay_us: u64,
    /// `slow-path` and `slow-ms`: one path takes longer.
    pub(crate) slow_path: Option<String>,
    pub(crate) slow_ms: u64,
    /// `slots` and `work-ms`: so many requests at once, each for so long; the others wait in the order of coming.
    pub(crate) slots: u64,
    pub(crate) work_ms: u64,
    /// `stall-every-ms` and `stall-ms`: at the start of every such period, nothing is answered for so long.
    pub(crate) stall_every_ms: u64,
    pub(crate) stall_ms: u64,
    /// `overload-above`, `overload-ms` and `recover-ms`: above so many requests a second (in 100 ms), and for so long after, each takes `overload-ms`.
    pub(crate) overload_above: u64,
    pub(crate) overload_ms: u64,
    pub(crate) recover_ms: u64,
    /// `leak-bytes`: kept for ever, each request.
    pub(crate) leak_bytes: usize,
    /// `leak-until`: the first so many requests only, as a cache fills.
    pub(crate) leak_until: u64,
    /// `collect-every`: each so many requests, all that was kept is given back at once, as a collector does.
    pub(crate) collect_every: u64,
    /// `keep-descriptors`: opened at the first request and kept, as a pool does.
    pub(crate) keep_descriptors: u64,
    /// `leak-descriptors`: opened and kept, each so many requests.
    pub(crate) leak_descriptors_every: u64,
    /// `error-every`: each so many requests, one is answered with 500.
    pub(crate) error_every: u64,
    /// `die-after`: aborts at this request.
    pub(crate) die_after: u64,
    /// `close-every`: each so many requests of a connection, it is closed after the reply without saying so.
    pub(crate) close_every: u64,
    /// `hit-percent`: `/metrics` tells of a cache that answers so many of a hundred requests, and has answered a million before.
    pub(crate) hit_percent: Option<u64>,
    /// `no-misses=1`: it does not tell of what the cache did not answer.
    pub(crate) no_misses: bool,
    /// `ready-after-ms`: waits before it listens.
    pub(crate) ready_after_ms: u64,
    /// `log-mib`: so much is written to its output.
    pub(crate) log_mib: u64,
    /// `never-ready=1`: does not listen.
    pub(crate) never_ready: bool,
    /// `exit-at-once=1`: ends with status 7 and a line that says why.
    pub(crate) exit_at_once: bool,
    /// `ignore-term=1`: does not end when asked.
    pub(crate) ignore_term: bool,
    /// `fork=1`: starts a process that sleeps.
    pub(crate) fork: bool,
}

impl Script {
    /// The script of a command line, or the word that is not known.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut script = Self::default();
        for word in words {
            script.word(&word).ok_or(word)?;
        }
        Ok(script)
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=')?;
        if name == "slow-path" {
            self.slow_path = Some(value.to_owned());
            return Some(());
        }
        let number: u64 = value.parse().ok()?;
        match name {
            "port" => self.port = u16::try_from(number).ok()?,
            "delay-us" => self.delay_us = number,
            "slow-ms" => self.slow_ms = number,
            "slots" => self.slots = number,
            "work-ms" => self.work_ms = number,
            "stall-every-ms" => self.stall_every_ms = number,
            "stall-ms" => self.stall_ms = number,
            "overload-above" => self.overload_above = number,
            "overload-ms" => self.overload_ms = number,
            "recover-ms" => self.recover_ms = number,
            "leak-bytes" => self.leak_bytes = usize::try_from(number).ok()?,
            "leak-until" => self.leak_until = number,
            "collect-every" => self.collect_every = number,
            "keep-descriptors" => self.keep_descriptors = number,
            "leak-descriptors-every" => self.leak_descriptors_every = number,
            "error-every" => self.error_every = number,
            "die-after" => self.die_after = number,
            "close-every" => self.close_every = number,
            "hit-percent" => self.hit_percent = Some(number),
            "no-misses" => self.no_misses = number > 0,
            "ready-after-ms" => self.ready_after_ms = number,
            "log-mib" => self.log_mib = number,
            "never-ready" => self.never_ready = number > 0,
            "exit-at-once" => self.exit_at_once = number > 0,
            "ignore-term" => self.ignore_term = number > 0,
            "fork" => self.fork = number > 0,
            _ => return None,
        }
        Some(())
    }
}

/// What all connections share.
pub(crate) struct State {
    pub(crate) script: Script,
    began: Instant,
    requests: AtomicU64,
    slots: Mutex<Slots>,
    freed: Condvar,
    leaked: Mutex<Vec<Vec<u8>>>,
    files: Mutex<Vec<std::fs::File>>,
    overload: Mutex<Overload>,
}

/// Who may work: tickets are taken in the order of coming.
#[derive(Default)]
struct Slots {
    next: u64,
    served: u64,
}

#[derive(Default)]
struct Overload {
    window: u64,
    seen: u64,
    until: Option<Instant>,
}

impl State {
    pub(crate) fn new(script: Script) -> Self {
        Self {
            script,
            began: Instant::now(),
            requests: AtomicU64::new(0),
            slots: Mutex::default(),
            freed: Condvar::new(),
            leaked: Mutex::default(),
            files: Mutex::default(),
            overload: Mutex::default(),
        }
    }

    /// How many requests there have been.
    pub(crate) fn count(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Everything that a request waits for; gives its number, counted from 1.
    pub(crate) fn work(&self, path: &str) -> u64 {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let script = &self.script;
        if script.die_after > 0 && number >= script.die_after {
            println!("served: out of luck at request {number}");
            std::process::abort();
        }
        self.leak(number);
        self.stall();
        if self.overloaded() {
            sleep_us(script.overload_ms * 1000);
        }
        if script.slow_path.as_deref() == Some(path) {
            sleep_us(script.slow_ms * 1000);
        }
        if script.slots > 0 {
            self.in_a_slot();
        }
        sleep_us(script.delay_us);
        number
    }

    fn leak(&self, number: u64) {
        let script = &self.script;
        if script.leak_bytes > 0 && (script.leak_until == 0 || number <= script.leak_until) {
            let mut leaked = self.leaked.lock().expect("no panic");
            // Written to, so that it is resident.
            leaked.push(vec![1; script.leak_bytes]);
            if script.collect_every > 0 && number.is_multiple_of(script.collect_every) {
                leaked.clear();
            }
        }
        if number == 1 {
            let opened = (0..script.keep_descriptors).filter_map(|_| std::fs::File::open("/dev/null").ok());
            self.files.lock().expect("no panic").extend(opened);
        }
        let every = self.script.leak_descriptors_every;
        if every > 0
            && number.is_multiple_of(every)
            && let Ok(file) = std::fs::File::open("/dev/null")
        {
            self.files.lock().expect("no panic").push(file);
        }
    }

    fn stall(&self) {
        let (every, length) = (self.script.stall_every_ms, self.script.stall_ms);
        if every > 0 {
            let at_us = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(0) % (every * 1000);
            // The first period begins with half of it in which nothing stalls.
            let into = (at_us + every * 500) % (every * 1000);
            if into < length * 1000 {
                sleep_us(length * 1000 - into);
            }
        }
    }

    fn overloaded(&self) -> bool {
        if self.script.overload_above == 0 {
            return false;
        }
        let mut overload = self.overload.lock().expect("no panic");
        let window = u64::try_from(self.began.elapsed().as_millis() / 100).unwrap_or(0);
        if window != overload.window {
            (overload.window, overload.seen) = (window, 0);
        }
        overload.seen += 1;
        if overload.seen * 10 > self.script.overload_above {
            overload.until = Some(Instant::now() + Duration::from_millis(self.script.recover_ms));
        }
        overload.until.is_some_and(|until| Instant::now() < until)
    }

    fn in_a_slot(&self) {
        let mut slots = self.slots.lock().expect("no panic");
        let ticket = slots.next;
        slots.next += 1;
        let mut slots =
            self.freed.wait_while(slots, |slots| ticket >= slots.served + self.script.slots).expect("no panic");
        let _held = &mut slots;
        drop(slots);
        sleep_us(self.script.work_ms * 1000);
        self.slots.lock().expect("no panic").served += 1;
        self.freed.notify_all();
    }
}

/// Sleeps, and not much longer.
pub(crate) fn sleep_us(us: u64) {
    if us > 0 {
        std::thread::sleep(Duration::from_micros(us));
    }
}
