//! Those who send: one task a connection, which takes what is due, sends it, waits for the reply and counts it.
#![expect(clippy::disallowed_methods, reason = "what sends says when")]

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use super::connect::Connection;
use super::crew::Crew;
use super::exchange::{ExchangeError, Keep, Reply, Request};
use super::pool::{Run, Worker};
use super::record::{ErrorKind, is_late};
use super::shared::Got;
use super::tally::Ended;

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
    /// The life of a worker.
    pub(super) async fn serve(self: Rc<Self>, me: Rc<Worker>) {
        let mut connection = None;
        if !self.work.0.connector.once() {
            match self.dial(&me).await {
                Ok(opened) => {
                    connection = Some(opened);
                    self.opened.set(self.opened.get() + u64::from(me.shared.is_none()));
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
        let opened = within(me, pin!(self.open(me))).await;
        me.expect_by(None);
        opened.unwrap_or(Err(ExchangeError::Timeout))
    }

    /// The worker's connection, made where nobody has made it.
    async fn open(&self, me: &Worker) -> Result<Connection, ExchangeError> {
        let open = self.work.0.connector.open(me.target);
        let Some(shared) = &me.shared else { return open.await };
        let (connection, got) = shared.get(open).await?;
        self.opened.set(self.opened.get() + u64::from(got == Got::First));
        self.reconnects.set(self.reconnects.get() + u64::from(got == Got::Again));
        Ok(connection)
    }

    /// A connection of one's own was lost. Who shares one counts when it is made again.
    fn lost(&self, me: &Worker) {
        self.reconnects.set(self.reconnects.get() + u64::from(me.shared.is_none()));
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
                    self.lost(me);
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
            (run.stage, run.delay) = self.due(done, done);
        }
    }

    /// Sends one request and counts it. When it ended, and whether it failed.
    async fn request(&self, me: &Worker, run: &mut Run, connection: &mut Option<Connection>) -> (Instant, bool) {
        let sent = Instant::now();
        let (timeout, step) = (self.step(run).timeout, self.step(run).name);
        let stage = run.stage as usize;
        self.in_flight.set(self.in_flight.get() + 1);
        self.tally.borrow_mut().sent(stage, self.in_flight.get());
        let mut sums = Sums { done: None, bytes_in: 0, bytes_out: 0 };
        me.expect_by(Some(sent + timeout));
        let ended = within(me, pin!(self.perform(me, run, connection, &mut sums))).await;
        me.expect_by(None);
        if ended.is_none() {
            // Half a reply may be on it.
            *connection = None;
        }
        let failed = ended.unwrap_or(Err(ErrorKind::Timeout)).err();
        let done = sums.done.unwrap_or_else(Instant::now);
        self.in_flight.set(self.in_flight.get() - 1);
        let Sums { bytes_in, bytes_out, .. } = sums;
        let (target, intended) = (me.target, run.intended);
        let ended = Ended { stage, step, target, intended, sent, done, failed, bytes_in, bytes_out };
        let mut tally = self.tally.borrow_mut();
        tally.ended(&ended);
        if is_late(run.delay + sent.saturating_duration_since(run.handed), done.saturating_duration_since(intended)) {
            tally.late(stage);
        }
        (done, failed.is_some())
    }

    async fn perform(
        &self,
        me: &Worker,
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
            let reply = self.exchange(me, connection, &request, step.keep()).await.map_err(|error| kind(&error))?;
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
        me: &Worker,
        connection: &mut Option<Connection>,
        request: &Request,
        keep: Keep,
    ) -> Result<Reply, ExchangeError> {
        let mut again = false;
        loop {
            let open = match connection {
                Some(open) => open,
                None => connection.insert(self.open(me).await?),
            };
            let error = match open.exchange(request, keep, self.work.0.reply_bytes_max).await {
                Ok(reply) if reply.reusable => return Ok(reply),
                Ok(reply) => {
                    *connection = None;
                    if !self.work.0.connector.once() {
                        self.lost(me);
                    }
                    return Ok(reply);
                }
                Err(error) => error,
            };
            *connection = None;
            match error {
                ExchangeError::Stale if !again => again = true,
                error => return Err(error),
            }
            self.lost(me);
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
async fn within<T>(me: &Worker, mut future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
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
