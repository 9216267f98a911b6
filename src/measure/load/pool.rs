//! Who has a connection and who waits for one. No clock and no sockets: connections are the workers'.

use std::cell::{Cell, RefCell};
use std::collections::{BinaryHeap, VecDeque};
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};

use super::flow::Session;
use super::shared::Shared;

/// The most arrivals that wait for a connection, some 30 MiB; more are dropped at once.
const WAITING_MAX: usize = 1 << 20;

/// One connection's place: what its task is told from outside.
pub(super) struct Worker {
    /// Which one it is; in a closed model the number of the user.
    pub(super) number: usize,
    /// Its target.
    pub(super) target: usize,
    /// Whether it is a user, who gets nobody else's requests.
    pub(super) is_user: bool,
    /// The connection that it shares with others, where it does.
    pub(super) shared: Option<Rc<Shared>>,
    /// Whether a user has begun and not stopped, be it that he pauses.
    pub(super) busy: Cell<bool>,
    /// What it is to do next.
    task: RefCell<Option<Run>>,
    waker: RefCell<Option<Waker>>,
    /// When the request that is on its way has taken too long.
    deadline: Cell<Option<Instant>>,
    expired: Cell<bool>,
}

/// One start of a flow, on its way through its steps.
pub(super) struct Run {
    /// How many were started before it.
    pub(super) number: u64,
    /// Its flow.
    pub(super) flow: usize,
    /// The next step.
    pub(super) step: usize,
    /// What it remembers.
    pub(super) session: Session,
    /// The stage that the next request belongs to.
    pub(super) stage: u32,
    /// When the next request is meant to be sent.
    pub(super) intended: Instant,
    /// When it was given to a connection.
    pub(super) handed: Instant,
    /// How much too late the generator woke for it.
    pub(super) delay: Duration,
    /// Its target.
    pub(super) target: usize,
    /// The user that it is, in a closed model.
    pub(super) user: Option<usize>,
}

/// An arrival that waits: what a run is made of once there is a connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Arrival {
    /// How many came before it.
    pub(super) number: u64,
    /// When it was meant to be sent.
    pub(super) intended: Instant,
    /// Its stage.
    pub(super) stage: u32,
    /// How much too late the generator woke for it.
    pub(super) delay: Duration,
}

/// Someone who waits for a connection.
pub(super) enum Waiting {
    /// A flow that has not begun.
    New(Arrival),
    /// A flow in its middle.
    Going(Box<Run>),
}

/// The connections of one target. The one used last is used first, so that those which are not needed stay idle.
#[derive(Default)]
pub(super) struct Lane {
    free: Vec<Rc<Worker>>,
    waiting: VecDeque<Waiting>,
}

impl Worker {
    /// A worker with nothing to do.
    pub(super) fn new(number: usize, target: usize, is_user: bool, shared: Option<Rc<Shared>>) -> Self {
        Self {
            number,
            target,
            is_user,
            shared,
            busy: Cell::new(false),
            task: RefCell::new(None),
            waker: RefCell::new(None),
            deadline: Cell::new(None),
            expired: Cell::new(false),
        }
    }

    /// Gives it something to do.
    pub(super) fn hand(&self, run: Run) {
        self.task.replace(Some(run));
        self.wake();
    }

    /// What it is to do.
    pub(super) fn take(&self) -> Option<Run> {
        self.task.take()
    }

    /// Says whom to wake where there is something to do or no time left.
    pub(super) fn wake_by(&self, waker: &Waker) {
        let mut known = self.waker.borrow_mut();
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    /// A request is on its way, or none.
    pub(super) fn expect_by(&self, deadline: Option<Instant>) {
        self.deadline.set(deadline);
        self.expired.set(false);
    }

    /// Whether the request on its way has taken too long.
    pub(super) fn expired(&self) -> bool {
        self.expired.get()
    }

    /// Ends the request on its way where its time is over by `now`.
    pub(super) fn expire(&self, now: Instant) {
        if self.deadline.get().is_some_and(|deadline| deadline <= now) {
            self.deadline.set(None);
            self.expired.set(true);
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}

impl Waiting {
    /// The stage that it belongs to.
    pub(super) fn stage(&self) -> usize {
        match self {
            Self::New(arrival) => arrival.stage as usize,
            Self::Going(run) => run.stage as usize,
        }
    }
}

impl Lane {
    /// The connection to use, where one is free.
    pub(super) fn free(&mut self) -> Option<Rc<Worker>> {
        self.free.pop()
    }

    /// Puts someone at the end of the queue, or gives him back where it is full.
    pub(super) fn wait(&mut self, waiting: Waiting) -> Result<(), Waiting> {
        if self.waiting.len() >= WAITING_MAX {
            return Err(waiting);
        }
        self.waiting.push_back(waiting);
        Ok(())
    }

    /// Who has waited longest; where nobody waits the worker is free.
    pub(super) fn next(&mut self, worker: &Rc<Worker>) -> Option<Waiting> {
        let next = self.waiting.pop_front();
        if next.is_none() {
            self.free.push(Rc::clone(worker));
        }
        next
    }

    /// The worker is not free any more.
    pub(super) fn withdraw(&mut self, worker: &Rc<Worker>) {
        self.free.retain(|free| !Rc::ptr_eq(free, worker));
    }

    /// All who wait. Nobody does then.
    pub(super) fn give_up(&mut self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.waiting)
    }
}

/// Runs that go on later, the earliest first.
#[derive(Default)]
pub(super) struct Later(BinaryHeap<Pausing>);

struct Pausing(Run);

impl Later {
    /// Goes on when it is meant to.
    pub(super) fn push(&mut self, run: Run) {
        self.0.push(Pausing(run));
    }

    /// When the earliest goes on.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|pausing| pausing.0.intended)
    }

    /// The earliest, where it goes on by `now`.
    pub(super) fn due(&mut self, now: Instant) -> Option<Run> {
        if self.next()? <= now { self.0.pop().map(|pausing| pausing.0) } else { None }
    }

    /// None of them goes on.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Ord for Pausing {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The heap gives the greatest first.
        (other.0.intended, other.0.number).cmp(&(self.0.intended, self.0.number))
    }
}

impl PartialOrd for Pausing {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pausing {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Pausing {}

/// Targets in turn, each as often as its weight says and as evenly as that goes.
pub(super) struct Turns {
    weights: Vec<i64>,
    credits: Vec<i64>,
}

impl Turns {
    /// Turns of targets of these weights, at least one.
    pub(super) fn new(weights: impl Iterator<Item = u32>) -> Self {
        let weights: Vec<_> = weights.map(i64::from).collect();
        Self { credits: vec![0; weights.len()], weights }
    }

    /// Whose turn it is: each gets its weight, who has most pays for all.
    pub(super) fn next(&mut self) -> usize {
        if self.weights.len() == 1 {
            return 0;
        }
        for (credit, weight) in self.credits.iter_mut().zip(&self.weights) {
            *credit += weight;
        }
        let most = (0..self.credits.len()).rev().max_by_key(|target| self.credits[*target]).unwrap_or(0);
        self.credits[most] -= self.weights.iter().sum::<i64>();
        most
    }
}

/// How long to pause between both bounds, at this place in [0, 1000000) between them.
pub(super) fn pause(bounds: (Duration, Duration), millionths: u64) -> Duration {
    let span = bounds.1.saturating_sub(bounds.0);
    bounds.0 + span.mul_f64(millionths as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_take_turns_by_weight_and_evenly() {
        let mut turns = Turns::new([3, 1].into_iter());
        assert_eq!([(); 8].map(|()| turns.next()), [0, 0, 1, 0, 0, 0, 1, 0]);
        let mut turns = Turns::new([1, 1, 1].into_iter());
        assert_eq!([(); 6].map(|()| turns.next()), [0, 1, 2, 0, 1, 2]);
        assert_eq!([(); 2].map(|()| Turns::new([7].into_iter()).next()), [0, 0]);
    }

    #[test]
    fn the_connection_used_last_is_used_first_and_who_waits_is_served_in_turn() {
        let workers: Vec<_> = (0..3).map(|number| Rc::new(Worker::new(number, 0, false, None))).collect();
        let mut lane = Lane::default();
        for worker in &workers {
            assert!(lane.next(worker).is_none());
        }
        lane.withdraw(&workers[1]);
        assert_eq!([(); 3].map(|()| lane.free().map(|worker| worker.number)), [Some(2), Some(0), None]);
    }

    #[test]
    fn a_pause_lies_between_its_bounds() {
        let bounds = (Duration::from_secs(1), Duration::from_secs(3));
        assert_eq!(pause(bounds, 0), Duration::from_secs(1));
        assert_eq!(pause(bounds, 500_000), Duration::from_secs(2));
        assert_eq!(pause((Duration::ZERO, Duration::ZERO), 999_999), Duration::ZERO);
    }
}
