//! What verdicts from stored runs are worth, counted on simulated histories: false alarms a run, power, wrong "unchanged", by kind of noise,
//! number of stored runs and number of metrics.
//!
//! The reduced form runs with the other tests. The full one prints the tables of `METHODOLOGY.md`:
//! `TOLLGATE_CALIBRATION=full cargo test --release --test it stored_calibration -- --nocapture --test-threads=1`.

use std::collections::BTreeSet;

use tollgate::config::Against;
use tollgate::judge::{self, Evidence, Levels};
use tollgate::measure::scripted::time;
use tollgate::model::stored::StoredValues;
use tollgate::model::{Judgement, Metric, Run, Sample, StoredMetric, TestFamily, Verdict, Why};
use tollgate::stats::conformal::{runs_needed, standing};
use tollgate::stats::prediction::{Prior, prediction};

use crate::calibration::noise::Random;
use crate::judgements::{Stored, circumstances, environment, name, policy, revision};

/// The standard deviation between runs of the metric that gets slower; the others lie around it, from a third to three times as much.
const SD: f64 = 0.02;
const TOLERANCE: f64 = 0.02;
const RATE: f64 = 0.01;

/// How runs differ from one another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Noise {
    /// Normal and independent.
    Normal,
    /// A seventh of that: a machine of one's own.
    Quiet,
    /// Student's t with three degrees of freedom.
    HeavyTails,
    /// Three runs of ten are from another type of machine, which shifts each metric by its own amount.
    TwoMachines,
    /// A shift of all metrics together is twice as large as what each has for itself.
    Together,
    /// Each run is like the one before it (correlation 0.4).
    Correlated,
    /// Everything gets slower by 0.1 % from run to run.
    Drift,
}

const NOISES: [(&str, Noise); 7] = [
    ("normal", Noise::Normal),
    ("quiet machine", Noise::Quiet),
    ("heavy tails", Noise::HeavyTails),
    ("two machine types", Noise::TwoMachines),
    ("shift of all together", Noise::Together),
    ("correlated runs", Noise::Correlated),
    ("slow drift", Noise::Drift),
];

/// Values of every metric in every run, as logarithms; the last run is head.
fn runs(noise: Noise, metrics: usize, runs: usize, random: &mut Random) -> Vec<Vec<f64>> {
    let scales: Vec<f64> =
        (0..metrics).map(|at| if at == 0 { SD } else { SD * (0.7 * random.normal()).exp() }).collect();
    let other_machine: Vec<f64> = (0..metrics).map(|_| 2.0 + random.normal()).collect();
    let mut all: Vec<Vec<f64>> = vec![Vec::new(); metrics];
    for run in 0..runs {
        let elsewhere = random.uniform() < 0.3;
        let shift = random.normal();
        for (metric, values) in all.iter_mut().enumerate() {
            let own = random.normal();
            let before = values.last().copied().unwrap_or(0.0);
            values.push(match noise {
                Noise::Normal => own,
                Noise::Quiet => own / 7.0,
                Noise::HeavyTails => {
                    let squares: f64 = (0..3).map(|_| random.normal().powi(2)).sum();
                    own / (squares / 3.0).sqrt() / 3.0_f64.sqrt()
                }
                Noise::TwoMachines => own + if elsewhere { other_machine[metric] } else { 0.0 },
                Noise::Together => 0.6 * own + 1.2 * shift,
                Noise::Correlated if run == 0 => own,
                Noise::Correlated => 0.4 * before + (1.0_f64 - 0.16).sqrt() * own,
                Noise::Drift => own + 0.05 * f64::from(u32::try_from(run).expect("few runs")),
            });
        }
    }
    for (values, scale) in all.iter_mut().zip(scales) {
        for value in values {
            *value *= scale;
        }
    }
    all
}

/// The metric at a place.
fn metric(at: usize) -> Metric {
    time(&name("core"), &name(&format!("bench {at:03}")))
}

/// What is stored: every run but the last.
fn stored_of(all: &[Vec<f64>]) -> Stored {
    let mut stored = Stored::new();
    for (at, values) in all.iter().enumerate() {
        let metric = metric(at);
        let (_, history) = values.split_last().expect("there is head");
        // The newest first.
        let runs = (0_i64..).zip(history).map(|(run, value)| StoredValues {
            statistics: vec![value.exp()],
            taken_at_s: run,
            why: Why::Update,
            commit: "c".to_owned(),
        });
        let mut runs: Vec<StoredValues> = runs.collect();
        runs.reverse();
        stored.insert(metric.id.clone(), Ok(StoredMetric { metric, runs }));
    }
    stored
}

/// The judgement of head, the last of all runs with the first metric slower by a fraction, by what is stored.
fn judged(all: &[Vec<f64>], stored: &Stored, levels: &Levels, slower: f64) -> Judgement {
    let mut head = Run::new(revision("head"), environment());
    for (at, values) in all.iter().enumerate() {
        let slower = if at == 0 { slower } else { 0.0 };
        let last = values.last().expect("there is head").exp();
        head.insert(metric(at), 0, Sample::new(vec![last * (1.0 + slower)]).expect("a value"));
    }
    let by_stored = BTreeSet::from([name("core")]);
    let evidence = Evidence { stored, levels, by_stored: &by_stored, ..Evidence::of(None, &head, 1) };
    let mut policy = policy("");
    policy.gate.shares = policy.gate.shares.among([TestFamily::Stored]);
    judge::judge(&evidence, &policy, &circumstances(Against::Baseline))
}

fn regressed(judgement: &Judgement) -> usize {
    judgement.rows.iter().filter(|row| row.verdict == Verdict::Regressed).count()
}

/// What each of the two rules says by itself of a run in which the first metric is slower: any alarm, and the first metric.
fn alone(all: &[Vec<f64>], slower: f64) -> [(bool, bool); 2] {
    let (tolerance, level) = (TOLERANCE.ln_1p(), RATE / all.len() as f64);
    let head: Vec<f64> =
        all.iter().enumerate().map(|(at, v)| v[v.len() - 1] + if at == 0 { slower.ln_1p() } else { 0.0 }).collect();
    let history: Vec<Vec<f64>> = all.iter().map(|values| values[..values.len() - 1].to_vec()).collect();
    let prior = Prior { sd: 0.05, degrees_of_freedom: 3.0 };
    let bound = |at: usize| prediction(&history[at], head[at], level, prior).is_ok_and(|p| p.lower > tolerance);
    let shifted: Vec<f64> = head.iter().map(|value| value - tolerance).collect();
    let rank = standing(&history, &shifted, Prior { sd: 0.01, degrees_of_freedom: 3.0 });
    let above = |at: usize| rank.as_ref().is_ok_and(|rank| rank.above(at));
    [((0..all.len()).any(bound), bound(0)), ((0..all.len()).any(above), above(0))]
}

/// What came of many histories.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    histories: u32,
    alarms: u32,
    inconclusive: u64,
    rows: u64,
    /// Of the metric that is slower by 10, 20, 50 and 100 %: found.
    found: [u32; 4],
    /// Of one that is 5 % slower: called unchanged.
    missed: u32,
    /// By the bound alone and by the rank alone: alarms, and the metric that is 20 % slower found.
    alone: [(u32, u32); 2],
}

const SLOWER: [f64; 4] = [0.1, 0.2, 0.5, 1.0];

/// What is counted: a judgement more for each change that is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Count {
    /// Only what is said of unchanged code.
    Alarms,
    /// Also how often slower metrics are found.
    AlarmsAndPower,
}

fn simulate(noise: Noise, stored: usize, metrics: usize, histories: u32, count: Count) -> Tally {
    let mut random = Random::new((noise as u64) << 32 | (stored as u64) << 16 | metrics as u64);
    let mut tally = Tally::default();
    for _ in 0..histories {
        let all = runs(noise, metrics, stored + 1, &mut random);
        let stored = stored_of(&all);
        let levels = Levels::of(stored.values().flatten(), &policy(""));
        let unchanged = judged(&all, &stored, &levels, 0.0);
        tally.histories += 1;
        tally.alarms += u32::from(regressed(&unchanged) > 0);
        let unsure = unchanged.rows.iter().filter(|row| matches!(row.verdict, Verdict::Inconclusive(_)));
        tally.inconclusive += unsure.count() as u64;
        tally.rows += metrics as u64;
        for (rule, (alarm, _)) in alone(&all, 0.0).into_iter().enumerate() {
            tally.alone[rule].0 += u32::from(alarm);
        }
        if count == Count::Alarms {
            continue;
        }
        for (rule, (_, found)) in alone(&all, 0.2).into_iter().enumerate() {
            tally.alone[rule].1 += u32::from(found);
        }
        for (found, slower) in tally.found.iter_mut().zip(SLOWER) {
            *found += u32::from(judged(&all, &stored, &levels, slower).rows[0].verdict == Verdict::Regressed);
        }
        tally.missed += u32::from(judged(&all, &stored, &levels, 0.05).rows[0].verdict == Verdict::Unchanged);
    }
    tally
}

impl Tally {
    fn percent(&self, count: u32) -> f64 {
        100.0 * f64::from(count) / f64::from(self.histories)
    }

    /// Alarms in percent, and the percentages of what was found.
    fn cell(&self) -> String {
        let found: Vec<String> = self.found.iter().map(|found| format!("{:.0}", self.percent(*found))).collect();
        format!("{:.1}; {}", self.percent(self.alarms), found.join("/"))
    }
}

fn full() -> bool {
    std::env::var_os("TOLLGATE_CALIBRATION").is_some_and(|value| value == "full")
}

/// A share in percent that a count may reach by luck, three standard errors above the true one.
fn and_luck(rate: f64, histories: u32) -> f64 {
    100.0 * (rate + 3.0 * (rate * (1.0 - rate) / f64::from(histories)).sqrt())
}

#[test]
fn exchangeable_runs_raise_no_more_alarms_than_their_number_promises() {
    for noise in [Noise::HeavyTails, Noise::TwoMachines, Noise::Together] {
        for (stored, metrics, histories) in [(9, 12, 120), (19, 5, 80)] {
            let tally = simulate(noise, stored, metrics, if full() { 5000 } else { histories }, Count::Alarms);
            let allowed = and_luck(1.0 / (stored as f64 + 1.0), tally.histories);
            assert!(tally.percent(tally.alarms) <= allowed, "{noise:?}, {stored} runs: {tally:?}");
            assert!(tally.percent(tally.alone[1].0) <= allowed, "{noise:?}, {stored} runs: {tally:?}");
        }
    }
}

#[test]
fn everything_worse_by_just_its_tolerance_raises_no_more_alarms_either() {
    let (stored, histories) = (9_usize, if full() { 3000 } else { 150 });
    let mut random = Random::new(5);
    let alarms: u32 = (0..histories)
        .map(|_| {
            let mut all = runs(Noise::HeavyTails, 10, stored + 1, &mut random);
            for values in &mut all {
                values[stored] += TOLERANCE.ln_1p();
            }
            u32::from(regressed(&judged(&all, &stored_of(&all), &Levels::unknown(), 0.0)) > 0)
        })
        .sum();
    assert!(100.0 * f64::from(alarms) / f64::from(histories) <= and_luck(0.1, histories), "{alarms} of {histories}");
}

#[test]
fn the_bound_alone_breaks_its_word_where_tails_are_heavy_and_both_rules_together_do_not() {
    let tally = simulate(Noise::HeavyTails, 20, 60, if full() { 2000 } else { 50 }, Count::Alarms);
    assert!(tally.percent(tally.alone[0].0) > 10.0, "{tally:?}");
    assert!(tally.percent(tally.alarms) <= and_luck(1.0 / 21.0, tally.histories), "{tally:?}");
}

#[test]
fn ninety_nine_runs_of_a_quiet_machine_keep_one_percent_and_find_a_tenth() {
    let stored = runs_needed(RATE);
    let tally = simulate(Noise::Quiet, stored, 6, if full() { 2000 } else { 30 }, Count::AlarmsAndPower);
    assert!(tally.percent(tally.alarms) <= and_luck(RATE, tally.histories), "{tally:?}");
    assert!(tally.percent(tally.found[0]) > 99.0, "{tally:?}");
}

#[test]
fn ten_and_twenty_runs_call_a_metric_that_is_five_percent_slower_unchanged_as_rarely_as_their_bound_says() {
    for stored in [10, 20] {
        let mut random = Random::new(stored as u64);
        let histories = if full() { 10_000 } else { 800 };
        let missed: u32 = (0..histories)
            .map(|_| {
                let all = runs(Noise::Normal, 1, stored + 1, &mut random);
                let judgement = judged(&all, &stored_of(&all), &Levels::unknown(), 0.05);
                u32::from(judgement.rows[0].verdict == Verdict::Unchanged)
            })
            .sum();
        let share = 100.0 * f64::from(missed) / f64::from(histories);
        println!("| +5 % called unchanged, {stored} runs | {histories} | {missed} ({share:.2} %) |");
        // The bound is meant to be at 5 %: neither above it, nor so far below that nothing is called unchanged.
        assert!((3.0..=and_luck(0.05, histories)).contains(&share), "{stored} runs: {missed} of {histories}");
    }
}

#[test]
fn more_stored_runs_find_smaller_changes() {
    let found = [1, 5, 20].map(|stored| {
        simulate(Noise::Normal, stored, 10, if full() { 1000 } else { 25 }, Count::AlarmsAndPower).found[1]
    });
    assert!(found[0] <= found[1] && found[1] < found[2], "{found:?}");
}

#[test]
fn the_tables_of_the_methodology() {
    if !full() {
        return;
    }
    println!("| noise | stored runs | 1 metric | 20 metrics | 100 metrics | inconclusive | +5 % called unchanged |");
    println!("|---|---|---|---|---|---|---|");
    let mut rules = Vec::new();
    for (said, noise) in NOISES {
        for stored in [1, 3, 5, 10, 20, 50, 99] {
            let tallies = [1, 20, 100].map(|metrics| {
                simulate(noise, stored, metrics, if stored * metrics > 900 { 100 } else { 300 }, Count::AlarmsAndPower)
            });
            let [one, twenty, hundred] = &tallies;
            println!(
                "| {said} | {stored} | {} | {} | {} | {:.0} % | {:.1} % |",
                one.cell(),
                twenty.cell(),
                hundred.cell(),
                100.0 * twenty.inconclusive as f64 / twenty.rows as f64,
                twenty.percent(twenty.missed),
            );
            if [10, 20, 99].contains(&stored) {
                let rule = |(alarms, found)| format!("{:.1}; {:.0}", hundred.percent(alarms), hundred.percent(found));
                rules.push(format!(
                    "| {said} | {stored} | {} | {} | {} |",
                    rule(hundred.alone[0]),
                    rule(hundred.alone[1]),
                    rule((hundred.alarms, hundred.found[1])),
                ));
            }
        }
    }
    println!("| noise | stored runs | bound alone | rank alone | both |\n|---|---|---|---|---|");
    println!("{}", rules.join("\n"));
}
