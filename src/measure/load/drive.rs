//! A drive of load: stages in their order, each request at its intended time, and what all of them came to.
#![expect(clippy::disallowed_methods, reason = "what keeps a schedule reads the clock")]

use std::collections::BTreeMap;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions};

use crate::config::scenario::Level;
use crate::measure::stop::Stop;
use crate::model::sample::Histogram;

use super::arrivals::{Arrivals, Ramp};
use super::crew::Crew;
use super::pool::Worker;
use super::record::{Recorded, Snapshot};
use super::schedule::{Planned, Stages};
use super::tally::Course;
use super::work::Work;

/// How often what is not due at a moment is looked at: requests without a reply in time, the user's wish to stop, the number of users.
const TICK: Duration = Duration::from_millis(10);
/// How often a watcher hears.
const SNAPSHOT: Duration = Duration::from_millis(250);

/// Why load could not be driven.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The system gives no timer or no sockets.
    #[error("start the generator of load")]
    Generator(#[from] io::Error),
    /// A target that takes no connections.
    #[error("connect to {target}: {reason}")]
    Connect {
        /// The target.
        target: String,
        /// The reason.
        reason: String,
    },
}

impl DriveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Generator(_) => Some("raise the limit of open files (`ulimit -n`)".to_owned()),
            Self::Connect { .. } => Some("start the service first, or open fewer connections than it takes".to_owned()),
        }
    }
}

/// Drives load until the last stage is over and its replies are there, or the user wishes to stop; then what there is by then is given. `watch` is called
/// four times a second by the thread that makes the load: it must not wait for anything.
pub fn drive(
    work: &Work,
    stages: &mut dyn Stages,
    stop: &Stop,
    watch: &(dyn Fn(&Snapshot) + Sync),
) -> Result<Recorded, DriveError> {
    let mut builder = Builder::new_current_thread();
    builder.enable_io();
    // Nothing on the way of a request uses it.
    #[cfg(not(target_os = "linux"))]
    builder.enable_time();
    let runtime = builder.build_local(LocalOptions::default())?;
    runtime.block_on(async {
        let now = Instant::now();
        let driver = Driver {
            work,
            stop,
            watch,
            crew: Rc::new(Crew::new(work)?),
            arrivals: Arrivals::new(work.0.arrivals, work.0.seed),
            pool: Vec::new(),
            users: Vec::new(),
            total: stages.total(),
            started: None,
            level: (Level::Rate(0.0), false),
            tick_at: now,
            snapshot_at: now,
            lost: Duration::ZERO,
            counted: Used::default(),
        };
        driver.run(stages).await
    })
}

struct Driver<'a> {
    work: &'a Work,
    stop: &'a Stop,
    watch: &'a (dyn Fn(&Snapshot) + Sync),
    crew: Rc<Crew>,
    arrivals: Arrivals,
    /// Connections of the open model.
    pool: Vec<Rc<Worker>>,
    /// Users of the closed model.
    users: Vec<Rc<Worker>>,
    total: Option<Duration>,
    /// When the first stage began.
    started: Option<Instant>,
    /// The level now, and whether it counts.
    level: (Level, bool),
    tick_at: Instant,
    snapshot_at: Instant,
    /// How much of a stage the generator slept through.
    lost: Duration,
    counted: Used,
}

/// Time and CPU time of stages that count.
#[derive(Default)]
struct Used {
    wall: Duration,
    cpu: Duration,
}

impl Driver<'_> {
    async fn run(mut self, stages: &mut dyn Stages) -> Result<Recorded, DriveError> {
        let mut counted = false;
        while !self.stop.is_set() {
            let batch = self.batch(stages, counted);
            counted = batch.last().is_some_and(|planned| planned.counts);
            if batch.is_empty() {
                break;
            }
            self.staff(&batch).await?;
            let courses = self.play(&batch).await?;
            self.drain().await?;
            self.crew.tally.borrow_mut().settle(&courses);
        }
        let Self { crew, counted, .. } = self;
        let tally = crew.tally.replace(super::tally::Tally::new(Vec::new(), Vec::new()));
        let cpu = counted.cpu.as_secs_f64() / counted.wall.as_secs_f64();
        let generator_cpu = if cpu.is_finite() { cpu } else { 0.0 };
        let (connections_opened, reconnects) = (crew.opened.get(), crew.reconnects.get());
        Ok(Recorded { connections_opened, reconnects, generator_cpu, ..tally.finish() })
    }

    /// The stages until the next one that waits for replies.
    fn batch(&self, stages: &mut dyn Stages, counted: bool) -> Vec<Planned> {
        let tally = self.crew.tally.borrow();
        let mut batch: Vec<_> = stages.next(tally.last().filter(|_| counted)).into_iter().collect();
        while !batch.is_empty() && !stages.waits() {
            match stages.next(None) {
                Some(planned) => batch.push(planned),
                None => break,
            }
        }
        batch
    }

    /// Makes the connections that these stages need, before their clock starts.
    async fn staff(&mut self, batch: &[Planned]) -> Result<(), DriveError> {
        let targets = &self.work.0.targets;
        let is_open = batch.iter().any(|planned| matches!(planned.from, Level::Rate(_)));
        let mut fresh = Vec::new();
        if is_open && self.pool.is_empty() {
            let weights: usize = targets.iter().map(|(_, weight)| *weight as usize).sum();
            for (target, (_, weight)) in targets.iter().enumerate() {
                let share = (self.work.0.connections * *weight as usize / weights).max(1) * self.work.0.streams;
                let shared = || self.crew.seats.take(target);
                self.pool.extend((0..share).map(|_| Rc::new(Worker::new(0, target, false, shared()))));
            }
            fresh.extend_from_slice(&self.pool);
        }
        let users = batch.iter().map(|planned| match planned.from {
            Level::Users(from) => whole(from).max(whole(planned.to)),
            Level::Rate(_) => 0,
        });
        for number in self.users.len()..users.max().unwrap_or(0) {
            let target = self.crew.turn();
            let user = Rc::new(Worker::new(number, target, true, self.crew.seats.take(target)));
            self.users.push(Rc::clone(&user));
            fresh.push(user);
        }
        self.crew.opening.set(fresh.len());
        for worker in fresh {
            drop(tokio::task::spawn_local(Rc::clone(&self.crew).serve(worker)));
        }
        while self.crew.opening.get() > 0 && !self.stop.is_set() {
            self.tick(Instant::now());
            self.wait(None).await?;
        }
        match self.crew.refused.take() {
            Some((target, reason)) => Err(DriveError::Connect { target: targets[target].0.clone(), reason }),
            None => Ok(()),
        }
    }

    /// Plays stages one after the other without a pause. What each of them was.
    async fn play(&mut self, batch: &[Planned]) -> Result<Vec<Course>, DriveError> {
        let mut start = Instant::now();
        self.started.get_or_insert(start);
        let mut courses = Vec::new();
        for (stage, planned) in batch.iter().enumerate() {
            if self.stop.is_set() {
                break;
            }
            self.crew.tally.borrow_mut().begin(planned.counts, start);
            self.crew.stage.set(stage);
            self.lost = Duration::ZERO;
            let cpu = thread_cpu();
            let end = self.hold(planned, start).await?;
            self.crew.tally.borrow_mut().end(stage);
            let (level, duration) = (with(planned.from, planned.to), end - start);
            if planned.counts {
                self.counted.wall += duration;
                self.counted.cpu += thread_cpu().saturating_sub(cpu);
            }
            courses.push(Course { level, duration, lost: self.lost });
            start = end;
        }
        Ok(courses)
    }

    /// Plays one stage: all that is due in it is sent. When it ended.
    async fn hold(&mut self, planned: &Planned, start: Instant) -> Result<Instant, DriveError> {
        let from = match planned.from {
            Level::Rate(level) | Level::Users(level) => level,
        };
        let ramp = Ramp { from, to: planned.to, duration: planned.duration };
        let is_open = matches!(planned.from, Level::Rate(_));
        let end = start + planned.duration;
        let mut next = if is_open { self.arrivals.next(&ramp) } else { None };
        let crew = Rc::clone(&self.crew);
        if is_open {
            // Users of the stage before.
            crew.users.set(0);
        }
        self.tick_at = start;
        loop {
            let now = Instant::now();
            while let Some(intended) = next.map(|after| start + after).filter(|intended| *intended <= now) {
                crew.arrive(intended, now);
                next = self.arrivals.next(&ramp);
            }
            crew.resume(&self.users, now);
            if now >= end {
                return Ok(end);
            }
            if self.stop.is_set() {
                return Ok(now);
            }
            if now >= self.tick_at {
                let level = ramp.level(now.saturating_duration_since(start));
                if !is_open {
                    let asleep = now.saturating_duration_since(self.tick_at);
                    self.lost += if asleep > TICK && self.tick_at > start { asleep } else { Duration::ZERO };
                    self.people(whole(level), now);
                }
                self.level = (with(planned.from, level), planned.counts);
                self.tick(now);
            }
            let due = [next.map(|after| start + after), crew.later.borrow().next(), Some(end)];
            self.wait(due.into_iter().flatten().min()).await?;
        }
    }

    /// Lets so many users be there.
    fn people(&self, users: usize, now: Instant) {
        self.crew.users.set(users);
        for user in self.users.iter().take(users).filter(|user| !user.busy.get()) {
            self.crew.begin(user, now);
        }
    }

    /// Waits for the replies of what has been sent, and for those who wait for a connection, but for the latter no longer than a request may take.
    async fn drain(&mut self) -> Result<(), DriveError> {
        self.crew.users.set(0);
        self.crew.later.borrow_mut().clear();
        let end = Instant::now() + self.work.0.timeout;
        loop {
            let now = Instant::now();
            self.tick(now);
            if self.stop.is_set() || self.crew.tally.borrow().is_settled() {
                break;
            }
            if now >= end {
                self.crew.give_up();
                // What is on its way has had its time, or was sent too late to have it.
                self.workers().for_each(|worker| worker.expire(now + self.work.0.timeout));
            }
            self.wait(None).await?;
        }
        self.crew.give_up();
        self.users.iter().for_each(|user| user.busy.set(false));
        Ok(())
    }

    /// What is done from time to time: requests whose time is over end, and the watcher hears.
    fn tick(&mut self, now: Instant) {
        self.tick_at = now + TICK;
        self.workers().for_each(|worker| worker.expire(now));
        let Some(started) = self.started.filter(|_| now >= self.snapshot_at) else { return };
        self.snapshot_at = now.max(self.snapshot_at + SNAPSHOT);
        let (level, counts) = self.level;
        let mut snapshot = Snapshot {
            elapsed: now.saturating_duration_since(started),
            total: self.total,
            warming_up: !counts,
            level,
            ended: 0,
            errors: BTreeMap::new(),
            in_flight: self.crew.in_flight.get(),
            recent: Histogram::default(),
            lag_max: Duration::ZERO,
        };
        self.crew.tally.borrow_mut().snapshot(&mut snapshot);
        (self.watch)(&snapshot);
    }

    fn workers(&self) -> impl Iterator<Item = &Rc<Worker>> {
        self.pool.iter().chain(&self.users)
    }

    /// Waits for `due` or for the next tick, whichever is first.
    async fn wait(&self, due: Option<Instant>) -> Result<(), DriveError> {
        self.crew.alarm.by(due.map_or(self.tick_at, |due| due.min(self.tick_at)))?;
        Ok(self.crew.alarm.wait().await?)
    }
}

/// A level as a number of users.
fn whole(level: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a level is neither negative nor huge")]
    let users = level.round() as usize;
    users
}

/// Another level of the same unit.
fn with(unit: Level, level: f64) -> Level {
    match unit {
        Level::Rate(_) => Level::Rate(level),
        Level::Users(_) => Level::Users(level),
    }
}

/// CPU time of this thread so far.
fn thread_cpu() -> Duration {
    #[cfg(unix)]
    let used =
        Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)).unwrap_or_default();
    #[cfg(not(unix))]
    let used = Duration::ZERO;
    used
}
