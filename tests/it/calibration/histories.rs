//! What is said of stored runs over time, counted on simulated histories: changes where there is none, and a step of 5 % that is there.

use std::collections::BTreeMap;

use tollgate::config::{Config, Policy};
use tollgate::judge::history::{Levels, histories, outliers};
use tollgate::measure::scripted::time;
use tollgate::model::{MetricId, Name, StoredMetric, StoredValues, Why};

use super::full;
use super::noise::Random;

/// The spread between runs.
const SD: f64 = 0.02;
/// Where the step is, as a share of the runs.
const STEP_AT: f64 = 0.6;

/// How runs differ from each other.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Each by itself.
    Independent,
    /// Each takes over 0.4 of the one before.
    Autocorrelated,
    /// With Student's three degrees of freedom, scaled to the same standard deviation.
    HeavyTails,
    /// On one of two kinds of machine, 8 % apart, by a fair coin.
    TwoMachines,
}

const KINDS: [(&str, Kind); 4] = [
    ("independent", Kind::Independent),
    ("autocorrelated, 0.4", Kind::Autocorrelated),
    ("heavy tails, t3", Kind::HeavyTails),
    ("two kinds of machine", Kind::TwoMachines),
];

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

fn policy() -> Policy {
    Config::parse("", "tollgate.toml").expect("an empty config").policy
}

/// The values of `runs` runs; those from `STEP_AT` on are larger by `step`.
fn values(kind: Kind, runs: usize, step: f64, random: &mut Random) -> Vec<f64> {
    let mut before = random.normal();
    let mut noise = || match kind {
        Kind::Independent => SD * random.normal(),
        Kind::Autocorrelated => {
            before = 0.4 * before + (1.0_f64 - 0.16).sqrt() * random.normal();
            SD * before
        }
        Kind::HeavyTails => {
            let chi: f64 = (0..3).map(|_| random.normal().powi(2)).sum();
            SD * random.normal() / chi.sqrt()
        }
        Kind::TwoMachines => SD * random.normal() + if random.bits() & 1 == 1 { 0.08 } else { 0.0 },
    };
    let from = STEP_AT * runs as f64;
    (0..runs).map(|run| (noise() + if run as f64 >= from { step.ln_1p() } else { 0.0 }).exp()).collect()
}

fn stored(benchmark: &str, values: &[f64]) -> (MetricId, StoredMetric) {
    let metric = time(&name("core"), &name(benchmark));
    let runs = values.iter().enumerate().rev().map(|(number, value)| StoredValues {
        statistics: vec![*value],
        taken_at_s: i64::try_from(number).expect("a small number"),
        why: Why::Update,
        commit: format!("{number:040x}"),
    });
    (metric.id.clone(), StoredMetric { runs: runs.collect(), metric })
}

/// Of histories of each kind, in percent: those with a change where there is none, those with one within three runs of a step of 5 %, those whose
/// step is found and nothing else, and those without a step that lose runs.
fn simulate(kind: (&str, Kind), runs: usize, few: u32, many: u32) -> [f64; 3] {
    let (said, kind) = kind;
    let count = if full() { many } else { few };
    let mut random = Random::new(1000 + runs as u64 + said.len() as u64);
    let policy = policy();
    let (mut alarms, mut found, mut lost) = (0, 0, 0);
    for _ in 0..count {
        let (id, metric) = stored("a", &values(kind, runs, 0.0, &mut random));
        lost += u32::from(Levels::unknown().current(&metric, 0.02).len() < runs);
        alarms += u32::from(
            !histories(&BTreeMap::from([(id.clone(), metric)]), &Levels::unknown(), &policy)[&id].changes.is_empty(),
        );
        let (id, metric) = stored("a", &values(kind, runs, 0.05, &mut random));
        let at = STEP_AT * runs as f64;
        let history = &histories(&BTreeMap::from([(id.clone(), metric)]), &Levels::unknown(), &policy)[&id];
        found += u32::from(history.changes.iter().any(|change| (change.at as f64 - at).abs() <= 3.0));
    }
    let percent = |number: u32| 100.0 * f64::from(number) / f64::from(count);
    let rates = [percent(alarms), percent(lost), percent(found)];
    println!("| {said} | {runs} | {count} | {:.1} % | {:.1} % | {:.1} % |", rates[0], rates[1], rates[2]);
    rates
}

#[test]
fn a_steady_history_rarely_has_a_change_and_a_step_is_found() {
    for (kind, (most, least)) in KINDS.into_iter().zip([(2.5, 95.0), (16.0, 80.0), (2.5, 95.0), (1.5, 40.0)]) {
        let [alarms, lost, found] = simulate(kind, 100, 6, 1000);
        let luck = if full() { 0.0 } else { 16.0 };
        assert!(alarms <= most + luck && lost <= most + luck, "{kind:?}: {alarms} {lost}");
        assert!(found >= if full() { least } else { least - 30.0 }, "{kind:?}: {found}");
    }
    for (kind, most) in KINDS.into_iter().zip([2.5, 10.0, 2.5, 2.5]) {
        let [alarms, lost, _] = simulate(kind, 20, 20, 2000);
        let luck = if full() { 0.0 } else { 10.0 };
        assert!(alarms <= most + luck && lost <= most + luck, "{kind:?}: {alarms} {lost}");
    }
}

#[test]
fn among_a_hundred_metrics_one_step_is_found_and_few_others_are_named() {
    let projects = if full() { 200 } else { 3 };
    let mut random = Random::new(5);
    let (mut found, mut wrong) = (0, 0);
    for _ in 0..projects {
        let all: BTreeMap<MetricId, StoredMetric> = (0..100)
            .map(|at| {
                let step = if at == 7 { 0.05 } else { 0.0 };
                stored(&format!("b{at:02}"), &values(Kind::Independent, 60, step, &mut random))
            })
            .collect();
        let changed: Vec<MetricId> = histories(&all, &Levels::unknown(), &policy())
            .into_iter()
            .filter(|(_, history)| !history.changes.is_empty())
            .map(|(id, _)| id)
            .collect();
        let right = changed.iter().filter(|id| id.benchmark.benchmark.as_str() == "b07").count();
        found += right;
        wrong += changed.len() - right;
    }
    println!("| 100 metrics of 60 runs, one step | {projects} | found {found} | wrongly named {wrong} |");
    assert!(found * 10 >= projects * 9, "{found}");
    assert!(wrong * 5 <= projects, "{wrong}");
}

#[test]
fn a_run_of_unchanged_code_is_hardly_ever_an_outlier_and_a_wild_one_is() {
    let projects = if full() { 2000 } else { 100 };
    let mut random = Random::new(9);
    let (mut alarms, mut found) = (0, 0);
    for _ in 0..projects {
        // Half of the spread is common to all metrics of a run.
        let common: Vec<f64> = (0..15).map(|_| 0.7 * SD * random.normal()).collect();
        let project = |wild: f64, random: &mut Random| -> BTreeMap<MetricId, StoredMetric> {
            (0..10)
                .map(|at| {
                    let value = |run: usize| {
                        (common[run] + 0.7 * SD * random.normal() + if run == 4 { wild } else { 0.0 }).exp()
                    };
                    stored(&format!("b{at}"), &(0..15).map(value).collect::<Vec<_>>())
                })
                .collect()
        };
        alarms += usize::from(!outliers(&project(0.0, &mut random), &Levels::unknown(), &policy()).is_empty());
        let wild = outliers(&project(0.4, &mut random), &Levels::unknown(), &policy());
        found += usize::from(wild.iter().any(|run| run.taken_at_s == 4));
    }
    println!("| 10 metrics of 15 runs | {projects} | alarms {alarms} | a run 50 % slower found {found} |");
    assert!(alarms * 100 <= 3 * projects, "{alarms}");
    assert!(found * 10 >= projects * 9, "{found}");
}
