//! Looks after a service while load runs: whether it lives, what it writes and uses, whether it answers. Refuses to end it.
#![expect(clippy::disallowed_methods, reason = "looks at fixed times")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::scenario::Chaos;
use crate::config::service::Service;
use crate::measure::load::record::{Left, Usage};
use crate::measure::stop::Stop;

use super::course::{Course, held};
use super::error::ServiceError;
use super::instance::{Instance, Which};
use super::probe;
use super::usage::{Meter, Metered, Trees, own_cpu, proportional_bytes};

/// How often it is looked at, and how often what adds up and its sockets are, which cost more.
const LOOK: Duration = Duration::from_millis(100);
const METER: Duration = Duration::from_secs(1);
/// The most that each of these may take of a core, so that both together stay below 1 %: what costs more, as with thousands of threads, is done less often.
const COST_SHARE_MAX: f64 = 0.0045;
/// How often a service that rests is looked at.
const REST_LOOK: Duration = Duration::from_millis(200);
/// How often its health is asked for, and how long an answer may take.
const HEALTH: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(2);
/// How many checks in a row must fail: one may be lost in a crowd.
const FAILED_CHECKS: u32 = 3;
/// A service that has given everything back.
const NOTHING: Left = Left { descriptors: 0, threads: 0, connections: Some(0) };

/// The watch over all instances. What it looks after is ended when it is dropped.
pub(super) struct Watch {
    shared: Arc<Shared>,
    /// Whoever sends makes a thread look at once; dropping these ends them.
    tells: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
    /// Takes the moment at which an instance is to be killed.
    kill: Option<Sender<Instant>>,
}

/// Starts an instance again with its number and port, and waits until it is ready.
pub(super) type StartAgain = Box<dyn FnOnce(Which, &Stop) -> Result<Instance, ServiceError> + Send>;

struct Shared {
    instances: Mutex<Vec<Instance>>,
    log_bytes_max: u64,
    trouble: Mutex<Option<ServiceError>>,
    /// Set when there is trouble, or the user wants to stop.
    over: Stop,
    /// Whether an instance was killed on purpose.
    killed: AtomicBool,
    ports: Vec<u16>,
    trees: Mutex<Trees>,
    meter: Mutex<Meter>,
    course: Mutex<Course>,
}

impl Watch {
    /// Begins to look after instances that are ready.
    pub(super) fn begin(service: &Service, instances: Vec<Instance>, stop: &Stop) -> Self {
        let asked: Vec<(String, u16)> = instances.iter().map(|one| (one.name().to_owned(), one.port())).collect();
        let shared = Arc::new(Shared {
            ports: instances.iter().map(Instance::port).collect(),
            trees: Mutex::default(),
            meter: Mutex::default(),
            instances: Mutex::new(instances),
            log_bytes_max: service.log_bytes_max,
            trouble: Mutex::new(None),
            over: stop.within(),
            killed: AtomicBool::new(false),
            course: Mutex::new(Course::new(Instant::now())),
        });
        let mut watch = Self { shared: Arc::clone(&shared), tells: Vec::new(), threads: Vec::new(), kill: None };
        // What it holds before any load, whatever the threads come to.
        shared.look();
        shared.meter();
        watch.thread(LOOK, move || shared.look());
        let shared = Arc::clone(&watch.shared);
        watch.thread(METER, move || shared.meter());
        if let Some(path) = service.health.clone() {
            let shared = Arc::clone(&watch.shared);
            let mut failed = vec![0; asked.len()];
            watch.thread(HEALTH, move || {
                for ((name, port), failed) in asked.iter().zip(&mut failed) {
                    shared.ask(name, *port, &path, failed);
                }
            });
        }
        watch
    }

    /// Does this again and again until the watch ends, first at once, and less often where it costs much.
    fn thread(&mut self, every: Duration, mut look: impl FnMut() + Send + 'static) {
        let (tell, told): (_, Receiver<()>) = channel();
        self.tells.push(tell);
        self.threads.push(std::thread::spawn(move || {
            let mut next = Instant::now();
            loop {
                let (began, spent) = (Instant::now(), own_cpu());
                look();
                let cost = own_cpu().saturating_sub(spent);
                next = (next + every).max(Instant::now()).max(began + cost.div_f64(COST_SHARE_MAX));
                let left = next.saturating_duration_since(Instant::now());
                if told.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
                    break;
                }
            }
        }));
    }

    /// Makes ready to kill the last instance at the moment that [`Self::kill_at`] says, and to start it again where that is planned.
    pub(super) fn prepare_kill(&mut self, chaos: Chaos, start_again: StartAgain) {
        let (kill, told) = channel::<Instant>();
        self.kill = Some(kill);
        let shared = Arc::clone(&self.shared);
        self.threads.push(std::thread::spawn(move || {
            let Ok(at) = told.recv() else { return };
            if !waited_until(at, &told) {
                return;
            }
            let Some(which) = shared.kill_last() else { return };
            let Some(back_after) = chaos.back_after else { return };
            if waited_until(at + back_after, &told) {
                shared.bring_back(which, start_again);
            }
        }));
    }

    /// Says when the instance is killed. Does nothing where that was not made ready.
    pub(super) fn kill_at(&self, at: Instant) {
        if let Some(kill) = &self.kill {
            let _gone = kill.send(at);
        }
    }

    /// Set when there is trouble, or the user wants to stop.
    pub(super) fn over(&self) -> Stop {
        self.shared.over.clone()
    }

    /// The first trouble since it began; looks once more, as what ended just now may not have been seen yet.
    pub(super) fn trouble(&self) -> Option<ServiceError> {
        self.shared.look_for_trouble();
        locked(&self.shared.trouble).clone()
    }

    /// Times count from then on. Returns at once.
    pub(super) fn counts_from(&self, time: Instant) {
        locked(&self.shared.course).counts_from = Some(time);
        for tell in &self.tells {
            let _over = tell.send(());
        }
    }

    /// What counts has ended.
    pub(super) fn load_ended(&self) {
        let now = Instant::now();
        locked(&self.shared.course).ended = Some(now);
        let metered = self.shared.metered();
        let proportional_bytes = proportional_bytes(&self.shared.keepers());
        let mut course = locked(&self.shared.course);
        course.proportional_bytes = proportional_bytes;
        if let Some(metered) = metered {
            course.metered.mark(metered, now);
        }
    }

    /// Waits so long, or until it has given back what it took for the load, or it is over.
    pub(super) fn rest(&self, time: Duration) {
        let until = Instant::now() + time;
        loop {
            let Some(used) = locked(&self.shared.trees).used(&self.shared.keepers(), &self.shared.ports) else {
                return;
            };
            let holds = held(&used, self.shared.metered().as_ref());
            let mut course = locked(&self.shared.course);
            course.rested = Some(holds);
            let back = course.left(&holds).is_none_or(|left| left == Left::default() || left == NOTHING);
            drop(course);
            let left = until.saturating_duration_since(Instant::now());
            if back || left.is_zero() || self.shared.over.is_set() {
                return;
            }
            std::thread::sleep(REST_LOOK.min(left));
        }
    }

    /// What was used so far; nothing where an instance was killed, which takes its counts along.
    pub(super) fn usage(&self) -> Usage {
        if self.shared.killed.load(Ordering::SeqCst) {
            return Usage::default();
        }
        let course = locked(&self.shared.course);
        let meter = locked(&self.shared.meter);
        course.usage(|after, up_to| meter.opened(after, up_to))
    }

    /// Ends the watch, and gives back what it looked after.
    pub(super) fn end(&mut self) -> Vec<Instance> {
        self.tells.clear();
        if self.kill.take().is_some() {
            // An instance that is being started again is not waited for.
            self.shared.over.set();
        }
        for thread in self.threads.drain(..) {
            let _panicked = thread.join();
        }
        std::mem::take(&mut *locked(&self.shared.instances))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.end());
    }
}

impl Shared {
    /// Looks for trouble, and takes down what is used.
    fn look(&self) {
        self.look_for_trouble();
        let now = Instant::now();
        if let Some(used) = locked(&self.trees).used(&self.keepers(), &self.ports) {
            locked(&self.course).used.take(used, now);
        }
    }

    /// The processes around the instances that there are now.
    fn keepers(&self) -> Vec<u32> {
        locked(&self.instances).iter().map(Instance::keeper).collect()
    }

    /// Takes down what adds up.
    fn meter(&self) {
        let now = Instant::now();
        if let Some(metered) = self.metered() {
            locked(&self.course).metered.take(metered, now);
        }
    }

    fn metered(&self) -> Option<Metered> {
        locked(&self.meter).look(&self.keepers(), &self.ports)
    }

    fn look_for_trouble(&self) {
        let mut instances = locked(&self.instances);
        if let Some(error) = instances.iter_mut().find_map(Instance::trouble) {
            return self.tell(error);
        }
        if instances.iter().map(Instance::log_bytes).sum::<u64>() > self.log_bytes_max
            && let Some(most) = instances.iter().max_by_key(|instance| instance.log_bytes())
        {
            let (service, limit_bytes) = (most.name().to_owned(), self.log_bytes_max);
            self.tell(ServiceError::Log { service, limit_bytes, tail: most.tail() });
        }
    }

    /// Kills the last instance. Which it was.
    fn kill_last(&self) -> Option<Which> {
        let mut instances = locked(&self.instances);
        let last = instances.last_mut()?;
        self.killed.store(true, Ordering::SeqCst);
        let (killed, which) = (last.kill(), last.which());
        drop(instances);
        if let Err(error) = killed {
            self.tell(error);
        }
        Some(which)
    }

    /// Starts the killed instance again, and takes it under watch once it is ready.
    fn bring_back(&self, which: Which, start_again: StartAgain) {
        match start_again(which, &self.over) {
            Ok(instance) => {
                if let Some(place) = locked(&self.instances).iter_mut().find(|one| one.which() == which) {
                    *place = instance;
                }
            }
            Err(error) if self.over.is_set() || error == ServiceError::Stopped => {}
            Err(error) => self.tell(error),
        }
    }

    /// Asks one instance for its health.
    fn ask(&self, name: &str, port: u16, path: &str, failed: &mut u32) {
        if locked(&self.instances).iter().any(|one| one.port() == port && one.is_killed()) {
            return *failed = 0;
        }
        let last = match probe::status(port, path, ANSWER) {
            Ok(status) if status < 400 => return *failed = 0,
            Ok(status) => format!("`GET {path}` answered {status}"),
            Err(why) => why,
        };
        *failed += 1;
        if *failed >= FAILED_CHECKS {
            // What has ended is no longer unhealthy.
            self.look_for_trouble();
            let tail = locked(&self.instances).iter().find(|one| one.port() == port).map(Instance::tail);
            let (service, tail) = (name.to_owned(), tail.unwrap_or_default());
            self.tell(ServiceError::Unhealthy { service, times: *failed, last, tail });
        }
    }

    /// Keeps the first trouble.
    fn tell(&self, error: ServiceError) {
        locked(&self.trouble).get_or_insert(error);
        self.over.set();
    }
}

/// Waits until a moment. `false` where the watch ends before.
fn waited_until(at: Instant, told: &Receiver<Instant>) -> bool {
    let left = at.saturating_duration_since(Instant::now());
    told.recv_timeout(left) != Err(RecvTimeoutError::Disconnected)
}

/// What a thread that panicked had written is still true.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
