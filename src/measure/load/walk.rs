//! Each flow walked alone, request after request over one connection, so that what a database counts between two of them belongs to one request.
#![expect(clippy::disallowed_methods, reason = "requests take time")]

use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, LocalOptions};
use tokio::time::timeout;

use crate::measure::stop::Stop;
use crate::model::Name;

use super::connect::Connection;
use super::crew::Crew;
use super::drive::DriveError;
use super::pool::{Run, Worker};
use super::work::Work;

/// The longest that all walks may take; what was not walked by then is not.
const LIMIT: Duration = Duration::from_mins(2);
/// How often it is looked at whether the user wishes to stop.
const TICK: Duration = Duration::from_millis(20);

/// Who is told of the requests of walks that count.
pub trait Beside {
    /// A request is about to be sent, and nothing else is on its way.
    fn before(&self);

    /// The request of this step has its reply.
    fn after(&self, step: &Name);
}

/// Walks each flow so many times, and once before that without telling anyone, so that plans and caches are warm. No pauses are made. Gives the steps of
/// which no count may be told: those that failed, and those that follow them in their flow.
pub fn walk(work: &Work, walks: u32, stop: &Stop, beside: &dyn Beside) -> Result<BTreeSet<Name>, DriveError> {
    if walks == 0 {
        return Ok(BTreeSet::new());
    }
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    for flow in &work.0.flows {
        // The same records of its data file each time, however many the load took.
        flow.started.store(0, Ordering::Relaxed);
    }
    runtime.block_on(async {
        let crew = Rc::new(Crew::new(work)?);
        crew.tally.borrow_mut().begin(false, Instant::now());
        let mut walker = Walker {
            crew,
            me: Worker::new(0, 0, true, None),
            connection: None,
            end: Instant::now() + LIMIT,
            stop,
            unwalked: BTreeSet::new(),
        };
        for count in 0..=walks {
            walker.all(beside, count > 0).await;
        }
        Ok(walker.unwalked)
    })
}

struct Walker<'a> {
    crew: Rc<Crew>,
    me: Worker,
    connection: Option<Connection>,
    /// When the time of all walks is over.
    end: Instant,
    stop: &'a Stop,
    unwalked: BTreeSet<Name>,
}

impl Walker<'_> {
    /// Each flow once.
    async fn all(&mut self, beside: &dyn Beside, tells: bool) {
        let work = self.crew.work.clone();
        for (index, flow) in work.0.flows.iter().enumerate() {
            let now = Instant::now();
            let mut run = Run {
                number: 0,
                flow: index,
                step: 0,
                session: flow.session(),
                stage: 0,
                intended: now,
                handed: now,
                delay: Duration::ZERO,
                target: 0,
                user: None,
            };
            let names: Vec<&Name> = flow.steps.iter().filter_map(|step| work.0.names.get(step.name)).collect();
            for (step, name) in names.iter().enumerate() {
                run.step = step;
                let sound = !self.unwalked.contains(*name);
                if tells && sound {
                    beside.before();
                }
                if self.stop.is_set() || !sound || !self.request(&mut run).await {
                    self.unwalked.extend(names.iter().skip(step).map(|name| (*name).clone()));
                    break;
                }
                if tells {
                    beside.after(name);
                }
            }
        }
    }

    /// One request; whether its reply was what it must be.
    async fn request(&mut self, run: &mut Run) -> bool {
        let now = Instant::now();
        (run.stage, run.delay) = self.crew.due(now, now);
        (run.intended, run.handed) = (now, now);
        let end = self.end.min(now + self.crew.step(run).timeout);
        let ended = {
            let mut request = pin!(self.crew.request(&self.me, run, &mut self.connection));
            loop {
                match timeout(TICK, request.as_mut()).await {
                    Ok((_, failed)) => break Some(!failed),
                    Err(_) if self.stop.is_set() || Instant::now() >= end => break None,
                    Err(_) => {}
                }
            }
        };
        if ended.is_none() {
            // Half a reply may be on it.
            self.connection = None;
        }
        ended == Some(true)
    }
}
