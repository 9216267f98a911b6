//! Looks after a service while load runs: whether it lives, what it writes and uses, whether it answers. Refuses to end it.
#![expect(clippy::disallowed_methods, reason = "looks at fixed times")]

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::config::service::Service;
use crate::measure::load::record::{Usage, UsagePoint};
use crate::measure::stop::Stop;

use super::error::ServiceError;
use super::instance::Instance;
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
}

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
}

impl Watch {
    /// Begins to look after instances that are ready.
    pub(super) fn begin(service: &Service, instances: Vec<Instance>, stop: &Stop) -> Self {
        let asked: Vec<(String, u16)> = instances.iter().map(|one| (one.name().to_owned(), one.port())).collect();
        let course = Course { counts_from: Instant::now(), points: Vec::new(), every: 1, looks: 0 };
        let shared = Arc::new(Shared {
            instances: Mutex::new(instances),
            log_bytes_max: service.log_bytes_max,
            trouble: Mutex::new(None),
            over: stop.within(),
            course: Mutex::new(course),
        });
        let mut watch = Self { shared: Arc::clone(&shared), ends: Vec::new(), threads: Vec::new() };
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
        let keepers: Vec<u32> = locked(&self.instances).iter().map(Instance::keeper).collect();
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

    /// Asks one instance for its health.
    fn ask(&self, name: &str, port: u16, path: &str, failed: &mut u32) {
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
    fn take(&mut self, used: Used, now: Instant) {
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
        let mut course =
            Course { counts_from: began + Duration::from_secs(10), points: Vec::new(), every: 1, looks: 0 };
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
