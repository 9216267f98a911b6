//! The stages of a drive one by one: of a spike and a custom profile each, of a stress test the levels that every run of it tries. They only inform.

use crate::config::scenario::{Level, Load, Profile};
use crate::measure::bench::Reading;
use crate::measure::load::profile::search::{ladder, late};
use crate::measure::load::profile::{at, planned, value};
use crate::measure::load::record::{Recorded, Stretch};
use crate::measure::load::total;
use crate::model::load as named;
use crate::model::sample::Summary;
use crate::model::{Direction, Kind, Name, Role, Unit};

use super::whole::done_a_second;
use crate::measure::bench::metric::{Benchmark, Shape};

/// By how much the latency may be above that of the first level before it has left its floor.
const KNEE_RATIO: f64 = 2.0;

/// The metrics of each stage.
pub(super) fn readings(suite: &Name, load: &Load, recorded: &Recorded) -> Vec<Reading> {
    let stages: Vec<(String, &Stretch)> = match &load.profile {
        Profile::Load { .. } | Profile::Soak { .. } => Vec::new(),
        Profile::Stress { from, .. } => {
            // What the search tries between two levels differs from run to run, and so would the names.
            let made =
                |level: f64| recorded.stretches.iter().rev().find(|stretch| is_at(stretch, level) && !late(stretch));
            let levels = ladder(load).into_iter().map_while(|level| Some((level, made(level)?)));
            levels.map(|(level, stretch)| (shown(at(*from, level)), stretch)).collect()
        }
        Profile::Spike { .. } | Profile::Custom(_) => {
            let counting = planned(load).into_iter().filter(|stage| stage.counts);
            let name = |from: Level, to: f64| {
                let held = (value(from) - to).abs() < f64::EPSILON;
                if held { shown(from) } else { format!("{} to {}", shown(from), shown(at(from, to))) }
            };
            counting.map(|stage| name(stage.from, stage.to)).zip(&recorded.stretches).collect()
        }
    };
    let stages = stages.iter().enumerate();
    stages.flat_map(|(index, (level, stretch))| stage(suite, index, level, stretch)).collect()
}

/// The metrics of one stage.
fn stage(suite: &Name, index: usize, level: &str, stretch: &Stretch) -> Vec<Reading> {
    let all = total::of_stretch(stretch);
    let mut benchmark = Benchmark::new(suite, &format!("{}{:02}, {level}", named::STAGE, index + 1));
    let times = [Summary::P50, Summary::P95, Summary::P99].map(|summary| (summary, Role::Informative));
    benchmark.summaries(named::LATENCY, &all.response, &times);
    let done = all.ended.saturating_sub(total::failed(&all)) as f64;
    benchmark.value(named::THROUGHPUT, done / stretch.seconds, done_a_second(Role::Informative));
    let (failed, asked) = (total::failed(&all) + stretch.dropped, all.ended + stretch.dropped);
    benchmark.trials(named::ERRORS, failed, asked, Role::Informative);
    match stretch.level {
        Level::Rate(_) => {
            let rate = stretch.intended as f64 / stretch.seconds;
            benchmark.value(named::INTENDED_RATE, rate, done_a_second(Role::Informative));
        }
        Level::Users(users) => {
            let shape = Shape(Unit::Count, Kind::Count, Direction::HigherIsBetter, Role::Informative);
            benchmark.value(named::USERS, users, shape);
        }
    }
    benchmark.readings()
}

/// The highest level of a stress test up to which the 95th percentile is at most twice that of the lowest level. `None` without a level that says
/// anything, or where even the highest is below.
pub(super) fn knee(stretches: &[Stretch]) -> Option<f64> {
    let mut levels: Vec<(f64, f64)> = stretches
        .iter()
        .filter(|stretch| !late(stretch))
        .filter_map(|stretch| Some((value(stretch.level), total::of_stretch(stretch).response.quantile(0.95)?)))
        .collect();
    levels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (_, floor) = *levels.first()?;
    // Of a level that was tried twice the better time counts: it comes first, and what is disturbed only becomes slower.
    levels.dedup_by(|later, first| (later.0 - first.0).abs() < f64::EPSILON);
    let left = levels.iter().position(|(_, p95)| *p95 > KNEE_RATIO * floor)?;
    Some(levels[left.checked_sub(1)?].0)
}

/// `800/s`, `50 users`.
fn shown(level: Level) -> String {
    match level {
        Level::Rate(rate) => format!("{rate}/s"),
        Level::Users(users) => format!("{users} {}", if users > 1.0 { "users" } else { "user" }),
    }
}

fn is_at(stretch: &Stretch, level: f64) -> bool {
    (value(stretch.level) - level).abs() < f64::EPSILON
}
