//! `tollgate selftest`: proves that the gate can still go red, by the very stages of a check. Refuses to judge by any way of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::{AgainstArg, CheckArgs, SelftestArgs};
use crate::config::{Adapter, human};
use crate::judge::selftest::{self, Chosen, Wanted, Which};
use crate::measure::handicap::Handicap;
use crate::measure::rounds::Ended;
use crate::model::selftest::Conclusion;
use crate::model::{BenchmarkId, Judgement, Name, Protocol, RunVerdict, Selftest};
use crate::plan::Plan;
use crate::report;

use super::check::evidence::{self, Gathered, Way};
use super::check::planned;
use super::check::sources::{self, Sources};
use super::check::verdicts;
use super::measuring::Keep;
use super::{Code, Context, Failure, output};

/// What a failure means here.
const NOTHING: &str = "no selftest";

/// Measures unchanged code, then a slowed-down head, and says what became of both.
pub(super) fn run(args: &SelftestArgs, context: &Context) -> Result<Code, Failure> {
    let here = |failure| Failure { consequence: NOTHING, ..failure };
    let slowdown_ratio = slowdown(&args.slowdown)?;
    let check = check_args(args, args.only.clone());
    let sources = sources::read_twice(&check, context).map_err(here)?;
    let plan = planned::make(&check, context, &sources).map_err(here)?;
    context.say("1 of 2: the same program in both arms; it must pass");
    let (unchanged, first) = judged(&check, context, &sources, &plan, None).map_err(here)?;
    let chosen = match unchanged.verdict {
        RunVerdict::Pass => choose(args, &sources, &plan, &unchanged, &first.session.measured.protocol, slowdown_ratio),
        _ => Chosen::default(),
    };
    let mut elapsed_s = unchanged.elapsed_s;
    let slowed = if chosen.injections.is_empty() {
        None
    } else {
        context.say("2 of 2: head slowed down on purpose; it must be called a regression");
        let judgement = slowed(args, context, &sources, &plan, &chosen).map_err(here)?;
        elapsed_s += judgement.elapsed_s;
        Some(judgement)
    };
    let trials = selftest::trials(&chosen, &unchanged, slowed.as_ref());
    let verdict = slowed.as_ref().map(|judgement| judgement.verdict);
    let told = Selftest {
        revision: sources.head.clone(),
        environment: unchanged.environment.clone(),
        slowdown_ratio,
        seed: plan.seed,
        elapsed_s,
        compared: unchanged.coverage.compared,
        unchanged: unchanged.verdict,
        slowed: verdict,
        conclusion: selftest::conclude(&unchanged, verdict, &trials),
        trials,
        untested: chosen.untested,
    };
    if args.json {
        context.print(&report::selftest::json(&told));
    } else {
        context.print_report(&report::selftest::text(&told, &unchanged));
    }
    Ok(code(&told.conclusion))
}

/// The exit code. Where unchanged code does not pass for another reason than a false alarm, it is that of a check.
fn code(conclusion: &Conclusion) -> Code {
    match conclusion {
        Conclusion::Holds => Code::Pass,
        Conclusion::FalseAlarm(_) | Conclusion::NothingToTest | Conclusion::Blind => Code::Untrustworthy,
        Conclusion::Trouble(verdict) => output::code(*verdict),
    }
}

fn slowdown(text: &str) -> Result<f64, Failure> {
    let wrong = |error: human::HumanError| Failure::usage(format!("--slowdown: {error}"), error.hint());
    match human::ratio(text).map_err(wrong)? {
        ratio if ratio > 0.0 => Ok(ratio),
        _ => Err(Failure::usage("--slowdown: 0 % slows nothing down", Some("give a share such as '20 %'".to_owned()))),
    }
}

/// The check that each of the two runs is.
fn check_args(args: &SelftestArgs, only: Vec<String>) -> CheckArgs {
    CheckArgs {
        head: args.head.clone(),
        against: Some(AgainstArg::Base),
        only,
        config: args.config.clone(),
        time_limit: args.time_limit.clone(),
        seed: args.seed,
        json: args.json,
        ..CheckArgs::default()
    }
}

/// One run of the gate.
fn judged(
    check: &CheckArgs,
    context: &Context,
    sources: &Sources,
    plan: &Plan,
    handicap: Option<Handicap>,
) -> Result<(Judgement, Gathered), Failure> {
    let way = Way { journal: Keep::Nothing, handicap };
    let gathered = evidence::gather_by(check, context, sources, plan, way)?;
    if gathered.session.measured.ended == Ended::Interrupted {
        let message = "interrupted before both runs were over".to_owned();
        return Err(Failure { code: Code::Interrupted, consequence: NOTHING, message, hint: None });
    }
    Ok((verdicts::reach(check, context, sources, plan, &gathered), gathered))
}

fn choose(
    args: &SelftestArgs,
    sources: &Sources,
    plan: &Plan,
    unchanged: &Judgement,
    protocol: &Protocol,
    slowdown_ratio: f64,
) -> Chosen {
    let definitions = || plan.suites.iter().flat_map(|suite| suite.arms.values());
    let timed_outside = definitions().filter(|suite| matches!(suite.adapter, Adapter::Command(_)));
    let delayable: BTreeSet<Name> = timed_outside.map(|suite| suite.name.clone()).collect();
    let suites: BTreeSet<Name> = definitions().map(|suite| suite.name.clone()).collect();
    let which = if args.only.is_empty() { Which::Cheapest } else { Which::All };
    let wanted = Wanted { slowdown_ratio, delayable: &delayable, suites: &suites, which };
    selftest::choose(unchanged, protocol, &sources.config.policy, &wanted)
}

/// The second run: only what is slowed down, with coins of its own.
fn slowed(
    args: &SelftestArgs,
    context: &Context,
    sources: &Sources,
    plan: &Plan,
    chosen: &Chosen,
) -> Result<Judgement, Failure> {
    let benchmarks: BTreeSet<&BenchmarkId> = chosen.injections.keys().map(|id| &id.benchmark).collect();
    let only = benchmarks.into_iter().map(|id| crate::config::Selector::literal(&id.to_string())).collect();
    let check = check_args(args, only);
    let mut plan = Plan { seed: plan.seed.wrapping_add(1), ..plan.clone() };
    let tested: BTreeSet<&Name> = chosen.injections.keys().map(|id| &id.benchmark.suite).collect();
    plan.suites.retain(|suite| tested.contains(&suite.name));
    let injections: BTreeMap<_, _> = chosen.injections.iter().map(|(id, (how, _))| (id.clone(), *how)).collect();
    let (judgement, _) = judged(&check, context, sources, &plan, Some(Handicap(injections)))?;
    Ok(judgement)
}
