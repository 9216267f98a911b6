//! Probes: readers of something beside latency while a scenario runs, each in a thread of its own. Refuses to know what load is made.
#![expect(clippy::disallowed_methods, reason = "looks at fixed times")]

mod mysql;
mod postgres;
mod prometheus;
mod sql;

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::probe::DatabaseKind;
use crate::config::scenario::Address;
use crate::config::service::Service;
use crate::model::exhibit::EXHIBITS_MAX;
use crate::model::{Exhibit, Name};

use super::bench::Reading;
use super::load::record::Recorded;
use super::surroundings::Surroundings;
use postgres::Postgres;

/// One reader. It lives in a thread of its own, so it may wait; what makes load never waits for it, but for [`Probe::end`] and what follows.
pub(in crate::measure) trait Probe {
    /// How often [`Probe::look`] is called from then on until the load ends; `None` for never.
    fn every(&self) -> Option<Duration>;

    /// What counts begins now: the warm-up is over.
    fn begin(&mut self);

    /// A look while load that counts runs.
    fn look(&mut self);

    /// The load has ended; the service still runs.
    fn end(&mut self);

    /// Whether the flows are to be walked alone after the load, and how often.
    fn walks(&self) -> u32;

    /// A request of a walk is about to be sent, and nothing else is on its way.
    fn before_step(&mut self);

    /// That request has its reply. It is the request of this benchmark.
    fn after_step(&mut self, step: &Name);

    /// The service has ended. What it all says.
    fn finish(&mut self, seen: &Seen) -> Probed;
}

/// What probes are told of the round when it is over.
#[derive(Clone, Debug)]
pub(in crate::measure) struct Seen {
    /// The scenario.
    pub(in crate::measure) suite: Name,
    /// The benchmark that stands for the whole scenario.
    pub(in crate::measure) whole: Name,
    /// Requests that ended from [`Probe::begin`] to [`Probe::end`].
    pub(in crate::measure) requests: u64,
    /// Requests that failed when they were walked alone, and those of their flow that follow: what was counted of them is not to be told.
    pub(in crate::measure) unwalked: BTreeSet<Name>,
}

/// What a probe gives.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::measure) struct Probed {
    /// Metrics.
    pub(in crate::measure) readings: Vec<Reading>,
    /// What explains them.
    pub(in crate::measure) exhibits: Vec<Exhibit>,
    /// What could not be read, a sentence each: shown as coverage trouble. No secret is in it.
    pub(in crate::measure) missing: Vec<String>,
    /// What must be known to read the numbers, a sentence each: shown as notices. No secret is in it.
    pub(in crate::measure) notes: Vec<String>,
}

/// Why a probe cannot read what it is for. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProbeError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
}

/// What the thread of a probe is told.
enum Told {
    Begin,
    End(Sender<()>),
    BeforeStep(Sender<()>),
    AfterStep(Name, Sender<()>),
    Finish(Box<Seen>),
}

/// The thread of one probe.
struct Running {
    tell: Sender<Told>,
    walks: u32,
    thread: JoinHandle<Probed>,
}

/// All probes of a service, reading.
#[derive(Default)]
pub(in crate::measure) struct Probes {
    running: Vec<Running>,
}

impl Probes {
    /// Opens the probes of a service that is ready. Each is tried before any load is made, so that what cannot be read is said at once.
    pub(in crate::measure) fn open(
        service: &Service,
        addresses: &[Address],
        surroundings: &Surroundings,
    ) -> Result<Self, ProbeError> {
        let mut probes = Self::default();
        if let Some(endpoint) = service.probes.prometheus.clone() {
            let (service, addresses) = (service.name.clone(), addresses.to_vec());
            probes.start(move || prometheus::Endpoint::open(&service, endpoint, &addresses))?;
        }
        for database in &service.probes.databases {
            let url = sql::url(database, service, &surroundings.environment)?;
            let database = database.clone();
            match database.kind {
                DatabaseKind::Postgres => probes.start(move || Postgres::open(&database, &url))?,
                DatabaseKind::Mysql => {
                    let service = service.name.clone();
                    probes.start(move || mysql::Mysql::open(&database, &url, &service))?;
                }
            }
        }
        Ok(probes)
    }

    /// Starts a probe in a thread of its own. `open` is called there, for what holds a connection may not leave its thread.
    fn start<P: Probe>(
        &mut self,
        open: impl FnOnce() -> Result<P, ProbeError> + Send + 'static,
    ) -> Result<(), ProbeError> {
        let (tell, told) = channel();
        let (opened, is_open) = channel();
        let thread = std::thread::spawn(move || match open() {
            Err(error) => {
                let _gone = opened.send(Err(error));
                Probed::default()
            }
            Ok(probe) => {
                let _gone = opened.send(Ok(probe.walks()));
                live(probe, &told)
            }
        });
        let ended = || ProbeError { message: "a probe ended at once".to_owned(), hint: "report this".to_owned() };
        let walks = is_open.recv().map_err(|_| ended())??;
        self.running.push(Running { tell, walks, thread });
        Ok(())
    }

    /// Says that what counts begins now. Returns at once.
    pub(in crate::measure) fn counts_from_now(&self) {
        for one in &self.running {
            let _gone = one.tell.send(Told::Begin);
        }
    }

    /// Says that the load has ended, and waits until each has looked once more.
    pub(in crate::measure) fn load_ended(&self) {
        self.all(Told::End);
    }

    /// How often the flows are to be walked alone.
    pub(in crate::measure) fn walks(&self) -> u32 {
        self.running.iter().map(|one| one.walks).max().unwrap_or(0)
    }

    /// Says that a request of a walk is about to be sent.
    pub(in crate::measure) fn before_step(&self) {
        self.all(Told::BeforeStep);
    }

    /// Says that it has its reply.
    pub(in crate::measure) fn after_step(&self, step: &Name) {
        self.all(|done| Told::AfterStep(step.clone(), done));
    }

    /// Says that the service has ended, and gives what all probes saw.
    pub(in crate::measure) fn finish(self, seen: &Seen) -> Probed {
        let mut all = Probed::default();
        for one in self.running {
            let _gone = one.tell.send(Told::Finish(Box::new(seen.clone())));
            drop(one.tell);
            let Ok(probed) = one.thread.join() else {
                all.missing.push("a probe broke off".to_owned());
                continue;
            };
            all.readings.extend(probed.readings);
            all.exhibits.extend(probed.exhibits);
            all.missing.extend(probed.missing);
            all.notes.extend(probed.notes);
        }
        all.exhibits.truncate(EXHIBITS_MAX);
        all
    }

    /// Tells all of them at once, and waits until each has done what it was told.
    fn all(&self, told: impl Fn(Sender<()>) -> Told) {
        let waited: Vec<Receiver<()>> = self
            .running
            .iter()
            .map(|one| {
                let (done, is_done) = channel();
                let _gone = one.tell.send(told(done));
                is_done
            })
            .collect();
        for one in waited {
            // A probe that broke off is told of at the end.
            let _done = one.recv();
        }
    }
}

/// What the thread of a probe does until it is dropped or has to finish.
fn live(mut probe: impl Probe, told: &Receiver<Told>) -> Probed {
    let mut looks: Option<(Instant, Duration)> = None;
    loop {
        let next = match looks {
            Some((at, _)) => told.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match next {
            Ok(Told::Begin) => {
                probe.begin();
                looks = probe.every().map(|every| (Instant::now() + every, every));
            }
            Ok(Told::End(done)) => {
                looks = None;
                probe.end();
                let _gone = done.send(());
            }
            Ok(Told::BeforeStep(done)) => {
                probe.before_step();
                let _gone = done.send(());
            }
            Ok(Told::AfterStep(step, done)) => {
                probe.after_step(&step);
                let _gone = done.send(());
            }
            Ok(Told::Finish(seen)) => return probe.finish(&seen),
            Err(RecvTimeoutError::Timeout) => {
                probe.look();
                looks = looks.map(|(at, every)| ((at + every).max(Instant::now()), every));
            }
            Err(RecvTimeoutError::Disconnected) => return Probed::default(),
        }
    }
}

/// What is set in databases of a service before it connects to them, until this is dropped.
pub(in crate::measure) fn before_start(
    service: &Service,
    surroundings: &Surroundings,
) -> Result<Vec<mysql::Settings>, ProbeError> {
    let databases = service.probes.databases.iter().filter(|database| database.slow_log);
    databases.map(|database| mysql::arm(database, &sql::url(database, service, &surroundings.environment)?)).collect()
}

/// The requests that ended while what counts was kept.
pub(in crate::measure) fn counted(recorded: &Recorded) -> u64 {
    recorded.stretches.iter().flat_map(|stretch| stretch.steps.values()).map(|step| step.ended).sum()
}
