//! Looks after a service while load runs: whether it lives, what it writes and uses, whether it answers. Refuses to end it.
#![expect(clippy::disallowed_methods, reason = "looks at fixed times")]

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::scenario::Chaos;
use crate::config::service::Service;
use crate::measure::load::record::{Usage, UsagePoint};
use crate::measure::stop::Stop;

use super::error::ServiceError;
use super::instance::{Instance, Which};
use super::probe;
use super::usage::{Used, of_trees};

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How often its health is asked for, and how long an answer may take.
const HEALTH: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(2);
/// How many checks in a row must fail: one may be lost in a crowd.
const FAILED_CHECKS: u32 = 3;
/// The most points that are kept, two hours of them; then every second one goes, and from then on half as many come.
const POINTS_MAX: usize = 36_000;

/// The watch over all instances. What it looks after is ended when it is dropped.
pub(super) struct Watch {
    shared: Arc<Shared>,
    /// Dropping these ends the threads.
    ends: Vec<Sender<()>>,
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
    course: Mutex<Course>,
}

/// What was used, at which time.
struct Course {
    counts_from: Instant,
    points: Vec<(Instant, Used)>,
    /// One look in so many is kept.
    every: u64,
    looks: u64,
    /// CPU time of instances that were killed.
    gone_cpu_s: f64,
}

impl Watch {
    /// Begins to look after instances that are ready.
    pub(super) fn begin(service: &Service, instances: Vec<Instance>, stop: &Stop) -> Self {
        let asked: Vec<(String, u16)> = instances.iter().map(|one| (one.name().to_owned(), one.port())).collect();
        let course = Course { counts_from: Instant::now(), points: Vec::new(), every: 1, looks: 0, gone_cpu_s: 0.0 };
        let shared = Arc::new(Shared {
            instances: Mutex::new(instances),
            log_bytes_max: service.log_bytes_max,
            trouble: Mutex::new(None),
            over: stop.within(),
            course: Mutex::new(course),
        });
        let mut watch = Self { shared: Arc::clone(&shared), ends: Vec::new(), threads: Vec::new(), kill: None };
        watch.thread(LOOK, move || shared.look());
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

    /// Does this again and again until the watch ends, first at once.
    fn thread(&mut self, every: Duration, mut look: impl FnMut() + Send + 'static) {
        let (end, ended): (_, Receiver<()>) = channel();
        self.ends.push(end);
        self.threads.push(std::thread::spawn(move || {
            let mut next = Instant::now();
            loop {
                look();
                next = (next + every).max(Instant::now());
                let left = next.saturating_duration_since(Instant::now());
                if ended.recv_timeout(left) == Err(RecvTimeoutError::Disconnected) {
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

    /// Times count from then on.
    pub(super) fn counts_from(&self, time: Instant) {
        locked(&self.shared.course).counts_from = time;
    }

    /// What was used so far.
    pub(super) fn usage(&self) -> Usage {
        locked(&self.shared.course).usage()
    }

    /// Ends the watch, and gives back what it looked after.
    pub(super) fn end(&mut self) -> Vec<Instance> {
        self.ends.clear();
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
        let keepers: Vec<u32> =
            locked(&self.instances).iter().filter(|one| !one.is_killed()).map(Instance::keeper).collect();
        if let Some(used) = of_trees(&keepers) {
            locked(&self.course).take(used, Instant::now());
        }
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
        if let Some(used) = of_trees(&[last.keeper()]) {
            locked(&self.course).gone_cpu_s += used.cpu_s;
        }
        let killed = last.kill();
        let which = last.which();
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

impl Course {
    fn take(&mut self, mut used: Used, now: Instant) {
        used.cpu_s += self.gone_cpu_s;
        if self.looks.is_multiple_of(self.every) {
            self.points.push((now, used));
        }
        self.looks += 1;
        if self.points.len() >= POINTS_MAX {
            let mut keep = false;
            self.points.retain(|_| {
                keep = !keep;
                keep
            });
            self.every *= 2;
        }
    }

    fn usage(&self) -> Usage {
        let seconds = |time: Instant| match time.checked_duration_since(self.counts_from) {
            Some(since) => since.as_secs_f64(),
            None => -self.counts_from.duration_since(time).as_secs_f64(),
        };
        let point = |(time, used): &(Instant, Used)| UsagePoint {
            seconds: seconds(*time),
            anonymous_bytes: used.anonymous_bytes,
            descriptors: used.descriptors,
            threads: used.threads,
        };
        let cpu_s = match self.points.as_slice() {
            // A child whose parent does not wait for it takes its time along.
            [(_, first), .., (_, last)] => (last.cpu_s - first.cpu_s).max(0.0),
            _ => 0.0,
        };
        Usage { points: self.points.iter().map(point).collect(), cpu_s }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_of_days_stays_small_and_even() {
        let began = Instant::now();
        let mut course = Course {
            counts_from: began + Duration::from_secs(10),
            points: Vec::new(),
            every: 1,
            looks: 0,
            gone_cpu_s: 0.0,
        };
        for look in 0..200_000_u32 {
            let used = Used { cpu_s: f64::from(look), ..Used::default() };
            course.take(used, began + look * LOOK);
        }
        let usage = course.usage();
        assert!((POINTS_MAX / 2 - 1..POINTS_MAX).contains(&usage.points.len()), "{}", usage.points.len());
        assert!((usage.points[0].seconds + 10.0).abs() < 1e-6, "the warm-up is before 0");
        let steps: Vec<f64> = usage.points.windows(2).map(|pair| pair[1].seconds - pair[0].seconds).collect();
        assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-6), "{:?}", &steps[..3]);
        assert!(usage.cpu_s > 199_000.0);
    }
}
