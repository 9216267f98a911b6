//! One of several instances is killed while load runs: what the others do, what is measured, and that nothing of any of them stays.

use std::time::Duration;

use tollgate::config::Adapter;
use tollgate::config::scenario::{Chaos, Engine, Level, Load, Profile};
use tollgate::config::service::Service;
use tollgate::measure::bench::Parsed;
use tollgate::model::Sample;
use tollgate::model::sample::Statistic;

use super::scenarios::{on, run};
use super::services::{Arm, all_gone, arm, script};
use crate::harness::served;
use crate::processes::surroundings;

/// Three instances, each of which leaves its number in the file `pids`.
fn three() -> Service {
    let start = ["sh", "-c", "echo $$ >> pids; exec \"$0\" \"$1\" delay-us=20000", &served(), "port={port}"];
    let start = start.map(str::to_owned).to_vec();
    Service { start, instances: 3, health: Some("/".to_owned()), ..script("") }
}

/// One round of four seconds, in which 150 flows of two requests are started a second.
fn round(arm: &Arm, chaos: Chaos) -> Parsed {
    let mut suite = on(three());
    let Adapter::Scenario(scenario) = &mut suite.adapter else { unreachable!("a scenario") };
    let Engine::Own(load) = &mut scenario.engine else { unreachable!("our own load") };
    let level = Level::Rate(150.0);
    let profile = Profile::Load { level, ramp: Duration::ZERO, duration: Duration::from_secs(4) };
    **load = Load { profile, chaos: Some(chaos), warm_up: Duration::from_millis(300), ..(**load).clone() };
    run(&suite, arm, &surroundings()).unwrap()
}

#[track_caller]
fn value(parsed: &Parsed, benchmark: &str, metric: &str) -> f64 {
    let is = |one: &&tollgate::measure::bench::Reading| {
        one.metric.id.benchmark.benchmark.as_str() == benchmark && one.metric.id.metric.as_str() == metric
    };
    let found = parsed.readings.iter().find(is);
    assert!(found.is_some(), "{benchmark} has {metric}");
    let sample: &Sample = &found.unwrap().sample;
    sample.statistic(Statistic::Median)
}

#[test]
fn a_killed_instance_stays_away_its_part_of_the_requests_fails_and_the_round_goes_on() {
    let arm = arm();
    let parsed = round(&arm, Chaos { at: Duration::from_millis(1500), back_after: None });
    let errors = |number: u32| value(&parsed, &format!("target instance {number}"), "errors");
    assert_eq!((errors(0), errors(1)), (0.0, 0.0));
    assert!((0.3..0.6).contains(&errors(2)), "gone for five eighths of the time: {}", errors(2));
    let all = value(&parsed, "all requests", "errors");
    assert!((0.05..0.2).contains(&all), "what fails sends nothing further: {all}");
    let recovery = value(&parsed, "all requests", "recovery-time");
    assert!((2.4..2.6).contains(&recovery), "it never comes back: {recovery}");
    assert!(value(&parsed, "all requests", "share-imbalance") < 0.2);
    let pids = arm.wrote("pids");
    assert_eq!(pids.lines().count(), 3);
    all_gone(&pids);
}

#[test]
fn an_instance_that_is_started_again_takes_its_requests_again() {
    let arm = arm();
    let chaos = Chaos { at: Duration::from_secs(1), back_after: Some(Duration::from_secs(1)) };
    let parsed = round(&arm, chaos);
    let recovery = value(&parsed, "all requests", "recovery-time");
    assert!((0.75..2.75).contains(&recovery), "gone for a second and as long as a start takes: {recovery}");
    let errors = value(&parsed, "target instance 2", "errors");
    assert!((0.1..0.7).contains(&errors), "{errors}");
    let pids = arm.wrote("pids");
    assert_eq!(pids.lines().count(), 4);
    all_gone(&pids);
}

#[test]
fn a_load_that_ends_before_its_instance_is_back_leaves_nothing() {
    let arm = arm();
    // Longer than the load: nobody waits for it.
    let chaos = Chaos { at: Duration::from_secs(1), back_after: Some(Duration::from_mins(10)) };
    round(&arm, chaos);
    all_gone(&arm.wrote("pids"));
}
