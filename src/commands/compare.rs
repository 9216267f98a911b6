//! `tollgate compare`: judges one result by another. Refuses to make of two processes what only many could tell (`docs/baselines.md`).

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::{CompareArgs, LoadTool};
use crate::config::scenario::LoadFormat;
use crate::config::{Adapter, Against, CONFIG_FILE, Config, Policy};
use crate::judge::{self, Circumstances, Evidence};
use crate::measure::bench::{Parsed, Reading};
use crate::model::judgement::{Notice, PolicySource};
use crate::model::{
    Arm, CoverageProblem, Environment, Judgement, Name, Revision, Run, Series, StoredMetric, StoredValues, TestFamily,
    Trouble, Why,
};

use super::check::sources::read_config;
use super::check::verdicts::today;
use super::output::{self, Show};
use super::results::{ResultFormat, better, known_format, read_results};
use super::{Code, Context, Failure};

const NO_VERDICT: &str = "no verdict";
/// The suite of results that no suite of the config stands for.
const SUITE: &str = "results";

/// Where the policy comes from, and what must be said of that.
struct Sources {
    config: Config,
    policy: PolicySource,
    notices: Vec<Notice>,
}

/// Compares two results, reports, and gives the exit code of the verdict.
pub(super) fn run(args: &CompareArgs, context: &Context) -> Result<Code, Failure> {
    if let Some(code) = super::load::beside(args, context)? {
        return Ok(code);
    }
    let sources = sources(args, context)?;
    let suite = suite(args, context, &sources.config);
    let better = better(&sources.config, &suite);
    let read = |from: &str| read_results(from, &suite, &context.directory, (format(args), &better), NO_VERDICT);
    let (base, head) = (read(&args.base)?, read(&args.head)?);
    let judgement = judgement(args, context, &sources, &suite, (base, head));
    let written = args.out.as_ref().map(|out| output::write(&judgement, &context.directory.join(out))).transpose()?;
    output::show(&judgement, if args.json { Show::Json } else { Show::Terminal }, context);
    if let Some(written) = written {
        context.say(&written);
    }
    Ok(output::code(judgement.verdict))
}

/// The config that is named; else that of the folder, where there is one that can be read; else the defaults.
fn sources(args: &CompareArgs, context: &Context) -> Result<Sources, Failure> {
    let given = |path: String| PolicySource::Given { path };
    if let Some(path) = &args.config {
        let config = read_config(context, path)?;
        return Ok(Sources { config, policy: given(path.display().to_string()), notices: Vec::new() });
    }
    let mut notices = Vec::new();
    if context.directory.join(CONFIG_FILE).exists() {
        match read_config(context, &CONFIG_FILE.into()) {
            Ok(config) => return Ok(Sources { config, policy: given(CONFIG_FILE.to_owned()), notices }),
            Err(failure) => {
                let first = failure.message.lines().next().unwrap_or_default().to_owned();
                notices
                    .push(Notice::Note(format!("the defaults count, because {CONFIG_FILE} cannot be read: {first}")));
            }
        }
    }
    let config = Config::parse("", CONFIG_FILE).expect("an empty config is all defaults");
    Ok(Sources { config, policy: PolicySource::Defaults, notices })
}

/// The suite whose rules count: the only one of the config that gives results of this kind.
fn suite(args: &CompareArgs, context: &Context, config: &Config) -> Name {
    let known = known_format(&args.head, &context.directory, format(args));
    let mut fitting = config.suites.iter().filter(|suite| match suite.adapter {
        Adapter::Criterion(_) => known == Some(ResultFormat::Criterion),
        Adapter::Json(_) => known == Some(ResultFormat::Open),
        Adapter::Scenario(_) => matches!(known, Some(ResultFormat::Load(_))),
        Adapter::Command(_) => false,
    });
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => only.name.clone(),
        _ => Name::new(SUITE).expect("a word is a name"),
    }
}

/// The load tool that the command line names.
fn format(args: &CompareArgs) -> Option<LoadFormat> {
    Some(match args.format? {
        LoadTool::K6 => LoadFormat::K6,
        LoadTool::Gatling => LoadFormat::Gatling,
        LoadTool::Jmeter => LoadFormat::Jmeter,
        LoadTool::Locust => LoadFormat::Locust,
        LoadTool::Vegeta => LoadFormat::Vegeta,
        LoadTool::Oha => LoadFormat::Oha,
        LoadTool::Wrk => LoadFormat::Wrk,
        LoadTool::H2load => LoadFormat::H2load,
        LoadTool::Autocannon => LoadFormat::Autocannon,
    })
}

/// Judges head as a run by base as the one stored run that there is, an import.
fn judgement(
    args: &CompareArgs,
    context: &Context,
    sources: &Sources,
    suite: &Name,
    (base, head): (Parsed, Parsed),
) -> Judgement {
    let troubles: Vec<CoverageProblem> = [(Arm::Base, &base), (Arm::Head, &head)]
        .into_iter()
        .flat_map(|(arm, parsed)| troubles(arm, parsed, suite))
        .collect();
    let limits = [(Arm::Base, &base), (Arm::Head, &head)].into_iter().flat_map(|(arm, parsed)| limits(arm, parsed));
    let notices = sources.notices.iter().cloned().chain(limits).collect();
    let stored = base.readings.into_iter().map(|reading| (reading.metric.id.clone(), Ok(stored(reading)))).collect();
    let mut run = Run::new(revision(&args.head), somewhere());
    for Reading { metric, sample } in head.readings {
        run.insert(metric, 0, sample);
    }
    let evidence = Evidence {
        stored: &stored,
        by_stored: &BTreeSet::from([suite.clone()]),
        troubles: &troubles,
        ..Evidence::of(None, &run, 1)
    };
    let circumstances = Circumstances {
        base: Some(revision(&args.base)),
        today: today(context.now_s),
        seed: 0,
        policy: sources.policy.clone(),
        against: Against::Auto,
        notices,
    };
    judge::judge(&evidence, &shared(&sources.config.policy, suite), &circumstances)
}

/// The policy with its false-alarm rate shared by what a comparison can test: base as a stored run, and budgets where there are any.
fn shared(policy: &Policy, suite: &Name) -> Policy {
    let mut policy = policy.clone();
    let limited = policy.budgets.iter().any(|rule| rule.selector.may_select(suite));
    let budgets = limited.then_some(TestFamily::Budgets);
    policy.gate.shares = policy.gate.shares.among([TestFamily::Stored].into_iter().chain(budgets));
    policy
}

/// A reading as what is stored of a run.
fn stored(reading: Reading) -> StoredMetric {
    let series = Series { metric: reading.metric, rounds: BTreeMap::from([(0, reading.sample)]) };
    let statistics = series.statistics().into_values().collect();
    let values = StoredValues { statistics, taken_at_s: 0, why: Why::Import, commit: String::new() };
    StoredMetric { metric: series.metric, runs: vec![values] }
}

/// What of one side was not understood.
fn troubles(arm: Arm, parsed: &Parsed, suite: &Name) -> Vec<CoverageProblem> {
    let trouble = |text: &String| Trouble::Unparsed { text: format!("in {}: {text}", arm.as_str()) };
    let problem = |text| CoverageProblem { suite: suite.clone(), benchmark: None, trouble: trouble(text) };
    parsed.unparsed.iter().map(problem).collect()
}

/// What one side cannot say although it was understood.
fn limits(arm: Arm, parsed: &Parsed) -> impl Iterator<Item = Notice> + '_ {
    parsed.notes.iter().map(move |note| Notice::Note(format!("{}: {note}", arm.as_str())))
}

/// A result has no revision that anyone knows, only the name that it was given by.
pub(crate) fn revision(from: &str) -> Revision {
    Revision {
        commit: String::new(),
        tree: String::new(),
        label: from.to_owned(),
        title: String::new(),
        committed_at_s: 0,
        dirty: false,
    }
}

/// Results do not say where they were measured.
pub(crate) fn somewhere() -> Environment {
    let unknown = || "unknown".to_owned();
    Environment {
        cpu_model: unknown(),
        cores: 0,
        memory_bytes: 0,
        os: unknown(),
        kernel: unknown(),
        hypervisor: unknown(),
        image: None,
        toolchain: unknown(),
    }
}
