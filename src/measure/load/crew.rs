//! Those who send: one task a connection, which takes what is due, sends it, waits for the reply and counts it.
#![expect(clippy::disallowed_methods, reason = "what sends says when")]

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::arrivals::Dice;
use super::connect::Connection;
use super::exchange::{ExchangeError, Keep, Reply, Request};
use super::flow::ReadyStep;
use super::pace::Alarm;
use super::pool::{Arrival, Lane, Later, Run, Turns, Waiting, Worker, pause};
use super::record::{ErrorKind, LATE};
use super::tally::{Ended, Tally};
use super::work::{Prepared, Work};

/// So many connections are made at once: fewer than the shortest queue of a listening socket, which would drop more for a second.
const DIALS_MAX: usize = 32;

/// What all workers and the clock share. All of it is used by one thread.
pub(super) struct Crew {
    work: Work,
    pub(super) alarm: Alarm,
    pub(super) tally: RefCell<Tally>,
    pub(super) lanes: RefCell<Vec<Lane>>,
    pub(super) later: RefCell<Later>,
    turns: RefCell<Turns>,
    dials: Semaphore,
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

/// What a request came to.
struct Sums {
    done: Option<Instant>,
    bytes_in: u64,
    bytes_out: u64,
}

/// What ends the idling of a worker.
enum Woken {
    Task(Run),
    Closed,
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
        let mut arrival = Arrival { number, intended, stage: 0, late: false };
        if !self.work.0.flows.iter().any(|flow| !flow.steps[0].think_time.1.is_zero()) {
            (arrival.stage, arrival.late) = self.due(intended, now);
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
            (run.stage, run.late) = self.due(run.intended, now);
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
            (run.stage, run.late) = self.due(now, now);
            user.hand(run);
        } else {
            run.intended += pause;
            self.later.borrow_mut().push(run);
        }
    }

    /// Counts a request that is due, and says to which stage it belongs and whether the generator is late with it.
    fn due(&self, intended: Instant, now: Instant) -> (u32, bool) {
        let mut tally = self.tally.borrow_mut();
        let stage = self.stage.get();
        tally.intended(stage);
        let late = now.saturating_duration_since(intended) > LATE;
        if late {
            tally.late(stage);
        }
        (u32::try_from(stage).unwrap_or(u32::MAX), late)
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

    fn taken(&self, waiting: Waiting, target: usize, now: Instant) -> Run {
        match waiting {
            Waiting::New(arrival) => self.run(arrival, target, now),
            Waiting::Going(run) => Run { handed: now, ..*run },
        }
    }

    fn start(&self, target: usize, user: Option<usize>, now: Instant) -> Run {
        let number = self.started.replace(self.started.get() + 1);
        Run { user, ..self.run(Arrival { number, intended: now, stage: 0, late: false }, target, now) }
    }

    fn run(&self, arrival: Arrival, target: usize, now: Instant) -> Run {
        let Arrival { number, intended, stage, late } = arrival;
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
        Run { number, flow, step: 0, session, stage, intended, handed: now, late, target, user: None }
    }

    fn step(&self, run: &Run) -> &ReadyStep {
        &self.work.0.flows[run.flow].steps[run.step]
    }

    fn pause(&self, run: &Run) -> Duration {
        let bounds = self.step(run).think_time;
        if bounds.0 == bounds.1 {
            return bounds.0;
        }
        // The first throw chooses the flow.
        pause(bounds, Dice::new(self.work.0.seed, run.number).below(1_000_000, 1 + run.step))
    }

    /// The life of a worker.
    pub(super) async fn serve(self: Rc<Self>, me: Rc<Worker>) {
        let mut connection = None;
        if !self.work.0.connector.once() {
            match self.dial(&me).await {
                Ok(opened) => {
                    connection = Some(opened);
                    self.opened.set(self.opened.get() + 1);
                }
                Err(error) => {
                    self.refused.borrow_mut().get_or_insert((me.target, error.reason()));
                }
            }
        }
        self.opening.set(self.opening.get() - 1);
        loop {
            let run = self.next(&me, &mut connection).await;
            self.go(&me, run, &mut connection).await;
        }
    }

    async fn dial(&self, me: &Worker) -> Result<Connection, ExchangeError> {
        let _turn = self.dials.acquire().await.map_err(|error| ExchangeError::Connect(error.to_string()))?;
        me.expect_by(Some(Instant::now() + self.work.0.timeout));
        let opened = within(me, self.work.0.connector.open(me.target)).await;
        me.expect_by(None);
        opened.unwrap_or(Err(ExchangeError::Timeout))
    }

    /// What is to be done next. While there is nothing, an idle connection that the server closes is made again: a pause of the service ends with
    /// many requests at once, and they would all have to connect.
    async fn next(&self, me: &Rc<Worker>, connection: &mut Option<Connection>) -> Run {
        loop {
            if !me.is_user {
                let waiting = self.lanes.borrow_mut()[me.target].next(me);
                if let Some(waiting) = waiting {
                    return self.taken(waiting, me.target, Instant::now());
                }
            }
            match idle(me, connection).await {
                Woken::Task(run) => return run,
                Woken::Closed => {
                    self.lanes.borrow_mut()[me.target].withdraw(me);
                    self.reconnects.set(self.reconnects.get() + 1);
                    *connection = self.dial(me).await.ok();
                    if let Some(run) = me.take() {
                        return run;
                    }
                }
            }
        }
    }

    /// Sends what is due of a flow, step after step as long as there is no pause, and for a user flow after flow.
    async fn go(&self, me: &Rc<Worker>, mut run: Run, connection: &mut Option<Connection>) {
        loop {
            let (done, failed) = self.request(me, &mut run, connection).await;
            if run.user.is_some_and(|user| user >= self.users.get()) {
                return me.busy.set(false);
            }
            run.step += 1;
            if failed || run.step == self.work.0.flows[run.flow].steps.len() {
                let Some(user) = run.user else { return };
                run = self.start(run.target, Some(user), done);
            }
            let pause = self.pause(&run);
            run.intended = done + pause;
            if !pause.is_zero() {
                // The alarm of a broken timer ends the drive by itself.
                self.alarm.by(run.intended).ok();
                return self.later.borrow_mut().push(run);
            }
            run.handed = done;
            (run.stage, run.late) = self.due(done, done);
        }
    }

    /// Sends one request and counts it. When it ended, and whether it failed.
    async fn request(&self, me: &Worker, run: &mut Run, connection: &mut Option<Connection>) -> (Instant, bool) {
        let sent = Instant::now();
        let (timeout, step) = (self.step(run).timeout, self.step(run).name);
        let stage = run.stage as usize;
        self.in_flight.set(self.in_flight.get() + 1);
        {
            let mut tally = self.tally.borrow_mut();
            tally.sent(stage, self.in_flight.get());
            if !run.late && sent.saturating_duration_since(run.handed) > LATE {
                tally.late(stage);
            }
        }
        let mut sums = Sums { done: None, bytes_in: 0, bytes_out: 0 };
        me.expect_by(Some(sent + timeout));
        let ended = within(me, self.perform(me.target, run, connection, &mut sums)).await;
        me.expect_by(None);
        let failed = ended.unwrap_or(Err(ErrorKind::Timeout)).err();
        let done = sums.done.unwrap_or_else(Instant::now);
        self.in_flight.set(self.in_flight.get() - 1);
        let Sums { bytes_in, bytes_out, .. } = sums;
        let (target, intended) = (me.target, run.intended);
        let ended = Ended { stage, step, target, intended, sent, done, failed, bytes_in, bytes_out };
        self.tally.borrow_mut().ended(&ended);
        (done, failed.is_some())
    }

    async fn perform(
        &self,
        target: usize,
        run: &mut Run,
        connection: &mut Option<Connection>,
        sums: &mut Sums,
    ) -> Result<(), ErrorKind> {
        let step = self.step(run);
        // What cannot be filled in came out of an earlier reply.
        let mut request = step.request(&run.session).map_err(|_| ErrorKind::Check)?;
        let mut redirects = 0;
        loop {
            sums.done = None;
            let reply = self.exchange(target, connection, &request, step.keep()).await.map_err(|error| kind(&error))?;
            sums.done = Some(reply.done);
            sums.bytes_in += reply.bytes_in;
            sums.bytes_out += reply.bytes_out;
            self.tally.borrow_mut().replied(run.stage as usize, step.name, reply.status);
            let next =
                if redirects < step.redirects { step.redirect(&mut run.session, &request, &reply) } else { None };
            match next {
                Some(next) => request = Cow::Owned(next),
                None => return step.receive(&mut run.session, &reply),
            }
            redirects += 1;
        }
    }

    /// One exchange; once more where the server had closed the idle connection.
    async fn exchange(
        &self,
        target: usize,
        connection: &mut Option<Connection>,
        request: &Request,
        keep: Keep,
    ) -> Result<Reply, ExchangeError> {
        let mut again = false;
        loop {
            // Taken out, so that a request whose time is over does not leave half a reply behind.
            let mut open = match connection.take() {
                Some(open) => open,
                None => self.work.0.connector.open(target).await?,
            };
            match open.exchange(request, keep, self.work.0.reply_bytes_max).await {
                Ok(reply) if reply.reusable => {
                    *connection = Some(open);
                    return Ok(reply);
                }
                Ok(reply) => {
                    self.reconnects.set(self.reconnects.get() + u64::from(!self.work.0.connector.once()));
                    return Ok(reply);
                }
                Err(ExchangeError::Stale) if !again => {
                    again = true;
                    self.reconnects.set(self.reconnects.get() + 1);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

async fn idle(me: &Worker, connection: &mut Option<Connection>) -> Woken {
    let mut closed = pin!(async {
        match connection {
            Some(connection) => connection.closed().await,
            None => std::future::pending().await,
        }
    });
    poll_fn(|context| {
        if let Some(run) = me.take() {
            return Poll::Ready(Woken::Task(run));
        }
        me.wake_by(context.waker());
        closed.as_mut().poll(context).map(|()| Woken::Closed)
    })
    .await
}

/// What `future` gives; `None` where the worker's time is over first. A sweep looks at the time of all workers, which costs a request nothing.
async fn within<T>(me: &Worker, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        if me.expired() {
            return Poll::Ready(None);
        }
        me.wake_by(context.waker());
        Poll::Pending
    })
    .await
}

fn kind(error: &ExchangeError) -> ErrorKind {
    match error {
        ExchangeError::Timeout => ErrorKind::Timeout,
        ExchangeError::Connect(_) | ExchangeError::Stale | ExchangeError::Broken(_) | ExchangeError::Protocol(_) => {
            ErrorKind::Connect
        }
    }
}
