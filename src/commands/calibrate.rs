//! `tollgate calibrate`: one revision against itself on this machine, and what follows for the config. Refuses to change more of it than asked.
#![expect(clippy::disallowed_methods, reason = "reads the config of the working tree, to which rules are appended")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::baseline::store::write_atomically;
use crate::cli::{AgainstArg, CalibrateArgs, CheckArgs};
use crate::config::{CONFIG_FILE, Config, rules_text};
use crate::judge::Levels;
use crate::judge::calibrate::Rounds;
use crate::measure::proof::Provable;
use crate::measure::rounds::Ended;
use crate::model::calibration::SuggestedRule;
use crate::model::{Calibration, CoverageProblem, Trouble};
use crate::plan::Plan;
use crate::report;

use super::check::evidence::Gathered;
use super::check::planned::{self, selection};
use super::check::sources::{self, Sources};
use super::check::verdicts::{self, today};
use super::measuring::{self, Job, Keep};
use super::{Code, Context, Failure};

/// Where the numbers are kept, from the root of the repository.
const SAVED: &str = ".tollgate/calibration.json";
/// The longest that the rounds take when nothing is said.
const TIME_LIMIT: &str = "1 h";
/// What a failure means here.
const NOTHING: &str = "no calibration";

/// Measures, and says what this machine can show.
pub(super) fn run(args: &CalibrateArgs, context: &Context) -> Result<Code, Failure> {
    let check = check_args(args);
    let here = |failure| Failure { consequence: NOTHING, ..failure };
    let mut sources = sources::read_twice(&check, context).map_err(here)?;
    // Both arms are base against itself already.
    sources.config.policy.gate.canary = false;
    let mut plan = planned::make(&check, context, &sources).map_err(here)?;
    plan.rounds_max = args.rounds;
    let gathered = measure(&check, context, &sources, &plan).map_err(here)?;
    let calibration = calibration(&check, context, &sources, &plan, &gathered);
    if calibration.metrics.is_empty() {
        return Err(empty(&calibration));
    }
    save(&sources, &calibration)?;
    let suggestion = suggestion(&calibration, context);
    if args.write && !calibration.rules.is_empty() {
        append(&sources, &suggestion)?;
    }
    if args.json {
        context.print(&report::calibration::json(&calibration, &suggestion));
    } else {
        context.print_report(&report::calibration::text(&calibration, &suggestion, CONFIG_FILE));
    }
    told(args, context, &calibration);
    Ok(if calibration.alarms.is_empty() { trouble(&calibration) } else { Code::Untrustworthy })
}

/// What the trouble with measuring comes to, as in a check.
fn trouble(calibration: &Calibration) -> Code {
    let failed = |problem: &CoverageProblem| match problem.trouble {
        Trouble::Crashed { .. } | Trouble::TimedOut { .. } | Trouble::BuildFailed { .. } => true,
        Trouble::New | Trouble::Missing | Trouble::Renamed { .. } | Trouble::Unparsed { .. } => false,
    };
    if calibration.troubles.is_empty() {
        Code::Pass
    } else if calibration.troubles.iter().any(failed) {
        Code::Broken
    } else {
        Code::NotCovered
    }
}

/// The check that this is one half of.
fn check_args(args: &CalibrateArgs) -> CheckArgs {
    CheckArgs {
        head: args.head.clone(),
        against: Some(AgainstArg::Base),
        only: args.only.clone(),
        config: args.config.clone(),
        time_limit: Some(args.time_limit.clone().unwrap_or_else(|| TIME_LIMIT.to_owned())),
        seed: args.seed,
        json: args.json,
        ..CheckArgs::default()
    }
}

/// So many rounds of everything, decided or not.
fn measure(args: &CheckArgs, context: &Context, sources: &Sources, plan: &Plan) -> Result<Gathered, Failure> {
    let job = Job {
        repository: &sources.repository,
        plan,
        base: Some(&sources.base),
        head: &sources.head,
        selection: &selection(args)?,
        checkpoints: Vec::new(),
        wanted: &|_, _, _| BTreeSet::new(),
        scattered: None,
        journal: Keep::Nothing,
        handicap: None,
        provable: Provable::nothing(),
    };
    let session = measuring::run(&job, context)?;
    if session.measured.ended == Ended::Interrupted {
        return Err(interrupted(session.measured.rounds_run));
    }
    Ok(Gathered {
        session,
        stored: BTreeMap::new(),
        levels: Levels::unknown(),
        by_stored: BTreeSet::new(),
        sources_changed: BTreeSet::new(),
        anchor: None,
        notices: Vec::new(),
    })
}

fn calibration(
    args: &CheckArgs,
    context: &Context,
    sources: &Sources,
    plan: &Plan,
    gathered: &Gathered,
) -> Calibration {
    let judgement = verdicts::reach(args, context, sources, plan, gathered);
    let measured = &gathered.session.measured;
    let rounds = Rounds {
        base: measured.base.as_ref().unwrap_or(&measured.head),
        head: &measured.head,
        protocol: &measured.protocol,
        rounds: measured.rounds_run,
        elapsed_s: measured.elapsed.as_secs_f64(),
        seed: plan.seed,
        troubles: &measured.troubles,
    };
    let mut policy = sources.config.policy.clone();
    policy.gate.shares = plan.shares.clone();
    crate::judge::calibrate(&rounds, &policy, &judgement)
}

/// What is to be appended to the config; empty where the gate can tell everything.
fn suggestion(calibration: &Calibration, context: &Context) -> String {
    if calibration.rules.is_empty() {
        return String::new();
    }
    let cores = report::number::plural(calibration.environment.cores as usize, "core");
    let rounds = report::number::plural(calibration.rounds as usize, "round");
    let day = today(context.now_s);
    let head = format!("\n# Suggested by `tollgate calibrate` on {day}, from {rounds} on {cores}.\n");
    head + rules_text(&calibration.rules).trim_start_matches('\n')
}

/// Appends to the config of the working tree; every byte that is there stays.
fn append(sources: &Sources, suggestion: &str) -> Result<(), Failure> {
    let path = sources.repository.root().join(CONFIG_FILE);
    let failed = |message: String, hint: &str| Failure {
        code: Code::Config,
        consequence: "nothing written",
        message,
        hint: Some(hint.to_owned()),
    };
    let before = fs::read_to_string(&path).map_err(|error| {
        failed(
            format!("read {}: {error}", path.display()),
            "check out a tree that has a config, or leave `--write` out",
        )
    })?;
    let end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let after = format!("{before}{end}{suggestion}");
    Config::parse(&after, CONFIG_FILE).map_err(|error| {
        failed(
            format!("{CONFIG_FILE} with the suggested rules is not a config: {error}"),
            "leave `--write` out, and take over what is printed by hand",
        )
    })?;
    write_atomically(&path, after.as_bytes()).map_err(|error| unwritten(&path, &error))
}

fn save(sources: &Sources, calibration: &Calibration) -> Result<(), Failure> {
    let path = sources.repository.root().join(SAVED);
    let text = report::calibration::json(calibration, &rules_text(&calibration.rules));
    write_atomically(&path, text.as_bytes()).map_err(|error| unwritten(&path, &error))
}

/// What stands beside the table.
fn told(args: &CalibrateArgs, context: &Context, calibration: &Calibration) {
    context.say(&format!("numbers: {SAVED}"));
    let rules: &[SuggestedRule] = &calibration.rules;
    if args.write && rules.is_empty() {
        context.say(&format!("{CONFIG_FILE} stays as it is: the gate can tell everything that it measures"));
    } else if args.write {
        let count = report::number::plural(rules.len(), "rule");
        context.say(&format!("appended {count} to {CONFIG_FILE}; look at the diff, and commit it"));
    }
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure {
        code: Code::Internal,
        consequence: "not written",
        message: format!("write {}: {error}", path.display()),
        hint: Some("check the free space and your permissions; the file is as it was".to_owned()),
    }
}

fn interrupted(rounds: u32) -> Failure {
    Failure {
        code: Code::Interrupted,
        consequence: NOTHING,
        message: format!("interrupted after {}", report::number::plural(rounds as usize, "round")),
        hint: None,
    }
}

/// Nothing was compared: a calibration of nothing is none.
fn empty(calibration: &Calibration) -> Failure {
    let code = match trouble(calibration) {
        Code::Pass => Code::NotCovered,
        code => code,
    };
    let told = calibration.troubles.first().map(report::calibration::trouble);
    Failure {
        code,
        consequence: NOTHING,
        message: told.unwrap_or_else(|| "no metric was measured that the policy does not ignore".to_owned()),
        hint: Some("`tollgate check --list` shows what is run, and `--only` is a glob over suite/benchmark".to_owned()),
    }
}
