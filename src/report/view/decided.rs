//! How a run was decided: what was compared where, by which rounds, with which promise. Refuses to repeat what the rows say.

use serde::Serialize;

use crate::model::judgement::{Drift, DriftState, Method};
use crate::model::{Direction, Judgement, Revision, Row};

use super::super::number::{self, count, plural};
use super::super::sentence::{self, shown};
use super::super::soundness;
use super::super::text::Text;
use super::{promise, proof};

/// One fact about how the run was decided.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Fact {
    /// What it is about.
    pub(in crate::report) term: &'static str,
    /// The fact.
    pub(in crate::report) text: Text,
}

/// The facts in reading order.
pub(super) fn facts(judgement: &Judgement) -> Vec<Fact> {
    let fact = |term, text| Fact { term, text };
    let base = judgement.base.as_ref().map_or_else(|| Text::prose("none"), revision);
    let mut facts = vec![
        fact("Base", base),
        fact("Head", revision(&judgement.head)),
        fact("Coverage", Text::prose(coverage(judgement))),
        fact("Method", Text::prose(methods(judgement))),
    ];
    let measured_here = !judgement.head.commit.is_empty();
    if measured_here {
        facts.insert(2, fact("Machine", machine(judgement)));
    }
    facts.extend(promise::said(judgement).map(|said| fact("Promise", Text::prose(said))));
    facts.extend(sensitivity(judgement).map(|text| fact("Sensitivity", text)));
    facts.extend(soundness::canary(judgement).map(|text| fact("Canary", text)));
    facts.extend(soundness::disturbed(judgement).map(|text| fact("Disturbed", text)));
    facts.extend(drift(judgement).map(|text| fact("Drift", text)));
    facts.push(fact("Policy", sentence::policy(&judgement.policy)));
    if measured_here {
        let took = format!("{}, seed ", number::duration(judgement.elapsed_s));
        facts.push(fact("Measured in", Text::prose(took).code(judgement.seed.to_string())));
    }
    facts
}

/// A revision: commit, how it was named, title.
fn revision(revision: &Revision) -> Text {
    if revision.commit.is_empty() {
        // A result from somewhere: its name is all that is known.
        return Text::literal(shown(&revision.label));
    }
    let text = label(Text::literal(shown(&revision.short())).say(" ("), &revision.label).say(")");
    if revision.title.is_empty() { text } else { text.say(" ").code(shown(&revision.title)) }
}

/// How a revision was named; what stands between backticks in it is literal.
fn label(text: Text, label: &str) -> Text {
    label.split('`').enumerate().fold(text, |text, (at, piece)| match (at % 2, piece) {
        (_, "") => text,
        (1, literal) => text.code(shown(literal)),
        (_, said) => text.say(said.to_owned()),
    })
}

/// The machine.
fn machine(judgement: &Judgement) -> Text {
    let machine = &judgement.environment;
    let memory = number::quantity(bytes(machine.memory_bytes), &crate::model::Unit::Bytes);
    let text = Text::literal(shown(&machine.cpu_model))
        .say(format!(", {}, {memory}, ", plural(machine.cores as usize, "core")))
        .code(shown(machine.image.as_ref().unwrap_or(&machine.os)))
        .say(", ")
        .code(shown(&machine.toolchain));
    match machine.hypervisor.as_str() {
        "none" | "unknown" => text,
        hypervisor => text.say(", ").code(shown(hypervisor)),
    }
}

/// A size in bytes as a number to show; three digits of it are.
fn bytes(bytes: u64) -> f64 {
    bytes as f64
}

/// How many of the expected benchmarks were measured and compared.
pub(super) fn coverage(judgement: &Judgement) -> String {
    let coverage = &judgement.coverage;
    let proved = if coverage.proved > 0 { format!(", {} by proof", count(coverage.proved)) } else { String::new() };
    format!(
        "{} expected, {} measured, {} compared{proved}",
        plural(coverage.expected, "benchmark"),
        count(coverage.measured),
        count(coverage.compared)
    )
}

/// How many rows were decided how.
fn methods(judgement: &Judgement) -> String {
    let (mut paired, mut stored, mut single, mut alone) = (0, 0, 0, 0);
    let (mut fewest, mut most) = (u32::MAX, 0);
    for row in &judgement.rows {
        match row.method {
            Method::Paired { rounds_total, .. } => {
                paired += 1;
                fewest = fewest.min(rounds_total);
                most = most.max(rounds_total);
            }
            Method::Stored { .. } => stored += 1,
            Method::Single => single += 1,
            Method::Alone => alone += 1,
        }
    }
    let rounds = if fewest == most { plural(most as usize, "round") } else { format!("{fewest}–{most} rounds") };
    let part = |number: usize, how: String| (number > 0).then(|| format!("{} {how}", plural(number, "metric")));
    let parts: Vec<_> = [
        part(paired, format!("by {rounds} of base and head in pairs")),
        part(stored, "by stored runs of the baseline".to_owned()),
        part(single, "by one result a side".to_owned()),
        part(alone, "with nothing to compare with".to_owned()),
        proof::amount(&judgement.identical).map(|amount| format!("{amount}: {}", proof::reason(judgement))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() { "nothing was compared".to_owned() } else { parts.join("; ") }
}

/// The furthest that a metric has come since the anchor: by how it stands to its budget, then by the share of it that is used up.
fn drift(judgement: &Judgement) -> Option<Text> {
    let drifts = || judgement.rows.iter().filter_map(|row| Some((row, row.drift.as_ref()?)));
    let used = |row: &Row, drift: &Drift| {
        let grown = drift.effect.change.value();
        let worse = if row.metric.direction == Direction::LowerIsBetter { grown } else { -grown };
        if drift.allowed_ratio > 0.0 { worse / drift.allowed_ratio } else { worse }
    };
    let (row, worst) = drifts().max_by(|(a, one), (b, other)| {
        let told = |drift: &Drift| drift.state != DriftState::CannotTell;
        let by_state = (one.state == DriftState::Beyond).cmp(&(other.state == DriftState::Beyond));
        by_state
            .then(told(one).cmp(&told(other)))
            .then(used(a, one).total_cmp(&used(b, other)))
            .then_with(|| b.metric.id.cmp(&a.metric.id))
    })?;
    let counted = |state| drifts().filter(|(_, drift)| drift.state == state).count();
    let (beyond, unknown) = (counted(DriftState::Beyond), counted(DriftState::CannotTell));
    let text = Text::prose("since ").code(shown(&worst.since));
    let text = match worst.state {
        DriftState::CannotTell => text.say(": "),
        DriftState::Within | DriftState::Beyond => {
            text.say(format!(" {} (", sentence::since(worst, row))).code(sentence::metric(&row.metric.id)).say(")")
        }
    };
    let text = if beyond > 1 { text.say(format!(", {} too far in all", plural(beyond, "metric"))) } else { text };
    let gap = if worst.state == DriftState::CannotTell { "" } else { "; " };
    Some(match unknown {
        0 => text,
        _ => text.say(format!("{gap}{} cannot be told from the stored runs", plural(unknown, "metric"))),
    })
}

/// The smallest change that could have been seen.
fn sensitivity(judgement: &Judgement) -> Option<Text> {
    let median = judgement.promise.detectable_median_ratio?;
    let text = Text::prose(format!(
        "half of the checks would have shown a change for the worse of {}",
        number::percent(median)
    ));
    Some(match &judgement.promise.detectable_worst {
        Some((id, worst)) => text
            .say(format!(", the noisiest only one of {} (", number::percent(*worst)))
            .code(sentence::metric(id))
            .say(")"),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn drift_of(judgement: &Judgement) -> Option<String> {
        facts(judgement).into_iter().find(|fact| fact.term == "Drift").map(|fact| fact.text.line(str::to_owned))
    }

    #[test]
    fn the_furthest_drift_is_told_by_name_with_what_is_allowed() {
        let mut judgement = sample::drifted();
        assert_eq!(
            drift_of(&judgement).unwrap(),
            "since `v1.0` +12.3 % (+11.3 … +13.3), of 10 % allowed (`core/parse/large`); 1 metric cannot be told from the stored runs"
        );
        judgement.rows[0].drift = None;
        judgement.rows[2].drift = None;
        assert_eq!(drift_of(&judgement).unwrap(), "since `v1.0`: 1 metric cannot be told from the stored runs");
        assert_eq!(drift_of(&sample::green()), None);
    }

    #[test]
    fn a_row_that_fails_for_its_drift_says_so_and_one_that_is_warned_of_has_a_note() {
        let mut judgement = sample::drifted();
        let row = &judgement.rows[0];
        assert_eq!(
            sentence::row(row).line(str::to_owned),
            "`core/parse/large` is unchanged; since `v1.0` +12.3 % (+11.3 … +13.3), of 10 % allowed"
        );
        assert_eq!(sentence::label(row).line(str::to_owned), "unchanged, drifted");
        judgement.rows[0].outcome = crate::model::Outcome::Warn;
        let view = super::super::View::of(&judgement);
        assert_eq!(view.urgent.len(), 1, "a warning is shown");
        assert!(view.urgent[0].note.line(str::to_owned).contains("of 10 % allowed"));
    }
}
