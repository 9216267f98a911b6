//! A scenario as a part of the rounds: each round starts the service afresh, drives load at it, and stops it.

use std::collections::BTreeSet;
use std::path::{Component, Path};
use std::sync::Once;

use crate::config::Suite;
use crate::config::placeholder::fill;
use crate::config::scenario::{Address, Body, Engine, FormContent, Load, Profile, Scenario, Target};
use crate::config::service::Service;
use crate::model::Name;
use crate::model::load::ALL_REQUESTS;

use super::super::bench::Parsed;
use super::super::load::drive::drive;
use super::super::load::profile::{kill_in, stages};
use super::super::load::readings::{limits, readings};
use super::super::load::record::{Recorded, Snapshot};
use super::super::load::walk::{Beside, walk};
use super::super::load::work::Work;
use super::super::probe::{Probes, Seen, before_start, counted};
use super::super::proof::Runs;
use super::super::service::{Running, ServiceError};
use super::super::surroundings::Surroundings;
use super::{Build, Only, Part, PartError, Place, build, external, target};

/// Prepares the scenario: builds its service, unless another scenario has.
pub(super) fn prepare(
    suite: &Suite,
    scenario: &Scenario,
    needed: Build,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    build(suite, place, surroundings)?;
    if let (Target::Service(service), Build::Needed) = (&scenario.target, needed) {
        build(&as_suite(suite, service, place)?, place, surroundings)?;
    }
    let expected = match &scenario.engine {
        Engine::Own(load) => steps(load),
        Engine::External(_) => None,
    };
    Ok(vec![Box::new(ScenarioPart { suite: suite.clone(), scenario: scenario.clone(), expected })])
}

/// A suite whose build is the service's. Of the service's variables it has those that are known before an instance has a port.
fn as_suite(suite: &Suite, service: &Service, place: &Place) -> Result<Suite, PartError> {
    let known = [("target", target(suite, place)?)];
    let variables = service.environment.iter();
    let environment = variables.filter_map(|(name, value)| Some((name.clone(), fill(value, &known).ok()?))).collect();
    Ok(Suite { build: service.build.clone(), directory: service.directory.clone(), environment, ..suite.clone() })
}

/// The benchmarks that a load gives, where its stages are none of them.
fn steps(load: &Load) -> Option<BTreeSet<Name>> {
    match &load.profile {
        Profile::Load { .. } | Profile::Soak { .. } => {}
        Profile::Stress { .. } | Profile::Spike { .. } | Profile::Custom(_) => return None,
    }
    let mut names: BTreeSet<Name> =
        load.flows.iter().flat_map(|flow| &flow.steps).map(|step| step.name.clone()).collect();
    if names.len() > 1 {
        names.insert(Name::new(ALL_REQUESTS).expect("it is a name"));
    }
    Some(names)
}

/// The whole scenario: its requests are one load, of which nothing can be left out.
struct ScenarioPart {
    suite: Suite,
    scenario: Scenario,
    expected: Option<BTreeSet<Name>>,
}

impl Part for ScenarioPart {
    fn key(&self) -> &str {
        self.suite.name.as_str()
    }

    fn expected(&self) -> Option<&BTreeSet<Name>> {
        self.expected.as_ref()
    }

    fn selects(&self) -> bool {
        false
    }

    fn may_be_canary(&self) -> bool {
        false
    }

    fn runs(&self, place: &Place) -> Option<Runs> {
        let Target::Service(service) = &self.scenario.target else { return None };
        let Engine::Own(load) = &self.scenario.engine else { return None };
        let arms_own = target(&self.suite, place).ok()?;
        // What is the same in both arms, whatever it will be, may stand as it is written.
        let filled = |word: &String| word.replace("{target}", arms_own);
        let values = service.environment.values().map(filled);
        Some(Runs {
            commands: vec![service.start.iter().map(filled).collect()],
            directory: place.root.join(&service.directory),
            values: values.chain(files(load).map(|file| from(&service.directory, file))).collect(),
            beside: Vec::new(),
        })
    }

    fn run(
        &self,
        _only: Only<'_>,
        _processes: u32,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<Parsed, PartError> {
        match &self.scenario.target {
            Target::Addresses(addresses) => {
                self.measure(addresses.clone(), None, place, surroundings).map(|(parsed, _)| parsed)
            }
            Target::Service(service) => {
                // Put back at the end, whatever comes between.
                let _settings = before_start(service, surroundings)?;
                let mut running = Running::start(service, place, surroundings)?;
                let mut lasting = running.addresses();
                if let Engine::Own(load) = &self.scenario.engine
                    && let Some(chaos) = load.chaos
                {
                    running.prepare(chaos, service, place, surroundings);
                    // Who is killed does not answer probes.
                    lasting.pop();
                }
                // The death of the service ends what drives load at it.
                let inner = Surroundings { stop: running.over(), ..surroundings.clone() };
                let probes = Probes::open(service, &lasting, &inner)?;
                let measured = self.measure(running.addresses(), Some((&running, &probes)), place, &inner);
                let trouble = running.trouble();
                let stopped = running.stop();
                if surroundings.stop.is_set() {
                    return Err(ServiceError::Stopped.into());
                }
                match (trouble, measured) {
                    // What else went wrong followed from it.
                    (Some(trouble), _) => Err(trouble.into()),
                    (None, Err(error)) => Err(error),
                    (None, Ok((mut parsed, seen))) => {
                        stopped?;
                        // What a database says of tables it says only after the service has gone.
                        let beside = probes.finish(&seen);
                        parsed.readings.extend(beside.readings);
                        parsed.readings.sort_by(|a, b| a.metric.id.cmp(&b.metric.id));
                        parsed.unparsed.extend(beside.missing);
                        parsed.notes.extend(beside.notes);
                        parsed.exhibits.extend(beside.exhibits);
                        Ok(parsed)
                    }
                }
            }
        }
    }
}

impl ScenarioPart {
    /// Puts load on what runs at these addresses.
    fn measure(
        &self,
        addresses: Vec<Address>,
        watched: Option<(&Running, &Probes)>,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<(Parsed, Seen), PartError> {
        match &self.scenario.engine {
            Engine::Own(load) => {
                let (recorded, mut notes, unwalked) = self.drive(load, addresses, watched, place, surroundings)?;
                if surroundings.stop.is_set() {
                    return Err(ServiceError::Stopped.into());
                }
                let usage = watched.map(|(running, _)| running.usage()).filter(|usage| !usage.points.is_empty());
                notes.extend(usage.as_ref().and_then(limits));
                let readings = readings(&self.suite.name, load, &recorded, usage.as_ref());
                let seen = Seen { unwalked, ..self.seen(load, &recorded) };
                Ok((Parsed { readings, notes, unparsed: no_backend(load, &recorded), ..Parsed::default() }, seen))
            }
            Engine::External(engine) => {
                if let Some((_, probes)) = watched {
                    probes.counts_from_now();
                }
                let parsed = external::run(&self.suite, engine, &addresses, place, surroundings)?;
                if let Some((_, probes)) = watched {
                    probes.load_ended();
                }
                let whole = Name::new(ALL_REQUESTS).expect("it is a name");
                let suite = self.suite.name.clone();
                Ok((parsed, Seen { suite, whole, requests: 0, unwalked: BTreeSet::new() }))
            }
        }
    }

    /// What probes are told of the round.
    fn seen(&self, load: &Load, recorded: &Recorded) -> Seen {
        let requests = counted(recorded);
        let mut steps = load.flows.iter().flat_map(|flow| &flow.steps).map(|step| &step.name);
        let first = steps.next().cloned();
        let one = first.filter(|first| steps.all(|step| step == first));
        let whole = one.unwrap_or_else(|| Name::new(ALL_REQUESTS).expect("it is a name"));
        Seen { suite: self.suite.name.clone(), whole, requests, unwalked: BTreeSet::new() }
    }

    fn drive(
        &self,
        load: &Load,
        addresses: Vec<Address>,
        watched: Option<(&Running, &Probes)>,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<(Recorded, Vec<String>, BTreeSet<Name>), PartError> {
        let failed = |message: String, hint: Option<String>| PartError::Prepare {
            what: format!("the load of `{}`", self.suite.name),
            message,
            hint: hint.unwrap_or_else(|| format!("correct `[scenario.{}]` in tollgate.toml", self.suite.name)),
            tail: String::new(),
        };
        let work = Work::new(load, addresses, &place.root, &surroundings.environment);
        let work = work.map_err(|error| failed(error.problems.join("; "), Some(error.hint())))?;
        let began = Once::new();
        let watch = |snapshot: &Snapshot| {
            if let (Some((running, probes)), false) = (watched, snapshot.warming_up) {
                began.call_once(|| {
                    running.counts_from_now();
                    probes.counts_from_now();
                    if let Some(after) = kill_in(load, snapshot) {
                        running.disturb_in(after);
                    }
                });
            }
        };
        let recorded = drive(&work, stages(load).as_mut(), &surroundings.stop, &watch)
            .map_err(|error| failed(error.to_string(), error.hint()))?;
        let mut unwalked = BTreeSet::new();
        if let Some((running, probes)) = watched {
            running.load_ended();
            probes.load_ended();
            running.rest(load.rest);
            unwalked = walk(&work, probes.walks(), &surroundings.stop, probes)
                .map_err(|error| failed(error.to_string(), error.hint()))?;
        }
        let recorded = if watched.is_some() { recorded.of_instances() } else { recorded };
        // Without how often: each round would say something else.
        let mut notes: Vec<String> =
            work.failed().into_iter().map(|(step, words, _)| format!("{step}: {words}")).collect();
        let alone = "failed when it was sent alone, or a request before it did: its statements are not counted";
        notes.extend(unwalked.iter().map(|step| format!("{step}: {alone}")));
        Ok((recorded, notes, unwalked))
    }
}

impl Beside for Probes {
    fn before(&self) {
        self.before_step();
    }

    fn after(&self, step: &Name) {
        self.after_step(step);
    }
}

/// That no reply says who answered, where one should.
fn no_backend(load: &Load, recorded: &Recorded) -> Vec<String> {
    let missing = load.backend_header.iter().filter(|_| recorded.backends.is_empty());
    missing.map(|header| format!("no reply has the header `{header}` that `backend-header` names")).collect()
}

/// The files that a load sends or fills its requests from, relative to the root of the checkout.
fn files(load: &Load) -> impl Iterator<Item = &Path> {
    let data = load.flows.iter().filter_map(|flow| flow.data.as_ref()).map(|data| data.path.as_path());
    let steps = load.flows.iter().flat_map(|flow| &flow.steps);
    let bodies = steps.flat_map(|step| -> Vec<&Path> {
        match &step.body {
            Body::Empty | Body::Text(_) => Vec::new(),
            Body::File(path) => vec![path],
            Body::Multipart(parts) => parts.iter().filter_map(|part| file(&part.content)).collect(),
        }
    });
    data.chain(bodies)
}

fn file(content: &FormContent) -> Option<&Path> {
    match content {
        FormContent::File { path, .. } => Some(path),
        FormContent::Text(_) => None,
    }
}

/// A path from the root as it is called in a folder below it.
fn from(directory: &Path, path: &Path) -> String {
    let up = directory.components().filter(|part| matches!(part, Component::Normal(_))).map(|_| "..");
    up.collect::<std::path::PathBuf>().join(path).to_string_lossy().into_owned()
}
