//! A run with metrics in pairs, metrics that stored runs decide and budgets, all exactly at their limits: how often it is red where the families
//! share the rate, and where each has all of it.

use std::collections::BTreeSet;

use tollgate::config::{Against, Policy};
use tollgate::judge::{self, Evidence};
use tollgate::measure::scripted::time;
use tollgate::model::{
    Judgement, Metric, Name, Outcome, Role, Run, Sample, Shares, StoredMetric, StoredValues, TestFamily, Why,
};
use tollgate::stats::conformal::runs_needed;
use tollgate::stats::rates::proportion_upper;

use super::noise::Random;
use super::{TOLERANCE, full};
use crate::judgements::{Stored, circumstances, environment, name, policy, revision};

const MIXED: [TestFamily; 3] = [TestFamily::Pairs, TestFamily::Stored, TestFamily::Budgets];
/// Metrics, or budgets, of each family.
const EACH: usize = 6;
/// The standard deviation of a round, and that between runs: wide, so that what is assumed of it decides nothing.
const ROUND_SD: f64 = 0.01;
const RUN_SD: f64 = 0.10;

/// A millisecond, off by a logarithm.
fn sample(log: f64) -> Sample {
    Sample::new(vec![1e-3 * log.exp()]).expect("a value")
}

fn metrics(suite: &str, role: Role) -> Vec<Metric> {
    let metric = |at| Metric { role, ..time(&name(suite), &name(&format!("bench {at}"))) };
    (0..EACH).map(metric).collect()
}

/// One round of base and head of what still takes part, head slower by just its tolerance.
fn pairs(base: &mut Run, head: &mut Run, wanted: Option<&BTreeSet<String>>, round: u32, random: &mut Random) {
    for metric in metrics("pairs", Role::Gated) {
        if wanted.is_none_or(|wanted| wanted.contains(&metric.id.benchmark.to_string())) {
            base.insert(metric.clone(), round, sample(ROUND_SD * random.normal()));
            head.insert(metric, round, sample(ROUND_SD * random.normal() + TOLERANCE.ln_1p()));
        }
    }
}

/// Runs whose tails are heavy, the newest first, and head, which is one of them made slower by just its tolerance.
fn stored(head: &mut Run, runs: usize, random: &mut Random) -> Stored {
    let mut heavy = || {
        let squares: f64 = (0..3).map(|_| random.normal().powi(2)).sum();
        RUN_SD * random.normal() / squares.sqrt()
    };
    let of = |metric: Metric| {
        head.insert(metric.clone(), 0, sample(heavy() + TOLERANCE.ln_1p()));
        let runs = (0..i64::try_from(runs).expect("few")).rev().map(|taken_at_s| StoredValues {
            statistics: vec![1e-3 * heavy().exp()],
            taken_at_s,
            why: Why::Update,
            commit: "c".to_owned(),
        });
        (metric.id.clone(), Ok(StoredMetric { metric, runs: runs.collect() }))
    };
    metrics("stored", Role::Gated).into_iter().map(of).collect()
}

/// Ten rounds of values whose mean is just what their budgets allow.
fn limited(head: &mut Run, random: &mut Random) {
    for metric in metrics("limits", Role::Informative) {
        for round in 0..10 {
            let value = 1e-3 * (1.0 + ROUND_SD * random.normal());
            head.insert(metric.clone(), round, Sample::new(vec![value]).expect("a value"));
        }
    }
}

/// The judgement of a run that holds these families, which share a rate; measured as the loop of rounds measures.
fn judged(families: &[TestFamily], rate: f64, random: &mut Random) -> Judgement {
    let shares = Shares::new(rate, families.iter().copied());
    let mut policy: Policy = policy("[[budget]]\nbenchmark = 'limits/*'\ncritical = '1 ms'");
    policy.gate.shares = shares.clone();
    let (mut base, mut head) = (Run::new(revision("base"), environment()), Run::new(revision("head"), environment()));
    let mut rounds_run = 0;
    if families.contains(&TestFamily::Pairs) {
        let mut wanted = None;
        for end in judge::checkpoints(&judge::settings(&policy)) {
            (rounds_run..end).for_each(|round| pairs(&mut base, &mut head, wanted.as_ref(), round, random));
            rounds_run = end;
            let undecided = judge::undecided(Some(&base), &head, &policy, rounds_run);
            if undecided.is_empty() {
                break;
            }
            wanted = Some(undecided.iter().map(ToString::to_string).collect());
        }
    }
    // As many as `check` asks for before it lets them stand in for base.
    let runs = runs_needed(shares.of(TestFamily::Stored));
    let by = if families.contains(&TestFamily::Stored) { stored(&mut head, runs, random) } else { Stored::new() };
    if families.contains(&TestFamily::Budgets) {
        limited(&mut head, random);
    }
    let suites: BTreeSet<Name> = by.keys().map(|id| id.benchmark.suite.clone()).collect();
    let base = (rounds_run > 0).then_some(&base);
    let evidence = Evidence { stored: &by, by_stored: &suites, ..Evidence::of(base, &head, rounds_run) };
    judge::judge(&evidence, &policy, &circumstances(Against::Auto))
}

/// Whether anything is called regressed or over its budget.
fn red(judgement: &Judgement) -> bool {
    judgement.rows.iter().any(|row| matches!(row.outcome, Outcome::FailRegressed | Outcome::FailOverBudget))
}

#[test]
fn a_mixed_run_keeps_the_rate_that_its_families_share_and_would_not_keep_it_if_each_had_all_of_it() {
    // The reduced form takes a rate at which few runs tell the two apart.
    let (rate, requests) = if full() { (0.01, 4000) } else { (0.10, 160) };
    let mut random = Random::new(4711);
    let (mut shared, mut by_family, mut any) = (0_u32, [0_u32; 3], 0_u32);
    for _ in 0..requests {
        let judgement = judged(&MIXED, rate, &mut random);
        let parts: f64 = judgement.promise.shares.iter().map(|share| share.rate).sum();
        assert!(judgement.promise.shares.len() == 3 && parts <= rate * (1.0 + 1e-12), "{:?}", judgement.promise);
        shared += u32::from(red(&judgement));
        let apart = MIXED.map(|family| red(&judged(&[family], rate, &mut random)));
        any += u32::from(apart.contains(&true));
        for (count, red) in by_family.iter_mut().zip(apart) {
            *count += u32::from(red);
        }
    }
    let percent = |count: u32| 100.0 * f64::from(count) / f64::from(requests);
    let upper = |count: u32| 100.0 * proportion_upper(count, requests, 0.05).expect("there are requests");
    println!("| mixed runs, all exactly at their limits, rate {} % | runs | red (upper 95 % bound) |", 100.0 * rate);
    println!("|---|---|---|");
    let row = |what: &str, count: u32| {
        println!("| {what} | {requests} | {count} ({:.2} %, at most {:.2} %) |", percent(count), upper(count));
    };
    row("the families share the rate", shared);
    row("each has all of it", any);
    for (what, count) in ["of these: pairs", "stored runs", "budgets"].into_iter().zip(by_family) {
        row(what, count);
    }
    let and_luck = 100.0 * (rate + 3.0 * (rate * (1.0 - rate) / f64::from(requests)).sqrt());
    assert!(percent(shared) <= and_luck, "{shared} of {requests}");
    assert!(percent(any) > and_luck, "{any} of {requests}: this test could not tell");
}
