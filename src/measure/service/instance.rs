//! One instance of a service: a process tree with a port. Started, awaited, asked, ended. Refuses to watch it.
#![expect(clippy::disallowed_methods, reason = "starts a service, awaits it, and ends it within a time")]

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use crate::config::placeholder::{fill, fill_all};
use crate::config::service::{Readiness, Service};
use crate::measure::process::child::Ended;
use crate::measure::process::output::Output;
use crate::measure::process::tree::Tree;
use crate::measure::process::{ProcessSpec, how, shown, small, whole_seconds};
use crate::measure::suite::Place;
use crate::measure::surroundings::Surroundings;

use super::error::ServiceError;
use super::holder;
use super::keeper::Exit;
use super::probe;

/// How often it is looked at until it is ready.
const LOOK: Duration = Duration::from_millis(20);
/// The longest that one question may take until it is ready, and the shortest: the last one must not fail for want of time alone.
const ANSWER: Duration = Duration::from_secs(1);
const ANSWER_MIN: Duration = Duration::from_millis(250);
/// How long a tree may take to be gone once it is made to end, and its port to be free.
const GONE: Duration = Duration::from_secs(3);

/// One instance. Ended with its whole tree at the latest when dropped.
pub(super) struct Instance {
    /// What it is called in messages.
    name: String,
    program: String,
    tree: Tree,
    output: Output,
    report: NamedTempFile,
    port: u16,
    number: u32,
    over: bool,
    /// Killed on purpose: that it has ended is no trouble then.
    killed: bool,
}

/// Which instance, and with which port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Which {
    pub(super) number: u32,
    pub(super) port: u16,
}

impl Instance {
    /// Starts it. It is not ready yet.
    pub(super) fn start(
        service: &Service,
        which: Which,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<Self, ServiceError> {
        let name = called(service, which.number);
        let wrong = |why: String, hint: &str| ServiceError::Start { service: name.clone(), why, hint: hint.to_owned() };
        let disk = "check the permissions and the free space of .tollgate/ and of the folder for temporary files";
        let spec = spec(service, which, place).map_err(|why| wrong(why, "correct the service in tollgate.toml"))?;
        let cpus: Vec<String> = service.cpus.iter().map(u32::to_string).collect();
        let mut options = vec!["--service".to_owned()];
        if !cpus.is_empty() {
            options.extend(["--cpus".to_owned(), cpus.join(",")]);
        }
        let report = NamedTempFile::new().map_err(|error| wrong(error.to_string(), disk))?;
        let keeper = small(&spec, &options, report.path(), surroundings);
        let directory =
            format!("check that {} is a folder and that more processes may be started", spec.directory.display());
        let (tree, stdout, stderr) = Tree::start(keeper).map_err(|error| wrong(error.to_string(), &directory))?;
        let wanted = match &service.ready {
            Readiness::Log(text) => text.as_str(),
            Readiness::Http { .. } | Readiness::Tcp => "",
        };
        let output = Output::search(stdout, stderr, wanted);
        let program = shown(spec.command.get(..1).unwrap_or_default());
        Ok(Self {
            name,
            program,
            tree,
            output,
            report,
            port: which.port,
            number: which.number,
            over: false,
            killed: false,
        })
    }

    /// Waits until it can take requests.
    pub(super) fn await_ready(&mut self, service: &Service, surroundings: &Surroundings) -> Result<(), ServiceError> {
        let began = Instant::now();
        let left = || service.ready_within.saturating_sub(began.elapsed());
        loop {
            if surroundings.stop.is_set() {
                return Err(ServiceError::Stopped);
            }
            if let Some(status) = self.ended_within(Duration::ZERO) {
                return Err(status.map_or_else(|error| error, |status| self.ended_early(status)));
            }
            let last = match self.is_ready(&service.ready, left().clamp(ANSWER_MIN, ANSWER)) {
                Ok(()) => return Ok(()),
                Err(last) => last,
            };
            if left().is_zero() {
                let limit_s = whole_seconds(service.ready_within);
                return Err(ServiceError::NotReady {
                    service: self.name.clone(),
                    limit_s,
                    last,
                    tail: self.output.tail(),
                });
            }
            let _looked_at_above = self.tree.ended_within(LOOK.min(left()));
        }
    }

    fn ended_early(&self, status: String) -> ServiceError {
        self.output.wait(GONE);
        ServiceError::EndedEarly { service: self.name.clone(), status, tail: self.output.tail() }
    }

    fn is_ready(&self, ready: &Readiness, within: Duration) -> Result<(), String> {
        match ready {
            Readiness::Tcp => probe::connects(self.port, within),
            Readiness::Log(_) if self.output.found() => Ok(()),
            Readiness::Log(text) => Err(format!("no line of its output holds `{text}`")),
            Readiness::Http { path, status } => match probe::status(self.port, path, within)? {
                answered if answered == *status => Ok(()),
                answered => Err(format!("`GET {path}` answered {answered}, not {status}")),
            },
        }
    }

    /// How it ended, if it ends within this time; an error where it never ran.
    pub(super) fn ended_within(&mut self, time: Duration) -> Option<Result<String, ServiceError>> {
        if !self.tree.ended_within(time) {
            return None;
        }
        let start = |why: String, hint: String| ServiceError::Start { service: self.name.clone(), why, hint };
        let program = &self.program;
        Some(match Ended::<Exit>::read(self.report.path()) {
            Ok(Ended::Exited(exit)) => Ok(how(exit.status, exit.signal)),
            Ok(Ended::NotFound) => Err(start(
                format!("`{program}` not found"),
                format!("install `{program}`, or correct `start` or `build` of the service in tollgate.toml"),
            )),
            Ok(Ended::NotExecutable) => Err(start(
                format!("`{program}` is not executable"),
                format!("make `{program}` executable and commit that, or start it by its interpreter"),
            )),
            Ok(Ended::NotStarted { message }) => {
                Err(start(message, "correct `start` or `cpus` of the service in tollgate.toml".to_owned()))
            }
            Err(_) => Ok("ended from outside".to_owned()),
        })
    }

    /// What is wrong with it while it runs.
    pub(super) fn trouble(&mut self) -> Option<ServiceError> {
        if self.killed {
            return None;
        }
        let status = self.ended_within(Duration::ZERO)?;
        // What it wrote last may still be on its way.
        self.output.wait(GONE);
        Some(status.map_or_else(
            |error| error,
            |status| ServiceError::Died { service: self.name.clone(), status, tail: self.output.tail() },
        ))
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Which it is.
    pub(super) fn which(&self) -> Which {
        Which { number: self.number, port: self.port }
    }

    /// Whether it was killed on purpose.
    pub(super) fn is_killed(&self) -> bool {
        self.killed
    }

    /// Kills its whole tree at once, on purpose.
    pub(super) fn kill(&mut self) -> Result<(), ServiceError> {
        self.killed = true;
        self.tree.let_go();
        self.end(Instant::now())
    }

    /// Its port.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The process around it, whose descendants it is.
    pub(super) fn keeper(&self) -> u32 {
        self.tree.id()
    }

    /// How many bytes it wrote.
    pub(super) fn log_bytes(&self) -> u64 {
        self.output.bytes()
    }

    /// The last lines of its output.
    pub(super) fn tail(&self) -> String {
        self.output.tail()
    }

    /// Asks its whole tree to end.
    pub(super) fn ask_to_end(&self) {
        self.tree.ask_to_end();
    }

    /// Makes its whole tree end where it has not ended by then, and says what of it is left all the same.
    pub(super) fn end(&mut self, by: Instant) -> Result<(), ServiceError> {
        if self.over {
            return Ok(());
        }
        if !self.tree.ended_within(by.saturating_duration_since(Instant::now())) {
            self.tree.let_go();
            self.tree.ended_within(GONE);
        }
        self.tree.end();
        self.over = true;
        let until = Instant::now() + GONE;
        let closed = self.output.wait(GONE);
        while probe::is_taken(self.port) && Instant::now() < until {
            std::thread::sleep(LOOK);
        }
        let left = if probe::is_taken(self.port) {
            format!("port {} is still taken{}", self.port, holder::by(self.port))
        } else if !closed {
            "a process that it started still writes to its output".to_owned()
        } else {
            return Ok(());
        };
        Err(ServiceError::Left { service: self.name.clone(), left, tail: self.output.tail() })
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _nobody_to_tell = self.end(Instant::now());
    }
}

/// What an instance is called in messages.
fn called(service: &Service, number: u32) -> String {
    match service.instances {
        1 => format!("`{}`", service.name),
        _ => format!("`{}` (instance {number})", service.name),
    }
}

/// The process of an instance, with an empty folder of its own. Nothing in it tells the arms apart but the paths of the place.
fn spec(service: &Service, which: Which, place: &Place) -> Result<ProcessSpec, String> {
    let scratch = scratch(place, which.number)?;
    let text = |path: &PathBuf| {
        path.to_str().map(str::to_owned).ok_or_else(|| format!("the path {} is not UTF-8", path.display()))
    };
    let (port, instance) = (which.port.to_string(), which.number.to_string());
    let (target, scratch) = (text(&place.target)?, text(&scratch)?);
    let values = [("port", &*port), ("instance", &*instance), ("target", &*target), ("scratch", &*scratch)];
    let variables = service.environment.iter().map(|(name, value)| Ok((name.clone(), fill(value, &values)?)));
    let mut environment: std::collections::BTreeMap<String, String> = variables.collect::<Result<_, String>>()?;
    environment.insert("CARGO_TARGET_DIR".to_owned(), target.clone());
    Ok(ProcessSpec {
        command: fill_all(&service.start, &values)?,
        directory: place.root.join(&service.directory),
        environment,
        timeout: Duration::MAX,
    })
}

/// The instance's own folder, emptied.
fn scratch(place: &Place, number: u32) -> Result<PathBuf, String> {
    let folder = place.scratch.join(format!("instance-{number:02}"));
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs::create_dir_all(&folder),
    }
    .map_err(|error| format!("empty {}: {error}", folder.display()))?;
    Ok(folder)
}
