//! Things that are taken and given back, such as connections: who finds none waits for one.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, SemaphorePermit};

pub struct Pool<T> {
    pub size: usize,
    idle: Mutex<Vec<T>>,
    free: Semaphore,
    pub waiting: AtomicUsize,
    /// How long things were taken, and how long others waited for one, in microseconds.
    pub busy_us: AtomicU64,
    pub waited_us: AtomicU64,
}

/// Something taken; it goes back when it is dropped.
pub struct Taken<'a, T> {
    pool: &'a Pool<T>,
    thing: Option<T>,
    since: Instant,
    _permit: SemaphorePermit<'a>,
}

impl<T> Pool<T> {
    pub fn new(things: Vec<T>) -> Self {
        Self {
            size: things.len(),
            free: Semaphore::new(things.len()),
            idle: Mutex::new(things),
            waiting: AtomicUsize::new(0),
            busy_us: AtomicU64::new(0),
            waited_us: AtomicU64::new(0),
        }
    }

    pub async fn take(&self) -> Taken<'_, T> {
        let asked = Instant::now();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let permit = self.free.acquire().await.expect("the pool is never closed");
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let since = Instant::now();
        add(&self.waited_us, asked, since);
        let thing = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Taken { pool: self, thing, since, _permit: permit }
    }

    /// How many are taken.
    pub fn in_use(&self) -> usize {
        self.size - self.free.available_permits()
    }
}

impl<T> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("it is given back only when dropped")
    }
}

impl<T> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner).extend(self.thing.take());
        add(&self.pool.busy_us, self.since, Instant::now());
    }
}

fn add(all: &AtomicU64, from: Instant, to: Instant) {
    all.fetch_add(u64::try_from((to - from).as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
}
