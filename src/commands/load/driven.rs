//! One drive from the first step to the last: builds and starts the service where there is one, sends the load, stops the service. Refuses to know what is
//! made of the numbers.
#![expect(clippy::disallowed_methods, reason = "makes the folders that a service builds and runs in")]

use std::fs;
use std::io;
use std::sync::Once;

use crate::commands::measuring::surroundings;
use crate::commands::{Code, Context, Failure};
use crate::config::scenario::{Address, Load, Target};
use crate::config::service::Service;
use crate::git::{GitError, Lock};
use crate::measure::load::drive::{self, DriveError};
use crate::measure::load::profile;
use crate::measure::load::record::{Recorded, Snapshot, Usage};
use crate::measure::load::work::Work;
use crate::measure::process::ProcessError;
use crate::measure::service::{Running, ServiceError};
use crate::measure::stop::Stop;
use crate::measure::suite::{self, Build, PartError, Place};
use crate::measure::surroundings::Surroundings;
use crate::report::escape::terminal;
use crate::report::load::Ended;

use super::asked::{Asked, NOTHING};
use super::live::{self, Show};

/// The name of the folders that a service builds and runs in, beside those of the arms of a check.
const FOLDER: &str = "load";

/// What a drive gave.
pub(super) struct Driven {
    pub(super) recorded: Recorded,
    /// What the service used, where it was started here.
    pub(super) usage: Option<Usage>,
    pub(super) ended: Ended,
}

/// Drives the load.
pub(super) fn drive(asked: &Asked, load: &Load, show: Show, context: &Context) -> Result<Driven, Failure> {
    match &asked.scenario.target {
        Target::Service(service) => with_service(asked, load, service, show, context),
        Target::Addresses(addresses) => {
            let recorded = send(asked, load, addresses.clone(), &context.stop, &|_| {}, show, context)?;
            Ok(Driven { recorded, usage: None, ended: ended(context) })
        }
    }
}

fn ended(context: &Context) -> Ended {
    if context.stop.is_set() { Ended::Interrupted } else { Ended::Complete }
}

/// Sends the load to what runs.
fn send(
    asked: &Asked,
    load: &Load,
    addresses: Vec<Address>,
    stop: &Stop,
    also: &(dyn Fn(&Snapshot) + Sync),
    show: Show,
    context: &Context,
) -> Result<Recorded, Failure> {
    let work = Work::new(load, addresses, &asked.root, &context.environment).map_err(|error| {
        let hint = "nothing was sent; correct the address, the files that are named, or the environment";
        Failure::new(Code::Config, NOTHING, &error, Some(hint.to_owned()))
    })?;
    let mut stages = profile::stages(load);
    let sent = live::watched(context, show, |watch| {
        let both = |snapshot: &Snapshot| {
            also(snapshot);
            watch(snapshot);
        };
        drive::drive(&work, &mut *stages, stop, &both)
    });
    for (step, words, count) in work.failed() {
        context.say(&terminal(&format!("{step}: {words} ({count} times)")));
    }
    sent.map_err(|error| {
        let code = match error {
            DriveError::Generator(_) => Code::Internal,
            DriveError::Connect { .. } => Code::Broken,
        };
        Failure::new(code, NOTHING, &error, error.hint())
    })
}

/// Builds and starts the service as the working tree has it, sends the load, and stops it whatever came of that.
fn with_service(
    asked: &Asked,
    load: &Load,
    service: &Service,
    show: Show,
    context: &Context,
) -> Result<Driven, Failure> {
    let (place, _lock) = place(asked, context)?;
    let surroundings = surroundings(context);
    build(asked, &place, &surroundings, context)?;
    let mut running = Running::start(service, &place, &surroundings).map_err(|error| service_failed(&error))?;
    if let Some(chaos) = load.chaos {
        running.prepare(chaos, service, &place, &surroundings);
    }
    let began = Once::new();
    let also = |snapshot: &Snapshot| {
        if !snapshot.warming_up {
            began.call_once(|| {
                running.counts_from_now();
                if let Some(after) = profile::kill_in(load, snapshot) {
                    running.disturb_in(after);
                }
            });
        }
    };
    let recorded = send(asked, load, running.addresses(), &running.over(), &also, show, context);
    let recorded = recorded.map(Recorded::of_instances);
    running.load_ended();
    running.rest(load.rest);
    let usage = Some(running.usage()).filter(|usage| !usage.points.is_empty());
    let trouble = running.trouble();
    let stopped = running.stop();
    // Why the service failed is worth more than what the load saw of it.
    if let Some(trouble) = trouble.filter(|_| !context.stop.is_set()) {
        return match recorded {
            Ok(recorded) => Ok(Driven { recorded, usage, ended: Ended::Broken(told(&trouble)) }),
            Err(_) => Err(service_failed(&trouble)),
        };
    }
    let recorded = recorded?;
    let ended = match stopped {
        Err(error) if !context.stop.is_set() => Ended::Broken(told(&error)),
        Ok(()) | Err(_) => ended(context),
    };
    Ok(Driven { recorded, usage, ended })
}

/// A trouble with the last lines of the service's output.
fn told(error: &ServiceError) -> String {
    let tail = error.tail();
    if tail.is_empty() {
        format!("failed to {error}")
    } else {
        format!("failed to {error}; its last lines: {}", tail.trim_end())
    }
}

fn service_failed(error: &ServiceError) -> Failure {
    let code = if *error == ServiceError::Stopped { Code::Interrupted } else { Code::Broken };
    with_tail(Failure::new(code, NOTHING, error, error.hint()), error.tail())
}

/// A failure with the last lines of what failed below it.
fn with_tail(mut failure: Failure, tail: &str) -> Failure {
    for line in tail.lines() {
        failure.message.push_str("\n    │ ");
        failure.message.push_str(line);
    }
    failure
}

/// The folders of the service. It is built from the working tree itself: what is measured by hand is what lies there.
fn place(asked: &Asked, context: &Context) -> Result<(Place, Lock), Failure> {
    let git = |error: GitError| Failure::new(Code::Config, NOTHING, &error, error.hint());
    let repository = context.repository().map_err(git)?;
    let lock = repository.lock().map_err(git)?;
    let state = repository.state_folder().map_err(git)?;
    let folder = |kind: &str| state.join(kind).join(FOLDER);
    let place = Place { root: asked.root.clone(), target: folder("target"), scratch: folder("scratch") };
    let made = match fs::remove_dir_all(&place.scratch) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => fs::create_dir_all(&place.scratch).and_then(|()| fs::create_dir_all(&place.target)),
    };
    made.map_err(|error| {
        let hint = Some("check the permissions and the free space of .tollgate/".to_owned());
        Failure::new(Code::Internal, NOTHING, &error, hint)
    })?;
    Ok((place, lock))
}

/// Builds the service as a check would.
fn build(asked: &Asked, place: &Place, surroundings: &Surroundings, context: &Context) -> Result<(), Failure> {
    context.say(&terminal(&format!("building `{}`", asked.title)));
    suite::prepare(&asked.suite, Build::Needed, place, surroundings).map(drop).map_err(|error| {
        let stopped = matches!(error, PartError::Process(ProcessError::Stopped));
        let code = if stopped { Code::Interrupted } else { Code::Broken };
        with_tail(Failure::new(code, NOTHING, &error, error.hint()), error.tail())
    })
}
