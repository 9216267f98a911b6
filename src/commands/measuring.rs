//! Runs a plan: check out, build, rounds. What `check` and `baseline update` share.
#![expect(clippy::disallowed_methods, reason = "makes the arms' folders and takes the time")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::git::Repository;
use crate::judge::procedure::STAGE_ROUNDS;
use crate::measure::handicap::Handicap;
use crate::measure::host;
use crate::measure::journal::{Identity, Journal, JournalError};
use crate::measure::live::{Live, Prepared};
use crate::measure::proof::Provable;
use crate::measure::rounds::{self, Conduct, Ended, Measured, Splitting};
use crate::measure::selection::Selection;
use crate::measure::suite::Place;
use crate::measure::surroundings::Surroundings;
use crate::model::{Arm, CoverageProblem, Environment, Identical, Name, Revision, Trouble};
use crate::plan::Plan;
use crate::report::escape::terminal;

use super::check::sources::git;
use super::progress::{Progress, building};
use super::{Code, Context, Failure};

/// The version of the journal.
const JOURNAL_SCHEMA: u32 = 2;

/// What is to be measured, and how it is decided who goes on.
pub(crate) struct Job<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) plan: &'a Plan,
    pub(crate) base: Option<&'a Revision>,
    pub(crate) head: &'a Revision,
    pub(crate) selection: &'a Selection,
    pub(crate) checkpoints: Vec<u32>,
    pub(crate) wanted: &'a rounds::Wanted<'a>,
    /// Whose rounds become rounds of several short processes after stage 1; `None` where every round is to be alike.
    pub(crate) scattered: Option<&'a rounds::Scattered<'a>>,
    pub(crate) journal: Keep,
    /// What slows head down on purpose; `None` but where the gate tests itself.
    pub(crate) handicap: Option<Handicap>,
    /// Which suites need not be run where both arms' programs are the same. What compares equal programs on purpose gives none.
    pub(crate) provable: Provable,
}

/// What becomes of the rounds on disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// A new journal.
    New,
    /// The interrupted one is gone on with.
    Resume,
    /// None.
    Nothing,
}

/// What was measured.
pub(crate) struct Session {
    pub(crate) measured: Measured,
    pub(crate) environment: Environment,
    pub(crate) base_failed: BTreeSet<Name>,
    /// The journal of a complete run: kept until its report is written, so that a full disk costs no rounds.
    done: Option<Journal>,
}

/// Where a step of GitHub Actions writes what the runner and later steps believe. Measured programs are not told: the numbers are theirs to give,
/// the verdict is not, and what they could add to the environment of later steps even less.
const RUNNERS_FILES: [&str; 5] = ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"];

/// What processes need to know.
pub(crate) fn surroundings(context: &Context) -> Surroundings {
    let mut environment = context.environment.clone();
    environment.retain(|name, _| !RUNNERS_FILES.contains(&name.as_str()));
    Surroundings { tollgate: context.tollgate.clone(), environment, stop: context.stop.clone(), delay: Duration::ZERO }
}

/// Measures a plan.
pub(crate) fn run(job: &Job<'_>, context: &Context) -> Result<Session, Failure> {
    let progress = Progress::new(context);
    let state = job.repository.state_folder().map_err(git)?;
    let surroundings = surroundings(context);
    let environment = host::environment(&surroundings, job.repository.root());
    let arms: BTreeSet<Arm> = job.plan.suites.iter().flat_map(|suite| suite.arms.keys().copied()).collect();
    // What cannot be gone on with is refused before anything is built. A new journal replaces the old one only once everything is.
    let resumed = if job.journal == Keep::Resume { Some(journal(job, &state, context)?) } else { None };
    let places = check_out(job, &state, &arms, &progress)?;
    let (mut live, prepared) = prepare(job, &surroundings, &places, &progress)?;
    live.select(job.selection);
    live.slow_down(job.handicap.clone().unwrap_or_default());
    let identical = prove(job, &mut live, &progress);
    let mut journal = resumed.map_or_else(|| journal(job, &state, context), Ok)?;
    let began = Instant::now();
    let elapsed = || began.elapsed();
    let conduct = Conduct {
        revisions: (job.base.filter(|_| arms.contains(&Arm::Base)).cloned(), job.head.clone()),
        environment: environment.clone(),
        seed: job.plan.seed,
        rounds_max: job.plan.rounds_max,
        checkpoints: job.checkpoints.clone(),
        time_limit: job.plan.time_limit,
        elapsed: &elapsed,
        wanted: job.wanted,
        splitting: job.scattered.map(|scattered| Splitting { after: STAGE_ROUNDS, scattered }),
        stop: &context.stop,
        watch: &|event| progress.event(event),
        canary: job.plan.canary,
    };
    let measured = rounds::measure(&mut live, &mut journal, &conduct);
    progress.finish();
    let mut measured = measured.map_err(|error| journal_error(&error))?;
    measured.troubles.extend(prepared.troubles);
    measured.protocol.identical = identical;
    let base_failed = base_failed(prepared.base_failed, &measured.troubles);
    let done = (measured.ended == Ended::Complete && job.journal != Keep::Nothing).then_some(journal);
    Ok(Session { measured, environment, base_failed, done })
}

impl Session {
    /// What was measured elsewhere.
    pub(crate) fn elsewhere(measured: Measured, base_failed: BTreeSet<Name>) -> Self {
        Self { environment: measured.head.environment.clone(), measured, base_failed, done: None }
    }

    /// Takes the journal of a complete run away, once what it led to is written.
    pub(crate) fn forget(self) {
        if let Some(journal) = self.done {
            journal.remove();
        }
    }
}

/// The suites of which base could not be measured: not built, or some part of it failed. What head alone gives of them is not new.
fn base_failed(not_built: BTreeSet<Name>, troubles: &[CoverageProblem]) -> BTreeSet<Name> {
    let failed = troubles.iter().filter(|problem| match problem.trouble {
        Trouble::Crashed { arm, .. } | Trouble::TimedOut { arm, .. } | Trouble::BuildFailed { arm, .. } => {
            arm == Arm::Base
        }
        Trouble::New | Trouble::Missing | Trouble::Renamed { .. } | Trouble::Unparsed { .. } => false,
    });
    not_built.into_iter().chain(failed.map(|problem| problem.suite.clone())).collect()
}

/// Checks each arm out into its own folder. Both arms' paths have the same length, so that nothing that depends on it differs.
fn check_out(
    job: &Job<'_>,
    state: &Path,
    arms: &BTreeSet<Arm>,
    progress: &Progress<'_>,
) -> Result<BTreeMap<Arm, Place>, Failure> {
    let mut places = BTreeMap::new();
    for arm in arms {
        let revision = match arm {
            Arm::Base => job.base.unwrap_or(job.head),
            Arm::Head => job.head,
        };
        let folder = |kind: &str| -> PathBuf { state.join(kind).join(arm.as_str()) };
        let place = Place { root: folder("arms"), target: folder("target"), scratch: folder("scratch") };
        progress.step(&format!("checking out {} ({})", arm.as_str(), revision.short()));
        job.repository.checkout(revision, &place.root).map_err(git)?;
        for folder in [&place.target, &place.scratch] {
            std::fs::create_dir_all(folder).map_err(|error| {
                let hint = Some("check the permissions and the free space of .tollgate/".to_owned());
                Failure::new(Code::Internal, "nothing measured", &error, hint)
            })?;
        }
        places.insert(*arm, place);
    }
    Ok(places)
}

/// Builds every suite in its arms.
fn prepare<'a>(
    job: &Job<'_>,
    surroundings: &'a Surroundings,
    places: &'a BTreeMap<Arm, Place>,
    progress: &Progress<'_>,
) -> Result<(Live<'a>, Prepared), Failure> {
    let mut live = Live::new(surroundings, places);
    let mut prepared = Prepared::default();
    for planned in &job.plan.suites {
        for (arm, suite) in &planned.arms {
            progress.step(&building(planned.name.as_str(), *arm));
            live.prepare(suite, *arm, &mut prepared).map_err(|_| interrupted())?;
        }
    }
    Ok((live, prepared))
}

/// The suites that pass by proof; they are not run.
fn prove(job: &Job<'_>, live: &mut Live<'_>, progress: &Progress<'_>) -> Vec<Identical> {
    let candidates = job.plan.suites.iter().filter(|planned| job.provable.suites.contains(&planned.name));
    let definitions = candidates.filter_map(|planned| planned.arms.get(&Arm::Head));
    definitions
        .filter_map(|suite| {
            progress.step(&format!("comparing the programs of {}", terminal(suite.name.as_str())));
            live.prove(suite, &job.provable)
        })
        .collect()
}

/// The journal: new, or the one that is gone on with.
fn journal(job: &Job<'_>, state: &Path, context: &Context) -> Result<Journal, Failure> {
    let identity = Identity {
        schema: JOURNAL_SCHEMA,
        tollgate: env!("CARGO_PKG_VERSION").to_owned(),
        base: job.base.map(|base| base.tree.clone()).unwrap_or_default(),
        head: job.head.tree.clone(),
        seed: job.plan.seed,
        plan: job.plan.describe(),
    };
    let path = state.join("journal.jsonl");
    let journal = match job.journal {
        Keep::Nothing => Ok(Journal::in_memory()),
        Keep::New => Journal::create(&path, &identity),
        Keep::Resume => Journal::resume(&path, &identity),
    };
    let journal = journal.map_err(|error| journal_error(&error))?;
    if job.journal == Keep::Resume {
        context.say(&format!("going on after {} measured pairs", journal.len()));
    }
    Ok(journal)
}

fn journal_error(error: &JournalError) -> Failure {
    let code = match error {
        JournalError::Another { .. } => Code::Usage,
        JournalError::Write { .. } | JournalError::Read { .. } => Code::Internal,
    };
    Failure::new(code, "no verdict", error, error.hint())
}

/// The user stopped it before anything was measured.
pub(crate) fn interrupted() -> Failure {
    Failure {
        code: Code::Interrupted,
        consequence: "no verdict",
        message: "interrupted while building; nothing was measured yet".to_owned(),
        hint: None,
    }
}
