//! Load against a server of the test: what a scenario is made of in few words, and a server that remembers what it was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use tollgate::config::scenario::{
    Address, Arrivals, Connections, Flow, Level, Load, Origin, Profile, Protocol, Step, Tls,
};
use tollgate::measure::load::drive::{DriveError, drive};
use tollgate::measure::load::record::{ErrorKind, Recorded, StepRecord, Stretch};
use tollgate::measure::load::schedule::{Planned, Stages};
use tollgate::measure::load::work::{Work, WorkError};
use tollgate::measure::stop::Stop;
use tollgate::model::Name;

/// A name of a test.
pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A step that gets a path.
pub(super) fn step(step_name: &str, path: &str) -> Step {
    Step::get(name(step_name), path)
}

/// A flow of steps.
pub(super) fn flow(steps: Vec<Step>) -> Flow {
    Flow { name: name("visitor"), weight: 1, data: None, steps }
}

/// One connection to send flows on.
pub(super) fn load(flows: Vec<Flow>) -> Load {
    let level = Level::Rate(1.0);
    Load {
        profile: Profile::Soak { level, duration: Duration::from_secs(1) },
        arrivals: Arrivals::Uniform,
        seed: 1,
        warm_up: Duration::ZERO,
        flows,
        connections: Connections { count: 1, streams: 1, protocol: Protocol::Http1, tls: Tls::default() },
        timeout: Duration::from_secs(10),
        reply_bytes_max: 1 << 20,
        apdex: Duration::from_millis(100),
    }
}

/// A plain or secure address on this machine.
pub(super) fn address(tls: bool, host: &str, port: u16) -> Address {
    Address { origin: Origin::Tcp { tls, host: host.to_owned(), port }, weight: 1 }
}

/// Makes a load ready with files and secrets.
pub(super) fn ready(
    load: &Load,
    addresses: Vec<Address>,
    root: &Path,
    environment: &[(&str, &str)],
) -> Result<Work, WorkError> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Work::new(load, addresses, root, &environment.iter().map(owned).collect())
}

/// One stage that counts.
struct One(Option<Planned>);

impl Stages for One {
    fn next(&mut self, _: Option<&Stretch>) -> Option<Planned> {
        self.0.take()
    }

    fn total(&self) -> Option<Duration> {
        None
    }

    fn waits(&self) -> bool {
        true
    }
}

/// So many starts of flows at 100 a second.
pub(super) fn starts(work: &Work, starts: u32) -> Result<Recorded, DriveError> {
    let from = Level::Rate(100.0);
    let duration = Duration::from_millis(10) * starts;
    let mut stages = One(Some(Planned { from, to: 100.0, duration, counts: true }));
    drive(work, &mut stages, &Stop::new(), &|_| ())
}

/// The record of a step.
pub(super) fn record<'a>(recorded: &'a Recorded, step: &str) -> &'a StepRecord {
    &recorded.stretches[0].steps[&name(step)]
}

/// All failed requests by how.
pub(super) fn errors(recorded: &Recorded) -> BTreeMap<ErrorKind, u64> {
    let mut errors = BTreeMap::new();
    for (kind, count) in recorded.stretches[0].steps.values().flat_map(|step| &step.errors) {
        *errors.entry(*kind).or_default() += count;
    }
    errors
}

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Method and path.
    pub(super) line: String,
    /// Headers, names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// A server of HTTP/1.1 that answers by a function and remembers what it was asked.
pub(super) struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts it. `answer` gives status, headers with line ends, and body.
    pub(super) fn start(answer: fn(&Asked) -> (u16, String, String)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (seen, ended) = (Arc::clone(&asked), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let seen = Arc::clone(&seen);
                std::thread::spawn(move || serve(&stream, &seen, answer));
            }
        });
        Self { address, asked, over, thread: Some(thread) }
    }

    /// Where it is.
    pub(super) fn address(&self) -> Address {
        address(false, "127.0.0.1", self.address.port())
    }

    /// Everything that it was asked, in order.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Methods and paths of everything that it was asked.
    pub(super) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the loop that accepts.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn serve(stream: &TcpStream, seen: &Mutex<Vec<Asked>>, answer: fn(&Asked) -> (u16, String, String)) {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader) {
        let (status, headers, body) = answer(&asked);
        seen.lock().unwrap().push(asked);
        let reply = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len());
        let mut stream = stream;
        if stream.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let line = lines.first()?.strip_suffix(" HTTP/1.1")?.to_owned();
    let header = |line: &String| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: BTreeMap<String, String> = lines.iter().skip(1).filter_map(header).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { line, headers, body })
}
