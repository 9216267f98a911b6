//! How often a run without fault is called unsound: untrusted, moved as a whole, or with disturbed rows; and how often one with fault is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use jiff::civil::Date;
use tollgate::config::{Against, Config, Policy};
use tollgate::judge::{self, Circumstances, Evidence};
use tollgate::measure::scripted::time;
use tollgate::model::judgement::{PolicySource, Warning};
use tollgate::model::{
    Arm, Canary, CanaryState, Environment, Judgement, Name, Protocol, Revision, Run, Sample, Series,
};
use tollgate::stats::rates::proportion_upper;

use super::noise::{BELL, Benchmark, CI, Mix, Order, Random, SLOWING};
use super::{BENCHMARKS, full, one_percent_and_luck};

fn run(label: &str) -> Run {
    let revision = Revision {
        commit: label.to_owned(),
        tree: label.to_owned(),
        label: label.to_owned(),
        title: String::new(),
        committed_at_s: 0,
        dirty: false,
    };
    let environment = Environment {
        cpu_model: String::new(),
        cores: 2,
        memory_bytes: 1 << 30,
        os: String::new(),
        kernel: String::new(),
        hypervisor: String::new(),
        image: None,
        toolchain: String::new(),
    };
    Run::new(revision, environment)
}

fn sample(log: f64) -> Sample {
    Sample::new(vec![1e-3 * log.exp()]).unwrap()
}

/// A request: every benchmark takes all rounds, and head is slower by `slowdown` in each. Where they share a process they share its coin.
fn request(mix: Mix, order: Order, rounds: u32, slowdown: f64, random: &mut Random) -> Judgement {
    let (mut base, mut head, mut protocol) = (run("base"), run("head"), Protocol::default());
    let coins: Vec<bool> = (0..rounds).map(|_| random.bits() & 1 == 1).collect();
    for at in 0..BENCHMARKS {
        let mut benchmark = Benchmark::new(mix.draw(random), random);
        let metric = time(&Name::new("core").unwrap(), &Name::new(format!("bench {at:03}")).unwrap());
        let first = protocol.first.entry(metric.id.benchmark.clone()).or_default();
        for round in 0..rounds {
            let slots = benchmark.slots(order, BENCHMARKS, random);
            let head_first = if order == Order::Together { coins[round as usize] } else { random.bits() & 1 == 1 };
            first.insert(round, if head_first { Arm::Head } else { Arm::Base });
            base.insert(metric.clone(), round, sample(slots[usize::from(head_first)]));
            head.insert(metric.clone(), round, sample(slots[usize::from(!head_first)] + slowdown.ln_1p()));
        }
    }
    judged(&base, &head, rounds, &protocol)
}

/// Base against itself in ten rounds, one benchmark, the other slower by `slowdown`.
fn canary(mix: Mix, slowdown: f64, random: &mut Random) -> CanaryState {
    let mut benchmark = Benchmark::new(mix.draw(random), random);
    let metric = time(&Name::new("core").unwrap(), &Name::new("canary").unwrap());
    let mut sides = [0, 1].map(|_| Series { metric: metric.clone(), rounds: BTreeMap::new() });
    for round in 0..10 {
        let slots = benchmark.slots(Order::InTurn, BENCHMARKS, random);
        let coin = usize::from(random.bits() & 1 == 1);
        sides[0].rounds.insert(round, sample(slots[coin]));
        sides[1].rounds.insert(round, sample(slots[1 - coin] + slowdown.ln_1p()));
    }
    let [one, other] = sides;
    let mut head = run("head");
    head.series.insert(metric.id, one.clone());
    let protocol = Protocol { canary: Some(Canary { one, other }), ..Protocol::default() };
    judged(&head, &head, 10, &protocol).canary.unwrap().state
}

fn judged(base: &Run, head: &Run, rounds_run: u32, protocol: &Protocol) -> Judgement {
    let evidence = Evidence { protocol, ..Evidence::of(Some(base), head, rounds_run) };
    let circumstances = Circumstances {
        base: None,
        today: Date::constant(2030, 1, 1),
        seed: 0,
        policy: PolicySource::Defaults,
        against: Against::Base,
        notices: Vec::new(),
    };
    judge::judge(&evidence, &policy(), &circumstances)
}

fn policy() -> Policy {
    Config::parse("", "tollgate.toml").unwrap().policy
}

/// Counts in how many of `few` requests, or of `many` in the full form, something is so; prints it. Returns the count and of how many.
fn counted(what: &str, few: u32, many: u32, mut is: impl FnMut(&mut Random) -> bool) -> (u32, u32) {
    let of = if full() { many } else { few };
    let mut random = Random::new(what.bytes().fold(7, |seed: u64, byte| seed.wrapping_mul(31) + u64::from(byte)));
    let count = (0..of).filter(|_| is(&mut random)).count();
    let count = u32::try_from(count).unwrap();
    let percent = 100.0 * f64::from(count) / f64::from(of);
    let upper = 100.0 * proportion_upper(count, of, 0.05).unwrap();
    println!("| {what} | {of} | {count} ({percent:.2} %, at most {upper:.2} %) |");
    (count, of)
}

/// Whether a count may be luck where the true rate is one percent.
fn is_one_percent((count, of): (u32, u32)) -> bool {
    100.0 * f64::from(count) / f64::from(of) <= one_percent_and_luck(of)
}

#[test]
fn unchanged_benchmarks_are_told_to_have_moved_together_in_one_run_of_a_hundred_at_most() {
    for (name, mix) in [("fleet", Mix::Fleet), ("bell", Mix::All(BELL)), ("machine slowing down", Mix::All(SLOWING))] {
        for (how, order) in [("", Order::InTurn), (" together", Order::Together)] {
            let what = format!("common shift, {name}{how}, unchanged");
            let told = |random: &mut Random| request(mix, order, 10, 0.0, random).common_shift.is_some();
            assert!(is_one_percent(counted(&what, 10, 500, told)), "{what}");
        }
    }
}

#[test]
fn a_percent_on_all_benchmarks_is_seen_though_none_shows_it_alone() {
    for (how, order, least) in [("", Order::InTurn, 0.99), (" together", Order::Together, 0.75)] {
        for ratio in [0.01, 0.02] {
            let what = format!("common shift, fleet{how}, all +{:.0} %", 100.0 * ratio);
            let told = |random: &mut Random| request(Mix::Fleet, order, 10, ratio, random).common_shift.is_some();
            let (count, of) = counted(&what, 10, 200, told);
            assert!(f64::from(count) >= least * f64::from(of) - 1.0, "{what}: {count}");
        }
    }
}

#[test]
fn undisturbed_rounds_come_without_a_warning_in_99_of_100_runs() {
    for rounds in [10, 20, 26, 64] {
        let what = format!("any warning, bell, {rounds} rounds of 100 metrics");
        let warned = |random: &mut Random| {
            let judgement = request(Mix::All(BELL), Order::InTurn, rounds, 0.0, random);
            judgement.order_bias.is_some() || judgement.rows.iter().any(|row| !row.warnings.is_empty())
        };
        assert!(is_one_percent(counted(&what, 4, 300, warned)), "{what}");
    }
}

#[test]
fn what_the_fleet_is_warned_of_is_counted_and_an_order_that_matters_is_seen() {
    let requests = if full() { 50 } else { 2 };
    for (name, mix) in [("fleet", Mix::Fleet), ("ci", Mix::All(CI)), ("machine slowing down", Mix::All(SLOWING))] {
        for rounds in [10, 64] {
            let mut random = Random::new(u64::from(rounds));
            let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
            for _ in 0..requests {
                let judgement = request(mix, Order::InTurn, rounds, 0.0, &mut random);
                for warning in judgement.rows.iter().flat_map(|row| &row.warnings) {
                    *kinds.entry(kind(warning)).or_default() += 1;
                }
            }
            let of = requests * u32::try_from(BENCHMARKS).unwrap();
            println!("| warnings, {name}, {rounds} rounds, of {of} metrics | {kinds:?} |");
            assert!(!kinds.contains_key("order"), "the order does not matter here: {kinds:?}");
        }
    }
    // Where one process runs all benchmarks, a machine that slows down makes the second one slower.
    let biased = |random: &mut Random| {
        let bias = request(Mix::All(SLOWER), Order::Together, 10, 0.0, random).order_bias;
        bias.is_some_and(|bias| bias.effect.change.value() > 0.0)
    };
    let (count, of) = counted("order over all, machine slowing down by 1 % between slots", 5, 100, biased);
    assert!(f64::from(count) >= 0.85 * f64::from(of), "{count}");
}

/// Slows down by 1 % while a process runs all benchmarks.
const SLOWER: super::noise::Noise = SLOWING.slowing_by(1e-5);

fn kind(warning: &Warning) -> &'static str {
    match warning {
        Warning::OrderBias { .. } => "order",
        Warning::Drifting { .. } => "drift",
        Warning::HeavyTails { .. } => "tails",
        Warning::Bimodal => "two modes",
        Warning::BimodalAlone { .. } => "two modes on one side",
        Warning::Ties { .. } => "ties",
        _ => "other",
    }
}

#[test]
fn base_that_equals_itself_is_trusted_and_base_that_does_not_is_not() {
    let moved = |ratio| move |random: &mut Random| canary(Mix::Fleet, ratio, random) == CanaryState::Moved;
    let (none, _) = counted("canary, fleet, unchanged", 500, 5000, moved(0.0));
    assert_eq!(none, 0);
    let (bound, of) = counted("canary, fleet, exactly at the tolerance", 500, 5000, moved(0.02));
    assert!(f64::from(bound) <= 0.002 * f64::from(of) + 3.0 * (0.002 * f64::from(of)).sqrt(), "{bound}");
    let (seen, of) = counted("canary, fleet, other +10 %", 100, 2000, moved(0.10));
    assert!(f64::from(seen) >= 0.75 * f64::from(of), "{seen}");
    counted("canary, fleet, other +5 %", 100, 2000, moved(0.05));
}
