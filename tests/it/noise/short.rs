//! The same pull requests where rounds of benchmarks whose processes differ are split into several short processes, as criterion's are.

use super::requests::{Draw, Pool, Request, Slow};
use super::{CONDITIONS, TOLERANCE, assert_quiet, full, one_percent_and_luck, pool, record, replay};
use crate::calibration::Head;

/// The conditions under which short processes were recorded.
fn pools() -> impl Iterator<Item = (&'static str, Pool)> {
    CONDITIONS.into_iter().filter_map(|condition| Some((condition, pool(condition).split()?)))
}

#[test]
fn short_processes_raise_no_alarm_on_recorded_rounds() {
    for (condition, pool) in pools() {
        for (what, draw, few) in [("", Draw::Any, 8), (", coins thrown again", Draw::Rethrown, 3)] {
            let name = format!("{condition}, short processes, unchanged{what}");
            assert_quiet(replay(&name, &pool, Request { draw, ..Request::new(Head::Same) }, (few, 1000)), &name);
        }
        let request = Request { draw: Draw::Rethrown, ..Request::new(Head::All(TOLERANCE)) };
        let tally = replay(&format!("{condition}, short processes, all +2 %"), &pool, request, (2, 1000));
        assert!(tally.percent(tally.alarms) <= one_percent_and_luck(tally.requests), "{condition}: {tally:?}");
    }
}

#[test]
fn short_processes_find_a_slow_benchmark_on_recorded_rounds() {
    assert!(pools().next().is_some(), "short processes were recorded");
    for (condition, pool) in pools() {
        for (slow, word, ratio, few) in [
            (Slow::Multiplied, "", 0.05, 15),
            (Slow::Measured, "really ", 0.05, 0),
            (Slow::Multiplied, "", 0.10, 6),
            (Slow::Measured, "really ", 0.10, 0),
        ] {
            if few == 0 && !full() {
                continue;
            }
            let name = format!("{condition}, short processes, one {word}+{:.0} %", 100.0 * ratio);
            let tally = replay(&name, &pool, Request { slow, ..Request::new(Head::One(ratio)) }, (few, 1000));
            // Really more work is not as much more time: as recorded, `memcpy` takes 3 % less for 5 % more work and 3 % more for 10 %, and the middle of
            // 96 rounds of `hashmap`, whose processes differ by a tenth, is a matter of chance.
            let (found, missed) = match (full(), slow) {
                (true, Slow::Multiplied) => (95.0, 2.0),
                (true, Slow::Measured) => (90.0, 4.0),
                (false, _) => (80.0, 20.0),
            };
            assert!(tally.percent(tally.found) >= found && tally.percent(tally.missed) <= missed, "{name}: {tally:?}");
        }
    }
}

#[test]
fn a_random_key_in_each_process_is_seen_through_by_short_processes() {
    let hashmap = record().names.iter().position(|name| name == "hashmap").expect("a workload");
    for (condition, split) in pools() {
        let request = Request { workload: Some(hashmap), ..Request::new(Head::One(0.05)) };
        let whole = replay(&format!("{condition}, hashmap, one +5 %"), &pool(condition), request, (10, 300));
        let short = replay(&format!("{condition}, hashmap, short processes, one +5 %"), &split, request, (10, 300));
        assert!(short.percent(short.found) >= whole.percent(whole.found) + 20.0, "{whole:?} {short:?}");
        for (index, name) in record().names.iter().enumerate().filter(|_| full()) {
            let request = Request { workload: Some(index), ..Request::new(Head::One(0.05)) };
            replay(&format!("{condition}, {name}, short processes, one +5 %"), &split, request, (0, 150));
        }
    }
}
