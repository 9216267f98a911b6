//! What a load cannot say. Rounds in which the generator was late are left out on both sides, and too many of them are never a pass and never a
//! failure; what was measured under another load is not compared.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use tollgate::config::{Against, Config, Policy};
use tollgate::judge::{self, Circumstances, Evidence};
use tollgate::model::judgement::{PolicySource, Warning};
use tollgate::model::sample::{Count, Exposure};
use tollgate::model::verdict::{ConditionDifference, Incomparable};
use tollgate::model::{
    Anchor, Arm, BudgetLevel, Doubt, Judgement, Kind, Metric, MetricId, Name, Outcome, Role, Row, Run, RunVerdict,
    Sample, StoredMetric, StoredValues, Unit, Verdict, Why, load,
};

use crate::load::{judged, metric, run};

const ROUNDS: u32 = 26;
const REQUESTS: u64 = 1000;

/// A load test as it is judged: how much slower head is, and how late the generator was, as requests of a thousand by arm and round.
struct Scene<'l> {
    slower: f64,
    late: &'l dyn Fn(Arm, u32) -> u64,
}

fn latency() -> Metric {
    metric(0, "latency-p95", Unit::Seconds)
}

fn lateness() -> Metric {
    Metric { kind: Kind::Ratio, role: Role::Informative, ..metric(1, load::LATE_ARRIVALS, Unit::Ratio) }
}

impl Scene<'_> {
    /// Latencies around 10 ms. Where the generator was late they are a hundred times as long: that must not matter.
    fn run(&self, arm: Arm) -> Run {
        let mut run = run(arm.as_str());
        for round in 0..ROUNDS {
            let late = (self.late)(arm, round);
            let factor = if arm == Arm::Head { 1.0 + self.slower } else { 1.0 };
            let noise = 1.0 + 0.002 * (f64::from((round * 7 + 3 * arm as u32) % 11) - 5.0) / 5.0;
            let value = 0.010 * factor * noise * if late > 10 { 100.0 } else { 1.0 };
            run.insert(latency(), round, Sample::new(vec![value]).unwrap());
            let late = Count::new(late, Exposure::Trials(REQUESTS)).unwrap();
            run.insert(lateness(), round, late.into());
        }
        run
    }

    fn judged(&self, config: &str) -> Judgement {
        judged(Some(&self.run(Arm::Base)), &self.run(Arm::Head), ROUNDS, &policy(config))
    }
}

fn policy(config: &str) -> Policy {
    Config::parse(config, "tollgate.toml").unwrap().policy
}

fn of<'j>(judgement: &'j Judgement, metric: &str) -> &'j Row {
    judgement.rows.iter().find(|row| row.metric.id.metric.as_str() == metric).unwrap()
}

fn never(_: Arm, _: u32) -> u64 {
    0
}

/// Late in every fourth round, in base and head by turns.
fn often(arm: Arm, round: u32) -> u64 {
    let turn = if round.is_multiple_of(8) { Arm::Base } else { Arm::Head };
    if round.is_multiple_of(4) && arm == turn { 80 } else { 10 }
}

/// Late in three of the first ten rounds and never again.
fn at_first(_: Arm, round: u32) -> u64 {
    if [2, 5, 6].contains(&round) { 400 } else { 0 }
}

/// Late in three rounds of head.
fn seldom(arm: Arm, round: u32) -> u64 {
    if arm == Arm::Head && [3, 12, 20].contains(&round) { 400 } else { 10 }
}

fn left_out(row: &Row) -> bool {
    row.warnings.iter().any(|warning| matches!(warning, Warning::RoundsLate { .. }))
}

const DOUBT: Doubt = Doubt::GeneratorLate { rounds: 7, of: 26, worst_share: 0.08 };

#[test]
fn what_is_red_with_a_generator_in_time_is_inconclusive_with_a_late_one() {
    let in_time = Scene { slower: 0.2, late: &never }.judged("");
    assert_eq!((&of(&in_time, "latency-p95").verdict, in_time.verdict), (&Verdict::Regressed, RunVerdict::Regressed));
    let late = Scene { slower: 0.2, late: &often };
    let judgement = late.judged("");
    let row = of(&judgement, "latency-p95");
    assert_eq!((&row.verdict, row.outcome), (&Verdict::Inconclusive(DOUBT), Outcome::Warn));
    assert!(row.effect.is_none() && row.base.is_some() && row.head.is_some(), "shown, without a change");
    let strict = late.judged("[gate]\ninconclusive = 'fail'");
    assert_eq!(of(&strict, "latency-p95").outcome, Outcome::FailInconclusive);
    assert_eq!(strict.verdict, RunVerdict::Inconclusive);
}

#[test]
fn what_passes_with_a_generator_in_time_is_inconclusive_with_a_late_one() {
    let in_time = Scene { slower: 0.0, late: &never }.judged("");
    assert_eq!(of(&in_time, "latency-p95").verdict, Verdict::Unchanged);
    let late = Scene { slower: 0.0, late: &often }.judged("");
    assert_eq!(of(&late, "latency-p95").verdict, Verdict::Inconclusive(DOUBT));
    let always = Scene { slower: 0.0, late: &|_, _| 500 }.judged("");
    let doubt = Doubt::GeneratorLate { rounds: 26, of: 26, worst_share: 0.5 };
    assert_eq!(of(&always, "latency-p95").verdict, Verdict::Inconclusive(doubt), "not missing, not new");
}

#[test]
fn a_few_late_rounds_are_left_out_on_both_sides_and_counted() {
    for (slower, verdict) in [(0.0, Verdict::Unchanged), (0.2, Verdict::Regressed)] {
        let judgement = Scene { slower, late: &seldom }.judged("");
        let row = of(&judgement, "latency-p95");
        assert_eq!((&row.verdict, &row.warnings), (&verdict, &vec![Warning::RoundsLate { late: 3 }]));
        let sides = [&row.base, &row.head].map(|side| side.as_ref().unwrap().statistics.len());
        assert_eq!(sides, [23, 23]);
    }
    let share = |late| Scene { slower: 0.2, late }.judged("");
    let five = share(&|_, round| if round < 5 { 11 } else { 0 });
    assert_eq!(of(&five, "latency-p95").verdict, Verdict::Regressed, "5 of 26 are no more than a fifth");
    assert!(!left_out(of(&share(&|_, _| 10), "latency-p95")), "1 % is not late");
}

#[test]
fn what_a_service_keeps_is_judged_whenever_its_requests_came() {
    let left = Metric { kind: Kind::Count, ..metric(2, "descriptors-left", Unit::Count) };
    let [base, head] = Arm::BOTH.map(|arm| {
        let mut run = Scene { slower: 0.5, late: &often }.run(arm);
        for round in 0..ROUNDS {
            let kept = if arm == Arm::Head { 50.0 } else { 1.0 };
            run.insert(left.clone(), round, Sample::new(vec![kept + f64::from(round % 2)]).unwrap());
        }
        run
    });
    let judgement = judged(Some(&base), &head, ROUNDS, &policy(""));
    assert_eq!(of(&judgement, "descriptors-left").verdict, Verdict::Regressed);
    assert!(matches!(of(&judgement, "latency-p95").verdict, Verdict::Inconclusive(Doubt::GeneratorLate { .. })));
}

#[test]
fn the_lateness_itself_is_shown_as_it_was() {
    let judgement = Scene { slower: 0.0, late: &often }.judged("");
    let row = of(&judgement, load::LATE_ARRIVALS);
    assert_eq!(row.head.as_ref().unwrap().statistics.len(), 26);
    assert!(!left_out(row));
}

#[test]
fn a_budget_is_neither_kept_nor_missed_where_the_generator_was_late() {
    let config = |critical: &str, more: &str| {
        format!("[gate]\ninconclusive = 'fail'\n{more}[[budget]]\nmetric = 'latency-p95'\ncritical = '{critical}'\n")
    };
    for (critical, in_time) in [("9 ms", Outcome::FailOverBudget), ("20 ms", Outcome::Pass)] {
        let alone = |late: &dyn Fn(Arm, u32) -> u64| {
            judged(None, &Scene { slower: 0.0, late }.run(Arm::Head), ROUNDS, &policy(&config(critical, "")))
        };
        assert_eq!(of(&alone(&never), "latency-p95").outcome, in_time);
        // Head alone is late in three rounds of 26 where both arms are in seven.
        let often = |_: Arm, round: u32| u64::from(round.is_multiple_of(4)) * 80;
        let judgement = alone(&often);
        let row = of(&judgement, "latency-p95");
        let check = row.budget.as_ref().unwrap();
        assert_eq!((check.level, check.undecided), (BudgetLevel::Within, Some(BudgetLevel::Critical)));
        assert_eq!(row.outcome, Outcome::FailInconclusive, "{critical}");
        let paired = Scene { slower: 0.0, late: &often }.judged(&config(critical, ""));
        assert_eq!(of(&paired, "latency-p95").outcome, Outcome::FailInconclusive, "{critical}");
    }
}

fn circumstances() -> Circumstances {
    Circumstances {
        base: None,
        today: Date::constant(2030, 1, 1),
        seed: 7,
        policy: PolicySource::Base,
        against: Against::Auto,
        notices: Vec::new(),
    }
}

/// What stored runs, and the release among them, say of head.
fn by_stored(scene: &Scene<'_>, anchored: bool) -> (Verdict, Outcome) {
    let values = |commit: &str, value: f64| {
        let run = |run: i32| StoredValues {
            statistics: vec![value * (1.0 + 0.002 * f64::from(run % 5 - 2))],
            taken_at_s: i64::from(run),
            why: Why::Update,
            commit: commit.to_owned(),
        };
        StoredMetric { metric: latency(), runs: (0..12).map(run).collect() }
    };
    let id = latency().id;
    let head = scene.run(Arm::Head);
    let stored: BTreeMap<MetricId, Result<StoredMetric, Incomparable>> =
        BTreeMap::from([(id.clone(), Ok(values("newer", 0.010)))]);
    let by_stored = BTreeSet::from([Name::new("load").unwrap()]);
    let then = BTreeMap::from([(id, values("release", 0.005))]);
    let anchor = Anchor { name: "v1".to_owned(), then, now: BTreeMap::new() };
    let evidence = Evidence {
        stored: &stored,
        by_stored: &by_stored,
        anchor: anchored.then_some(&anchor),
        ..Evidence::of(None, &head, ROUNDS)
    };
    let policy = policy("[gate]\nanchor = 'v1'");
    let judgement = judge::judge(&evidence, &policy, &circumstances());
    let row = of(&judgement, "latency-p95");
    (row.verdict.clone(), row.outcome)
}

#[test]
fn stored_runs_and_drift_say_nothing_of_a_late_generator() {
    let late = |_: Arm, round: u32| u64::from(round.is_multiple_of(4)) * 80;
    assert_eq!(by_stored(&Scene { slower: 0.5, late: &never }, false), (Verdict::Regressed, Outcome::FailRegressed));
    assert_eq!(by_stored(&Scene { slower: 0.0, late: &never }, false), (Verdict::Unchanged, Outcome::Pass));
    assert_eq!(
        by_stored(&Scene { slower: 0.0, late: &never }, true).1,
        Outcome::Warn,
        "drifted, by nothing of its own"
    );
    for (slower, anchored) in [(0.5, false), (0.0, false), (0.5, true)] {
        let said = by_stored(&Scene { slower, late: &late }, anchored);
        assert_eq!(said, (Verdict::Inconclusive(DOUBT), Outcome::Warn));
    }
}

#[test]
fn a_suite_whose_generator_was_late_at_times_goes_on_and_one_whose_is_late_mostly_does_not() {
    let undecided = |late: &dyn Fn(Arm, u32) -> u64, config: &str| {
        let arms = Arm::BOTH.map(|arm| {
            let mut run = Scene { slower: 0.2, late }.run(arm);
            run.series.values_mut().for_each(|series| series.rounds.retain(|round, _| *round < 10));
            run
        });
        judge::undecided(Some(&arms[0]), &arms[1], &policy(config), 10).contains(&latency().id.benchmark)
    };
    assert!(undecided(&never, ""), "ten rounds are a suspicion, fresh ones decide");
    assert!(undecided(&often, ""), "three of ten were late, and fewer of those to come may be");
    assert!(!undecided(&often, "[gate]\nmax-rounds = 12\n"), "of twelve three are too many whatever comes");
    assert!(!undecided(&|_, round| 400 * u64::from(round % 5 > 0), ""), "most are late, and more will be");
    let advisory = "[[rule]]\nmetric = \"*\"\nseverity = \"advisory\"\n";
    assert!(!undecided(&often, advisory), "what does not block asks for nothing");
}

#[test]
fn what_was_late_in_its_first_rounds_is_decided_by_those_after() {
    let early = Scene { slower: 0.5, late: &at_first };
    assert_eq!(of(&early.judged(""), "latency-p95").verdict, Verdict::Regressed);
    let same = Scene { slower: 0.0, late: &at_first };
    assert_eq!(of(&same.judged(""), "latency-p95").verdict, Verdict::Unchanged);
}

#[test]
fn another_load_is_not_comparable_and_never_a_pass_by_stored_runs_or_drift() {
    let scene = Scene { slower: 0.5, late: &never };
    let (base, head) = (scene.run(Arm::Base), scene.run(Arm::Head));
    let different = ConditionDifference { what: "level".into(), base: "100/s".into(), head: "200/s".into() };
    let conditions = BTreeMap::from([(Name::new("load").unwrap(), vec![different.clone()])]);
    let judged = |base: Option<&Run>, against: Against, gate: &str| {
        let evidence = Evidence { conditions: &conditions, ..Evidence::of(base, &head, ROUNDS) };
        judge::judge(&evidence, &policy(gate), &Circumstances { against, ..circumstances() })
    };
    for base in [Some(&base), None] {
        let expected = Verdict::NotComparable(Incomparable::Conditions(vec![different.clone()]));
        for (gate, outcome) in [("", Outcome::FailNotComparable), ("[gate]\nmissing = 'warn'", Outcome::Warn)] {
            let judgement = judged(base, Against::Auto, gate);
            let row = of(&judgement, "latency-p95");
            assert_eq!((&row.verdict, row.outcome), (&expected, outcome));
            assert!(judgement.verdict != RunVerdict::Regressed);
            assert!(judgement.verdict >= RunVerdict::NotComparable || !gate.is_empty(), "{:?}", judgement.verdict);
        }
    }
    let asked = judged(None, Against::Baseline, "");
    assert_eq!(asked.verdict, RunVerdict::NotComparable, "red where that comparison was asked for");
}

#[test]
fn stored_runs_of_another_load_block_as_base_of_another_load_does() {
    let head = Scene { slower: 0.0, late: &never }.run(Arm::Head);
    let different = ConditionDifference { what: "level".into(), base: "100/s".into(), head: "200/s".into() };
    let why = Incomparable::StoredConditions(vec![different]);
    let stored = head.series.keys().map(|id| (id.clone(), Err(why.clone()))).collect();
    let by_stored = BTreeSet::from([Name::new("load").unwrap()]);
    let evidence = Evidence { stored: &stored, by_stored: &by_stored, ..Evidence::of(None, &head, ROUNDS) };
    let judged = |gate: &str| {
        judge::judge(&evidence, &policy(gate), &Circumstances { against: Against::Auto, ..circumstances() })
    };
    let strict = judged("");
    assert_eq!(of(&strict, "latency-p95").verdict, Verdict::NotComparable(why.clone()));
    assert_eq!(of(&strict, "latency-p95").outcome, Outcome::FailNotComparable);
    assert_eq!(strict.verdict, RunVerdict::NotComparable);
    assert_eq!(of(&judged("[gate]\nmissing = 'warn'"), "latency-p95").outcome, Outcome::Warn);
}
