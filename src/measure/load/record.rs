//! What a drive of load gives: for each stage and step three distributions, counts, and how well the generator kept its schedule.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::scenario::Level;
use crate::model::Name;
use crate::model::sample::{Histogram, Packed};

/// How a request failed. A word each, in metrics and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// No connection, or a reply that broke off.
    Connect,
    /// No reply in time.
    Timeout,
    /// A status that is an error.
    Status,
    /// A check of the reply that failed.
    Check,
}

impl ErrorKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Connect, Self::Timeout, Self::Status, Self::Check];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Status => "status",
            Self::Check => "check",
        }
    }
}

/// Everything that one drive gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recorded {
    /// What counts, in the order of time; the warm-up is not among it.
    pub stretches: Vec<Stretch>,
    /// The same time cut into windows, without gaps since what counts began, each with its distribution of response times of all steps.
    pub windows: Vec<Window<Packed>>,
    /// How long each window is: [`WINDOW`], or twice as long as often as there were [`WINDOWS_MAX`] of them and neighbours were made one.
    pub window: Duration,
    /// What each target took, in the order in which they were given.
    pub targets: Vec<TargetRecord>,
    /// What each backend took, by name, where a header of replies says which it was.
    pub backends: Vec<TargetRecord>,
    /// Connections that were made before the clock started.
    pub connections_opened: u64,
    /// Connections made again because the server had closed an idle one; not errors.
    pub reconnects: u64,
    /// What the generator itself used of its core, as a fraction.
    pub generator_cpu: f64,
}

impl Recorded {
    /// Calls the targets by their number, where they are instances of a service: their ports are others in each round.
    #[must_use]
    pub fn of_instances(mut self) -> Self {
        for (number, target) in self.targets.iter_mut().enumerate() {
            target.name = format!("instance {number}");
        }
        self
    }
}

/// How long a window is at first: fine enough for the moment at which latency is back after a spike.
pub const WINDOW: Duration = Duration::from_millis(250);
/// Where there are so many windows, each two neighbours become one of twice the length: memory stays flat however long the drive is.
pub const WINDOWS_MAX: usize = 1200;

/// One stage of the schedule: a level held, or a ramp.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// The level at its end.
    pub level: Level,
    /// Seconds from its first intended arrival to its end.
    pub seconds: f64,
    /// Arrivals that were intended in it; in a closed model those that were sent.
    pub intended: u64,
    /// Arrivals that were never sent: no connection was free until the end.
    pub dropped: u64,
    /// Arrivals that the generator itself sent late: it was not awake in time ([`is_late`]).
    pub late: u64,
    /// The most requests that were on their way at once.
    pub in_flight_max: u64,
    /// Arrivals of it without a reply when it ended, on their way or still waiting for a connection; those that were then dropped are among them.
    pub open_at_end: u64,
    /// Each named request.
    pub steps: BTreeMap<Name, StepRecord>,
}

/// Whether the generator was late with an arrival: `delay` is how much too late it woke or sent, and matters from 1 ms on where it is more than a tenth
/// of what the request took in all, `response`. A millisecond is much of an answer in memory and nothing of a query that takes 50.
pub fn is_late(delay: Duration, response: Duration) -> bool {
    delay > DELAY_MIN && delay > response / 10
}

/// What any machine may be late by.
const DELAY_MIN: Duration = Duration::from_millis(1);

/// What one named request gave in one stretch. Times are in seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepRecord {
    /// From the intended send to the end of the reply. Failed requests are in it, with the time until they failed.
    pub response: Histogram,
    /// From the send to the end of the reply.
    pub service: Histogram,
    /// From the intended send to the send.
    pub lag: Histogram,
    /// Requests that ended, failed ones among them.
    pub ended: u64,
    /// Failed ones by how.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// Replies by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Bytes read, headers included.
    pub bytes_in: u64,
    /// Bytes written.
    pub bytes_out: u64,
}

/// All steps in one window of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Window<Times = Histogram> {
    /// Response times of the requests that ended in it.
    pub response: Times,
    /// Requests that ended in it.
    pub ended: u64,
    /// Those of them that failed.
    pub failed: u64,
}

impl Window {
    /// The window at rest, for who keeps many.
    pub fn packed(&self) -> Window<Packed> {
        Window { response: Packed::from(&self.response), ended: self.ended, failed: self.failed }
    }
}

impl Window<Packed> {
    /// The window to calculate with.
    pub fn opened(&self) -> Window {
        Window { response: self.response.histogram(), ended: self.ended, failed: self.failed }
    }
}

/// What one target or backend took.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetRecord {
    /// What it is called, as it may be shown.
    pub name: String,
    /// The part of the load that is meant for it beside the others'.
    pub weight: u32,
    /// Response times.
    pub response: Histogram,
    /// Requests that ended.
    pub ended: u64,
    /// Those of them that failed.
    pub failed: u64,
}

/// What a watcher sees while load runs, four times a second.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Since the schedule began, warm-up included.
    pub elapsed: Duration,
    /// How long it will take in all; `None` where that is not known, as in a stress test.
    pub total: Option<Duration>,
    /// Whether this is still the warm-up.
    pub warming_up: bool,
    /// The level now.
    pub level: Level,
    /// Requests that ended since the beginning, and failed ones among them by kind.
    pub ended: u64,
    /// Failed ones by how.
    pub errors: BTreeMap<ErrorKind, u64>,
    /// Requests on their way.
    pub in_flight: u64,
    /// Response times of what ended since the last snapshot.
    pub recent: Histogram,
    /// The largest lag of a send since the last snapshot.
    pub lag_max: Duration,
}

/// What the service used while load ran: its whole process tree, all instances together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// In the order of time, from when it was ready to the end of the load.
    pub points: Vec<UsagePoint>,
    /// How much of each while what counts ran. What is not known is not there.
    pub amounts: BTreeMap<Amount, f64>,
    /// How long what counts ran, in seconds; `None` where it never began or has not ended.
    pub counted_s: Option<f64>,
    /// The most sockets at once by state while what counts ran; empty where that is not known.
    pub sockets: BTreeMap<SocketState, u64>,
    /// Resident memory at the end of the load, where each page that several processes share is divided among them, in bytes.
    pub proportional_bytes: Option<u64>,
    /// What its control group allows it.
    pub limits: Limits,
    /// What it did not give back after the load, where it was given the time to.
    pub left: Option<Left>,
}

/// What it used at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsagePoint {
    /// Seconds since what counts began; negative during the warm-up.
    pub seconds: f64,
    /// Anonymous resident memory in bytes: not what is shared with files.
    pub anonymous_bytes: u64,
    /// All resident memory in bytes. What several processes share counts for each of them.
    pub resident_bytes: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// Connections that it had not accepted yet; `None` where that is not known.
    pub not_accepted: Option<u64>,
}

/// What adds up while a service runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Amount {
    /// CPU time, in seconds.
    Cpu,
    /// The time in which threads were ready and had no core, in seconds.
    RunQueue,
    /// How often a thread gave its core up to wait.
    Waits,
    /// How often a thread was taken off its core.
    Preemptions,
    /// Page faults that did not wait for a disk.
    MinorFaults,
    /// Page faults that did.
    MajorFaults,
    /// Bytes that storage was made to give.
    DiskRead,
    /// Bytes that storage was made to take.
    DiskWritten,
    /// Periods in which its control group could hold it back.
    Periods,
    /// Those of them in which it did.
    ThrottledPeriods,
    /// Connections that it opened to others, at least.
    Opened,
}

/// Where a socket is in its life, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SocketState {
    /// It takes connections.
    Listen,
    /// Both sides may send.
    Established,
    /// The other side has closed it and the service has not.
    CloseWait,
    /// Closed by this side first; its pair of addresses is kept for a while.
    TimeWait,
    /// On the way into one of the others.
    Between,
}

impl SocketState {
    /// Its word in the name of a metric.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Established => "established",
            Self::CloseWait => "close-wait",
            Self::TimeWait => "time-wait",
            Self::Between => "between",
        }
    }
}

/// What a control group allows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Cores.
    pub cores: Option<f64>,
    /// Memory in bytes.
    pub memory_bytes: Option<u64>,
}

/// What a service holds that it has to give back after load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Open descriptors.
    pub descriptors: u64,
    /// Threads.
    pub threads: u64,
    /// TCP connections; `None` where they cannot be known.
    pub connections: Option<u64>,
}
