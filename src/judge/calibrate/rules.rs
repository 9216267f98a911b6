//! Few rules for the metrics whose thresholds the gate cannot tell apart. Refuses to make the gate stricter: that is for people to decide.

use std::collections::BTreeMap;

use crate::config::Selector;
use crate::model::Name;
use crate::model::calibration::{Calibrated, SuggestedRule, Told};

/// A pattern of several names is not longer than this, in bytes; the config takes 1024.
const PATTERN_BYTES_MAX: usize = 800;

/// The rules, the widest first: later rules override earlier ones.
pub(super) fn rules(metrics: &[Calibrated]) -> Vec<SuggestedRule> {
    let mut groups: BTreeMap<(&Name, &Name), Vec<&Calibrated>> = BTreeMap::new();
    for one in metrics.iter().filter(|one| one.blocking) {
        groups.entry((&one.metric.id.benchmark.suite, &one.metric.id.metric)).or_default().push(one);
    }
    groups.into_iter().flat_map(|((suite, metric), members)| of_group(suite, metric, &members)).collect()
}

/// The rules for one metric of one suite.
fn of_group(suite: &Name, metric: &Name, members: &[&Calibrated]) -> Vec<SuggestedRule> {
    // By must-detect in thousandths, so that equal ones meet; what no threshold helps comes last.
    let mut by_value: BTreeMap<u64, Vec<&Calibrated>> = BTreeMap::new();
    for one in members.iter().filter(|one| matches!(one.told, Told::NotWithin { .. })) {
        by_value.entry(key(one)).or_default().push(one);
    }
    let everybody = by_value.values().map(Vec::len).sum::<usize>() == members.len() && members.len() > 1;
    let mut rules = Vec::new();
    for (at, same) in by_value.values().enumerate() {
        let thresholds = same[0].suggested.map(|wanted| (wanted.tolerance_ratio, wanted.must_detect_ratio));
        let names = same.iter().map(|one| one.metric.id.benchmark.benchmark.as_str());
        let patterns = if everybody && at == 0 { vec!["*".to_owned()] } else { alternatives(names) };
        rules.extend(patterns.into_iter().map(|pattern| SuggestedRule {
            benchmark: format!("{}/{pattern}", Selector::literal(suite.as_str())),
            metric: Selector::literal(metric.as_str()),
            thresholds,
        }));
    }
    rules
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a must-detect of the ladder is between 0 and 1"
)]
fn key(one: &Calibrated) -> u64 {
    one.suggested.map_or(u64::MAX, |wanted| (wanted.must_detect_ratio * 1000.0).round() as u64)
}

/// Patterns that match these names and no other: one name as it is, several as `{a,b}`, in as many patterns as their length takes.
fn alternatives<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut chunks: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for name in names.map(Selector::literal) {
        bytes += name.len() + 1;
        if let Some(chunk) = chunks.last_mut().filter(|_| bytes <= PATTERN_BYTES_MAX) {
            chunk.push(name);
        } else {
            bytes = name.len() + 1;
            chunks.push(vec![name]);
        }
    }
    let pattern =
        |chunk: Vec<String>| if chunk.len() == 1 { chunk.concat() } else { format!("{{{}}}", chunk.join(",")) };
    chunks.into_iter().map(pattern).collect()
}
