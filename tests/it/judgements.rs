//! Whole judgements from scripted rounds, through the loop that measures and the judge.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod canaries;
mod disturbed;
mod drift;
mod made;
mod soundness;
mod split;
mod stored;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use tollgate::config::{Against, Config, Policy};
use tollgate::judge::{self, Circumstances, Ending, Evidence};
use tollgate::measure::journal::{Identity, Journal};
use tollgate::measure::rounds::{Conduct, Ended, Measured, measure};
use tollgate::measure::scripted::Scripted;
use tollgate::measure::stop::Stop;
use tollgate::model::judgement::PolicySource;
use tollgate::model::verdict::Incomparable;
use tollgate::model::{
    Arm, Environment, Judgement, MetricId, Name, Outcome, Revision, Row, RunVerdict, StoredMetric, Trouble, Unit,
    Verdict,
};
use tollgate::report;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn policy(text: &str) -> Policy {
    Config::parse(text, "tollgate.toml").unwrap().policy
}

pub(crate) fn revision(label: &str) -> Revision {
    Revision {
        commit: "0123456789abcdef".to_owned(),
        tree: label.to_owned(),
        label: label.to_owned(),
        title: String::new(),
        committed_at_s: 0,
        dirty: false,
    }
}

pub(crate) fn environment() -> Environment {
    Environment {
        cpu_model: "test".to_owned(),
        cores: 2,
        memory_bytes: 1 << 30,
        os: "Debian 12".to_owned(),
        kernel: "6.1".to_owned(),
        hypervisor: "none".to_owned(),
        image: None,
        toolchain: "rustc 1.95.0".to_owned(),
    }
}

/// A time of about a millisecond, one percent up or down by name, arm and round alone.
fn wobbling(benchmark: &str, arm: Arm, round: u32) -> f64 {
    let seed = benchmark
        .bytes()
        .fold(u64::from(round) * 2 + arm as u64, |seed, byte| seed.wrapping_mul(131) + u64::from(byte));
    let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    1e-3 * (1.0 + 0.02 * (mixed as f64 / f64::from(1 << 24) - 0.5))
}

/// What is measured: benchmarks with their arms, how much slower each is in head, and in which (arm, round) the process fails.
#[derive(Clone, Default)]
struct Scene {
    benchmarks: Vec<(String, BTreeSet<Arm>)>,
    slower: BTreeMap<String, f64>,
    failing: Option<Arm>,
    stop_after: Option<u32>,
}

impl Scene {
    fn of(names: &[&str]) -> Self {
        let both = |name: &&str| ((*name).to_owned(), BTreeSet::from(Arm::BOTH));
        Self { benchmarks: names.iter().map(both).collect(), ..Self::default() }
    }

    fn only(mut self, name: &str, arm: Arm) -> Self {
        self.benchmarks.push((name.to_owned(), BTreeSet::from([arm])));
        self
    }

    fn slower(mut self, name: &str, ratio: f64) -> Self {
        self.slower.insert(name.to_owned(), ratio);
        self
    }

    fn measure(&self, policy: &Policy, mut journal: Journal) -> Measured {
        let benchmarks = self.benchmarks.iter().map(|(n, arms)| (name(n), arms.clone())).collect();
        let stop = Stop::new();
        let script = |benchmark: &str, arm: Arm, round: u32| {
            if self.stop_after.is_some_and(|rounds| round >= rounds) {
                stop.set();
            }
            let slower = if arm == Arm::Head { self.slower.get(benchmark).copied().unwrap_or(0.0) } else { 0.0 };
            (self.failing != Some(arm)).then(|| wobbling(benchmark, arm, round) * (1.0 + slower))
        };
        let mut runner = Scripted::new(name("core"), benchmarks, Box::new(script));
        // A journal that is gone on with has rounds that the script did not give.
        runner.runs = [u32::try_from(journal.len()).unwrap(); 2];
        let gate = &policy.gate;
        let settings = judge::settings(policy);
        let conduct = Conduct {
            revisions: (Some(revision("base")), revision("head")),
            environment: environment(),
            seed: 7,
            rounds_max: gate.rounds_max,
            checkpoints: judge::checkpoints(&settings),
            time_limit: Duration::from_mins(1),
            elapsed: &|| Duration::ZERO,
            wanted: &|base, head, rounds| judge::undecided(base, head, policy, rounds),
            splitting: None,
            stop: &stop,
            watch: &|_| {},
            canary: false,
        };
        measure(&mut runner, &mut journal, &conduct).unwrap()
    }

    fn judge(&self, policy: &Policy) -> Judgement {
        judged(policy, &self.measure(policy, Journal::in_memory()))
    }
}

pub(crate) fn circumstances(against: Against) -> Circumstances {
    Circumstances {
        base: Some(revision("base")),
        today: Date::constant(2030, 1, 1),
        seed: 7,
        policy: PolicySource::Base,
        against,
        notices: Vec::new(),
    }
}

pub(crate) type Stored = BTreeMap<MetricId, Result<StoredMetric, Incomparable>>;

fn evidence<'a>(measured: &'a Measured, stored: &'a Stored, suites: &'a [BTreeSet<Name>; 3]) -> Evidence<'a> {
    let [by_stored, sources_changed, base_failed] = suites;
    Evidence {
        protocol: &measured.protocol,
        stored,
        by_stored,
        troubles: &measured.troubles,
        sources_changed,
        base_failed,
        ending: match measured.ended {
            Ended::Complete => Ending::Complete,
            Ended::TimeLimit => Ending::TimeLimit,
            Ended::Interrupted => Ending::Interrupted,
        },
        elapsed_s: 1,
        ..Evidence::of(measured.base.as_ref(), &measured.head, measured.rounds_run)
    }
}

fn judged(policy: &Policy, measured: &Measured) -> Judgement {
    let suites: [BTreeSet<Name>; 3] = Default::default();
    judge::judge(&evidence(measured, &Stored::new(), &suites), policy, &circumstances(Against::Base))
}

fn row<'a>(judgement: &'a Judgement, benchmark: &str) -> &'a Row {
    judgement.rows.iter().find(|row| row.metric.id.benchmark.benchmark.as_str() == benchmark).unwrap()
}

fn many() -> Vec<String> {
    (0..60).map(|i| format!("bench {i}")).collect()
}

fn sixty() -> Scene {
    Scene::of(&many().iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn one_slow_benchmark_among_many_is_named_alone() {
    let judgement = sixty().slower("bench 17", 0.06).judge(&policy(""));
    assert_eq!(judgement.verdict, RunVerdict::Regressed);
    let failing: Vec<String> = judgement.rows_with(Outcome::FailRegressed).map(|r| r.metric.id.to_string()).collect();
    assert_eq!(failing, ["core/bench 17:time"]);
}

#[test]
fn unchanged_code_is_green_after_the_first_stage() {
    let policy = policy("");
    let measured = sixty().measure(&policy, Journal::in_memory());
    let judgement = judged(&policy, &measured);
    assert_eq!((judgement.verdict, measured.rounds_run), (RunVerdict::Pass, 10));
    assert!(judgement.rows.iter().all(|row| row.verdict == Verdict::Unchanged));
    assert_eq!(judgement.promise.family, 60);
}

#[test]
fn what_only_one_side_has_is_told_and_a_missing_benchmark_blocks_where_the_gate_says_so() {
    let scene = Scene::of(&["a"]).only("parse/large", Arm::Base).only("parse/larger", Arm::Head).only("zoo", Arm::Head);
    let judgement = scene.judge(&policy("[gate]\nmissing = 'fail'"));
    assert_eq!(judgement.verdict, RunVerdict::NotCovered);
    let told = ["a", "parse/large", "parse/larger", "zoo"].map(|name| row(&judgement, name).verdict.clone());
    assert_eq!(told, [Verdict::Unchanged, Verdict::Missing, Verdict::New, Verdict::New]);
    let renamed = |t: &Trouble| matches!(t, Trouble::Renamed { to } if to.as_str() == "parse/larger");
    assert!(judgement.coverage.problems.iter().any(|problem| renamed(&problem.trouble)));
    assert_eq!(scene.judge(&policy("[gate]\nmissing = 'warn'")).verdict, RunVerdict::Pass);
}

#[test]
fn a_metric_that_changed_its_unit_is_not_compared() {
    let policy = policy("");
    let mut measured = Scene::of(&["a"]).measure(&policy, Journal::in_memory());
    measured.head.series.values_mut().for_each(|series| series.metric.unit = Unit::Bytes);
    let judgement = judged(&policy, &measured);
    assert!(matches!(row(&judgement, "a").verdict, Verdict::NotComparable(Incomparable::Unit { .. })));
}

#[test]
fn a_process_that_fails_breaks_the_run_whatever_the_rest_says() {
    let scene = Scene { failing: Some(Arm::Base), ..Scene::of(&["a"]) };
    assert_eq!(scene.judge(&policy("")).verdict, RunVerdict::Broken);
}

#[test]
fn budgets_are_kept_missed_or_open() {
    let budget = |text: &str| {
        let text = format!("[[budget]]\nbenchmark = '*'\nmetric = 'time'\ncritical = '{text}'");
        let judgement = Scene::of(&["a"]).judge(&policy(&text));
        (judgement.verdict, row(&judgement, "a").verdict.clone())
    };
    assert_eq!(budget("2 ms"), (RunVerdict::Pass, Verdict::Unchanged));
    assert_eq!(budget("0.5 ms"), (RunVerdict::OverBudget, Verdict::OverBudget));
    let open = Scene::of(&["a"])
        .judge(&policy("gate.inconclusive = 'fail'\n[[budget]]\nbenchmark = '*'\nmetric = 'time'\ncritical = '1 ms'"));
    assert_eq!(open.verdict, RunVerdict::Inconclusive);
}

#[test]
fn a_change_of_policy_is_judged_by_both_and_the_worse_counts() {
    let (usual, lax, strict) = (policy(""), policy("gate.tolerance = '30 %'"), policy("gate.tolerance = '0.5 %'"));
    let scene = Scene::of(&["a", "b"]).slower("a", 0.10);
    let measured = scene.measure(&usual, Journal::in_memory());
    let both = |base: &Policy, head: &Policy| judge::by_both(judged(base, &measured), &judged(head, &measured));
    let raised = both(&usual, &lax);
    assert_eq!((raised.verdict, row(&raised, "a").outcome), (RunVerdict::Regressed, Outcome::FailRegressed));
    let tightened = both(&lax, &strict);
    assert_eq!((tightened.verdict, row(&tightened, "a").outcome), (RunVerdict::Regressed, Outcome::FailRegressed));
    assert_eq!((raised.notices.len(), tightened.notices.len()), (1, 1));
    assert_eq!(both(&lax, &lax).verdict, RunVerdict::Pass);
}

#[test]
fn the_same_rounds_give_the_same_bytes_in_every_format() {
    let formats = |judgement: &Judgement| {
        [
            report::json::to_json(judgement),
            report::markdown::render(judgement, 64_000),
            report::terminal::render(judgement),
            report::html::render(judgement),
            report::junit::render(judgement),
            report::annotations::render(judgement),
        ]
    };
    let scene = sixty().slower("bench 3", 0.04).slower("bench 4", 0.20).only("new", Arm::Head);
    let first = scene.judge(&policy(""));
    assert_eq!(formats(&first), formats(&scene.judge(&policy(""))));
    let read = report::json::from_json(report::json::to_json(&first).as_bytes()).unwrap();
    assert_eq!(formats(&first), formats(&read), "what was saved shows as what was judged");
}

#[test]
fn a_run_that_was_interrupted_and_gone_on_with_is_judged_as_one_that_was_not() {
    let policy = policy("");
    let scene = Scene::of(&["a", "b", "c"]).slower("b", 0.10);
    let whole = scene.measure(&policy, Journal::in_memory());
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity {
        schema: 1,
        tollgate: "1".to_owned(),
        base: "base".to_owned(),
        head: "head".to_owned(),
        seed: 7,
        plan: "plan".to_owned(),
    };
    for rounds in [1, 7, 12] {
        let path = folder.path().join(format!("{rounds}.jsonl"));
        let stopping = Scene { stop_after: Some(rounds), ..scene.clone() };
        let cut = stopping.measure(&policy, Journal::create(&path, &identity).unwrap());
        assert_eq!(cut.ended, Ended::Interrupted);
        assert!(cut.rounds_run <= rounds);
        let resumed = scene.measure(&policy, Journal::resume(&path, &identity).unwrap());
        assert_eq!(resumed.ended, Ended::Complete);
        assert_eq!(judged(&policy, &resumed), judged(&policy, &whole));
    }
}
