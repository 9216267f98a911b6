//! Which suites run in which arms, and which of them stored runs decide.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::cli::{AgainstArg, CheckArgs};
use crate::commands::{Code, Context, Failure, measuring};
use crate::config::{Against, CONFIG_FILE, Config, Suite};
use crate::measure::host;
use crate::measure::selection::Selection;
use crate::model::Name;
use crate::plan::Plan;

use super::choice::{self, Choice};
use super::sources::Sources;

/// Makes the plan.
pub(crate) fn make(args: &CheckArgs, context: &Context, sources: &Sources) -> Result<Plan, Failure> {
    require_suites([&sources.config, &sources.head_config])?;
    let selection = selection(args)?;
    let named = |suite: &Suite| selection.may_match(&suite.name);
    let [mut base, mut head] = [&sources.config, &sources.head_config].map(Clone::clone);
    // Where base has no config, both arms run head's suites: its benchmarks are mostly there already.
    base.suites.retain(named);
    head.suites.retain(named);
    let Choice { by_stored, why } = choice(args, context, sources, [&base, &head]);
    let mut plan = Plan::new(Some(&base), &head, &by_stored, seed(args, sources)).explained(&why);
    if let Some(text) = &args.time_limit {
        plan.time_limit = crate::config::human::duration(text)
            .map_err(|error| Failure::usage(format!("--time-limit: {error}"), error.hint()))?;
    }
    plan.rounds_max = args.max_rounds.unwrap_or(plan.rounds_max);
    plan.patient = args.max_rounds.is_some();
    Ok(plan)
}

/// Refuses configs without a single suite: a gate that measures nothing is not green.
pub(crate) fn require_suites<'a>(configs: impl IntoIterator<Item = &'a Config>) -> Result<(), Failure> {
    if configs.into_iter().any(|config| !config.suites.is_empty()) {
        return Ok(());
    }
    Err(Failure {
        code: Code::NotCovered,
        consequence: "no verdict",
        message: format!("{CONFIG_FILE} has no suite, so there is nothing to measure"),
        hint: Some(
            "add a `[suite.<name>]`: docs/configuration.md; `tollgate init --print` shows what it finds".to_owned(),
        ),
    })
}

/// Which benchmarks the command line asks for.
pub(crate) fn selection(args: &CheckArgs) -> Result<Selection, Failure> {
    Selection::new(&args.only).map_err(|error| {
        Failure::usage(format!("--only: {error}"), Some("give a glob such as 'core/parse/*'".to_owned()))
    })
}

/// What head is compared with: the command line's word, else the config's.
pub(crate) fn against(args: &CheckArgs, sources: &Sources) -> Against {
    match args.against {
        Some(AgainstArg::Auto) => Against::Auto,
        Some(AgainstArg::Base) => Against::Base,
        Some(AgainstArg::Baseline) => Against::Baseline,
        None => sources.config.policy.gate.against,
    }
}

/// The suites that stored runs decide: all of them where the user says so, none where the user says so, else those that stored runs can.
fn choice(args: &CheckArgs, context: &Context, sources: &Sources, [base, head]: [&Config; 2]) -> Choice {
    let suites: BTreeSet<Name> = base.suites.iter().chain(&head.suites).map(|suite| suite.name.clone()).collect();
    match against(args, sources) {
        Against::Base => Choice::default(),
        Against::Baseline => Choice { by_stored: suites, why: BTreeMap::new() },
        Against::Auto => {
            let here = || host::environment(&measuring::surroundings(context), sources.repository.root());
            let shares = |by_stored: &BTreeSet<Name>| Plan::new(Some(base), head, by_stored, 0).shares;
            let loads = head.loads();
            choice::make(&sources.baselines, &suites, &loads, &sources.config.policy, shares, here, context.now_s)
        }
    }
}

/// The seed of the coins: the command line's, else one from what is compared and the attempt, so that a re-run throws new coins.
fn seed(args: &CheckArgs, sources: &Sources) -> u64 {
    args.seed.unwrap_or_else(|| {
        let mut hash = Sha256::new();
        hash.update(&sources.base.tree);
        hash.update(&sources.head.tree);
        hash.update(&sources.attempt);
        let digest = hash.finalize();
        // 53 bits: JSON readers hold a number of that size exactly.
        digest.iter().take(8).fold(0, |seed: u64, byte| seed << 8 | u64::from(*byte)) >> 11
    })
}
