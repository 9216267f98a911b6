//! How a run was decided: what was compared where, by which rounds, with which promise. Refuses to repeat what the rows say.

use serde::Serialize;

use crate::model::judgement::Method;
use crate::model::{Judgement, Revision};
use crate::stats::conformal::runs_needed;

use super::super::number::{self, count, plural};
use super::super::sentence::{self, shown};
use super::super::text::Text;
use super::proof;

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
    facts.extend(promise(judgement).map(|said| fact("Promise", Text::prose(said))));
    facts.extend(sensitivity(judgement).map(|text| fact("Sensitivity", text)));
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

/// The promise of the run: that of the rounds in pairs, which needs no assumption, and that of the stored runs, which does.
fn promise(judgement: &Judgement) -> Option<String> {
    let promise = &judgement.promise;
    let rate = number::percent(promise.false_alarm_rate);
    let paired = (promise.family > 0).then(|| {
        format!(
            "a run of unchanged code fails at most {rate} of the time, over {} together",
            plural(promise.family, "metric")
        )
    });
    let stored = promise.stored.as_ref().map(|stored| {
        let metrics = plural(stored.metrics, "metric");
        if stored.false_alarm_rate >= 1.0 {
            return format!("none for {metrics} judged by {}", plural(stored.runs as usize, "stored run"));
        }
        // The digits of a rate that is one in a number of runs say nothing.
        let actual = number::percent((stored.false_alarm_rate * 1000.0).round() / 1000.0);
        let enough = if stored.false_alarm_rate > promise.false_alarm_rate {
            format!("; {} of each would make it {rate}", plural(runs_needed(promise.false_alarm_rate), "stored run"))
        } else {
            String::new()
        };
        format!(
            "{metrics} judged by stored runs: at most {actual} of the time, if those runs and this one differ by chance alone{enough}"
        )
    });
    let said: Vec<String> = paired.into_iter().chain(stored).collect();
    (!said.is_empty()).then(|| said.join("; "))
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
