//! Who sends what: flows that are due are given to connections, or wait for one. Its tasks are in [`super::worker`].

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::arrivals::Dice;
use super::flow::ReadyStep;
use super::pace::Alarm;
use super::pool::{Arrival, Lane, Later, Run, Turns, Waiting, Worker, pause};
use super::shared::Seats;
use super::tally::Tally;
use super::work::{Prepared, Work};

/// So many connections are made at once: fewer than the shortest queue of a listening socket, which would drop more for a second.
const DIALS_MAX: usize = 32;

/// What all workers and the clock share. All of it is used by one thread.
pub(super) struct Crew {
    pub(super) work: Work,
    pub(super) alarm: Alarm,
    pub(super) tally: RefCell<Tally>,
    pub(super) lanes: RefCell<Vec<Lane>>,
    pub(super) later: RefCell<Later>,
    turns: RefCell<Turns>,
    /// Who shares a connection.
    pub(super) seats: Seats,
    pub(super) dials: Semaphore,
    /// Requests on their way.
    pub(super) in_flight: Cell<u64>,
    /// Flows that were started.
    started: Cell<u64>,
    /// So many users are there now; those with higher numbers stop.
    pub(super) users: Cell<usize>,
    /// The stage that is running.
    pub(super) stage: Cell<usize>,
    /// Connections that are being made before the clock starts.
    pub(super) opening: Cell<usize>,
    /// Those that have been.
    pub(super) opened: Cell<u64>,
    /// The first that could not be made: its target, and why.
    pub(super) refused: RefCell<Option<(usize, String)>>,
    /// Connections made again because the server had closed them.
    pub(super) reconnects: Cell<u64>,
}

impl Crew {
    /// A crew without workers.
    pub(super) fn new(work: &Work) -> io::Result<Self> {
        let Prepared { names, targets, .. } = &*work.0;
        let shown = targets.iter().map(|(name, _)| name.clone()).collect();
        Ok(Self {
            work: work.clone(),
            alarm: Alarm::new()?,
            tally: RefCell::new(Tally::new(names.clone(), shown)),
            lanes: RefCell::new(targets.iter().map(|_| Lane::default()).collect()),
            later: RefCell::default(),
            turns: RefCell::new(Turns::new(targets.iter().map(|(_, weight)| *weight))),
            seats: Seats::new(targets.len(), work.0.streams),
            dials: Semaphore::new(DIALS_MAX),
            in_flight: Cell::new(0),
            started: Cell::new(0),
            users: Cell::new(0),
            stage: Cell::new(0),
            opening: Cell::new(0),
            opened: Cell::new(0),
            refused: RefCell::default(),
            reconnects: Cell::new(0),
        })
    }

    /// The target whose turn it is.
    pub(super) fn turn(&self) -> usize {
        self.turns.borrow_mut().next()
    }

    /// An arrival of the open model, which is due.
    pub(super) fn arrive(&self, intended: Instant, now: Instant) {
        let target = self.turn();
        let number = self.started.replace(self.started.get() + 1);
        let mut arrival = Arrival { number, intended, stage: 0, delay: Duration::ZERO };
        if !self.work.0.flows.iter().any(|flow| !flow.steps[0].think_time.1.is_zero()) {
            (arrival.stage, arrival.delay) = self.due(intended, now);
            return self.offer(target, Waiting::New(arrival), now);
        }
        let mut run = self.run(arrival, target, now);
        run.intended += self.pause(&run);
        self.later.borrow_mut().push(run);
    }

    /// Lets those go on whose pause is over.
    pub(super) fn resume(&self, users: &[Rc<Worker>], now: Instant) {
        loop {
            let Some(mut run) = self.later.borrow_mut().due(now) else { return };
            if let Some(user) = run.user.filter(|user| *user >= self.users.get()) {
                users[user].busy.set(false);
                continue;
            }
            (run.stage, run.delay) = self.due(run.intended, now);
            match run.user {
                Some(user) => users[user].hand(Run { handed: now, ..run }),
                None => self.offer(run.target, Waiting::Going(Box::new(run)), now),
            }
        }
    }

    /// A user begins.
    pub(super) fn begin(&self, user: &Worker, now: Instant) {
        user.busy.set(true);
        let mut run = self.start(user.target, Some(user.number), now);
        let pause = self.pause(&run);
        if pause.is_zero() {
            (run.stage, run.delay) = self.due(now, now);
            user.hand(run);
        } else {
            run.intended += pause;
            self.later.borrow_mut().push(run);
        }
    }

    /// Counts a request that is due, and says to which stage it belongs and how much too late the generator woke for it.
    pub(super) fn due(&self, intended: Instant, now: Instant) -> (u32, Duration) {
        let stage = self.stage.get();
        self.tally.borrow_mut().intended(stage);
        (u32::try_from(stage).unwrap_or(u32::MAX), now.saturating_duration_since(intended))
    }

    /// Gives work to a free connection, or lets it wait for one.
    fn offer(&self, target: usize, waiting: Waiting, now: Instant) {
        let lane = &mut self.lanes.borrow_mut()[target];
        match lane.free() {
            Some(worker) => worker.hand(self.taken(waiting, target, now)),
            None => {
                if let Err(waiting) = lane.wait(waiting) {
                    self.tally.borrow_mut().dropped(waiting.stage());
                }
            }
        }
    }

    /// Nobody waits for a connection any longer.
    pub(super) fn give_up(&self) {
        for waiting in self.lanes.borrow_mut().iter_mut().flat_map(Lane::give_up) {
            self.tally.borrow_mut().dropped(waiting.stage());
        }
    }

    pub(super) fn taken(&self, waiting: Waiting, target: usize, now: Instant) -> Run {
        match waiting {
            Waiting::New(arrival) => self.run(arrival, target, now),
            Waiting::Going(run) => Run { handed: now, ..*run },
        }
    }

    pub(super) fn start(&self, target: usize, user: Option<usize>, now: Instant) -> Run {
        let number = self.started.replace(self.started.get() + 1);
        Run { user, ..self.run(Arrival { number, intended: now, stage: 0, delay: Duration::ZERO }, target, now) }
    }

    fn run(&self, arrival: Arrival, target: usize, now: Instant) -> Run {
        let Arrival { number, intended, stage, delay } = arrival;
        let flows = &self.work.0.flows;
        let flow = if flows.len() == 1 {
            0
        } else {
            let all = flows.iter().map(|flow| u64::from(flow.weight)).sum();
            let mut at = Dice::new(self.work.0.seed, number).below(all, 0);
            let own = flows.iter().position(|flow| match at.checked_sub(flow.weight.into()) {
                Some(rest) => {
                    at = rest;
                    false
                }
                None => true,
            });
            own.unwrap_or(0)
        };
        let session = flows[flow].session();
        Run { number, flow, step: 0, session, stage, intended, handed: now, delay, target, user: None }
    }

    pub(super) fn step(&self, run: &Run) -> &ReadyStep {
        &self.work.0.flows[run.flow].steps[run.step]
    }

    pub(super) fn pause(&self, run: &Run) -> Duration {
        let bounds = self.step(run).think_time;
        if bounds.0 == bounds.1 {
            return bounds.0;
        }
        // The first throw chooses the flow.
        pause(bounds, Dice::new(self.work.0.seed, run.number).below(1_000_000, 1 + run.step))
    }
}
