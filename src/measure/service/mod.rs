//! A service while it runs: started for each arm and round afresh, awaited, watched, stopped with everything that it started. Refuses to know what load
//! it gets.
#![expect(clippy::disallowed_methods, reason = "takes the time of what it sees")]

mod course;
mod error;
mod holder;
mod instance;
mod keeper;
mod probe;
mod usage;
mod watch;

use std::time::{Duration, Instant};

use crate::config::scenario::{Address, Chaos, Origin};
use crate::config::service::Service;

use super::load::record::Usage;
use super::process::tree::Tree;
use super::stop::Stop;
use super::suite::Place;
use super::surroundings::Surroundings;
use instance::{Instance, Which};
use watch::Watch;

pub use error::ServiceError;
pub use keeper::keep;

/// How often an instance is started again because somebody else took its port before it could.
const PORT_ATTEMPTS_MAX: u32 = 3;
/// How long instances may take to end once the user wants to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A service that takes requests. Nothing of it is left when it is dropped.
pub struct Running {
    addresses: Vec<Address>,
    stop_within: Duration,
    outer: Stop,
    watch: Watch,
}

impl Running {
    /// Starts all instances and waits until each is ready. Where one is not, all are ended before this returns.
    pub fn start(service: &Service, place: &Place, surroundings: &Surroundings) -> Result<Self, ServiceError> {
        if surroundings.stop.is_set() {
            return Err(ServiceError::Stopped);
        }
        let ports = free_ports(service, service.instances)?;
        let mut instances = Vec::new();
        let ready = (0..).zip(ports).try_for_each(|(number, port)| {
            instances.push(Instance::start(service, Which { number, port }, place, surroundings)?);
            Ok(())
        });
        let ready = ready.and_then(|()| {
            (0..)
                .zip(&mut instances)
                .try_for_each(|(number, one)| await_ready(one, number, service, place, surroundings))
        });
        if let Err(error) = ready {
            // Why it did not start is worth more than what it left.
            let _left = end(&mut instances, service.stop_within, &surroundings.stop);
            return Err(error);
        }
        let address = |instance: &Instance| Address {
            origin: Origin::Tcp { tls: false, host: "127.0.0.1".to_owned(), port: instance.port() },
            weight: 1,
        };
        Ok(Self {
            addresses: instances.iter().map(address).collect(),
            stop_within: service.stop_within,
            outer: surroundings.stop.clone(),
            watch: Watch::begin(service, instances, &surroundings.stop),
        })
    }

    /// Where its instances are, in their order.
    pub fn addresses(&self) -> Vec<Address> {
        self.addresses.clone()
    }

    /// A flag that is set when the user wants to stop or the service is of no use any more: what drives load at it should end then.
    pub fn over(&self) -> Stop {
        self.watch.over()
    }

    /// Says that what counts begins now: the times of [`Self::usage`] are seconds since then, before that negative.
    pub fn counts_from_now(&self) {
        self.watch.counts_from(Instant::now());
    }

    /// Makes ready to do this to it; [`Self::disturb_in`] says when.
    pub fn prepare(&mut self, chaos: Chaos, service: &Service, place: &Place, surroundings: &Surroundings) {
        let (service, place, surroundings) = (service.clone(), place.clone(), surroundings.clone());
        let start_again = move |which: Which, over: &Stop| {
            let surroundings = Surroundings { stop: over.clone(), ..surroundings };
            let mut instance = Instance::start(&service, which, &place, &surroundings)?;
            instance.await_ready(&service, &surroundings).map(|()| instance)
        };
        self.watch.prepare_kill(chaos, Box::new(start_again));
    }

    /// Kills an instance after this time, where that was made ready.
    pub fn disturb_in(&self, time: Duration) {
        self.watch.kill_at(Instant::now() + time);
    }

    /// Says that the load has ended: what it uses from then on does not count.
    pub fn load_ended(&self) {
        self.watch.load_ended();
    }

    /// Waits so long until it has given back what it took for the load, our connections closed: descriptors, threads, connections. Shorter where it has, and where it is
    /// over. What is left then is in [`Self::usage`].
    pub fn rest(&self, time: Duration) {
        if !time.is_zero() {
            self.watch.rest(time);
        }
    }

    /// What it used so far, since it was ready; no points where that cannot be known.
    pub fn usage(&self) -> Usage {
        self.watch.usage()
    }

    /// What went wrong since it was ready: it ended, it is unhealthy, it wrote too much. The first of these.
    pub fn trouble(&self) -> Option<ServiceError> {
        self.watch.trouble()
    }

    /// Asks it to end, makes it end where it does not, and says what is left of it all the same.
    pub fn stop(mut self) -> Result<(), ServiceError> {
        let mut instances = self.watch.end();
        end(&mut instances, self.stop_within, &self.outer)
    }
}

fn free_ports(service: &Service, count: u32) -> Result<Vec<u16>, ServiceError> {
    probe::free_ports(count).map_err(|error| ServiceError::Start {
        service: format!("`{}`", service.name),
        why: format!("no free port: {error}"),
        hint: "end what holds the ports of the machine".to_owned(),
    })
}

/// Waits until an instance is ready; where it ended because somebody took its port first, starts it again with another one.
fn await_ready(
    instance: &mut Instance,
    number: u32,
    service: &Service,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<(), ServiceError> {
    for attempt in 1.. {
        let ended = match instance.await_ready(service, surroundings) {
            Err(error @ ServiceError::EndedEarly { .. }) => error,
            other => return other,
        };
        let port = instance.port();
        if attempt == PORT_ATTEMPTS_MAX || instance.end(Instant::now()).is_ok() || !probe::is_taken(port) {
            return Err(ended);
        }
        let port = free_ports(service, 1)?.first().copied().unwrap_or_default();
        *instance = Instance::start(service, Which { number, port }, place, surroundings)?;
    }
    unreachable!("the last attempt returns")
}

/// Asks all instances to end, and makes those end that do not within the time. The first that leaves something is named.
fn end(instances: &mut [Instance], within: Duration, stop: &Stop) -> Result<(), ServiceError> {
    let within = match (Tree::CAN_BE_ASKED, stop.is_set()) {
        (false, _) => Duration::ZERO,
        (true, true) => within.min(GRACE),
        (true, false) => within,
    };
    let by = Instant::now() + within;
    for instance in &mut *instances {
        instance.ask_to_end();
    }
    let ended: Vec<Result<(), ServiceError>> = instances.iter_mut().map(|instance| instance.end(by)).collect();
    ended.into_iter().collect()
}
