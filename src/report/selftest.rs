//! The gate's test of itself as text and as JSON: what was put in, what was seen, and why the gate can or cannot go red. Refuses to judge.

mod wire;

use anstyle::{AnsiColor, Color, Style};

use crate::model::judgement::Notice;
use crate::model::selftest::{Conclusion, Finding, Injection, Selftest, Trial, Untestable, Untested};
use crate::model::{Change, Effect, Judgement, Metric, RunVerdict, Verdict};

use super::escape;
use super::note;
use super::number::{duration, percent, plural, quantity};
use super::sentence;
use super::terminal::paragraph;
use super::text::{Text, append};

pub use wire::schema;

/// The test for a terminal. `unchanged` is the judgement on unchanged code, whose troubles are shown where it did not pass.
pub fn text(test: &Selftest, unchanged: &Judgement) -> String {
    let mut out = String::new();
    let holds = test.conclusion == Conclusion::Holds;
    let colour = if holds { AnsiColor::Green } else { AnsiColor::Red };
    let style = Style::new().bold().fg_color(Some(Color::Ansi(colour)));
    append(&mut out, format_args!("{style}{}{style:#}\n", headline(&test.conclusion)));
    paragraph(&mut out, "", &escape::terminal(&meaning(test)));
    out.push('\n');
    let passed = match test.unchanged {
        RunVerdict::Pass => "it passes, as it must",
        _ => "it does not pass",
    };
    let compared = plural(test.compared, "benchmark");
    paragraph(&mut out, "1  ", &format!("The same program in both arms, {compared} compared: {passed}."));
    for problem in &unchanged.coverage.problems {
        paragraph(&mut out, "   ! ", &sentence::trouble(problem).line(escape::terminal));
    }
    for notice in unchanged.notices.iter().filter(|notice| !holds && **notice != Notice::SameTree) {
        paragraph(&mut out, "   note: ", &sentence::notice(notice).line(escape::terminal));
    }
    match test.slowed {
        Some(RunVerdict::Regressed) => {
            paragraph(
                &mut out,
                "2  ",
                "Head slowed down on purpose: `tollgate check` would end with 10, a regression.",
            );
        }
        Some(other) => {
            let said = format!("Head slowed down on purpose: `tollgate check` would end {}.", ended(other));
            paragraph(&mut out, "2  ", &said);
        }
        None => paragraph(&mut out, "2  ", "Nothing was slowed down."),
    }
    for trial in &test.trials {
        let mark = if trial.finding == Finding::Red { "   found   " } else { "   MISSED  " };
        paragraph(&mut out, mark, &line(trial).line(escape::terminal));
    }
    for untested in &test.untested {
        paragraph(&mut out, "   untested  ", &skipped(untested).line(escape::terminal));
    }
    out.push('\n');
    let (short, seed, took) = (test.revision.short(), test.seed, duration(test.elapsed_s));
    append(&mut out, format_args!("{short}, seeds `{seed}` and `{}`, measured in {took}\n", seed.wrapping_add(1)));
    out
}

/// The first line.
fn headline(conclusion: &Conclusion) -> &'static str {
    match conclusion {
        Conclusion::Holds => "Selftest passed: the gate can go red, and does not without a cause",
        Conclusion::FalseAlarm(_) => "SELFTEST FAILED: THE GATE GOES RED WITHOUT A CAUSE",
        Conclusion::Trouble(_) => "Selftest not done: the gate gives no verdict that could be tested",
        Conclusion::NothingToTest | Conclusion::Blind => "SELFTEST FAILED: THE GATE CAN NO LONGER GO RED",
    }
}

/// The reason, in a sentence or two.
fn meaning(test: &Selftest) -> String {
    match &test.conclusion {
        Conclusion::Holds => {
            let trials = plural(test.trials.len(), "metric");
            format!("Unchanged code passes. A slowdown put into {trials} was called a regression of about its size.")
        }
        Conclusion::FalseAlarm(ids) => {
            let names: Vec<String> = ids.iter().take(10).map(|id| format!("`{}`", sentence::metric(id))).collect();
            format!(
                "The same program in both arms was called regressed in {}. By the promise of the gate that happens to one run in a hundred; if it \
                 happens again, this machine cannot be trusted.",
                names.join(", ")
            )
        }
        Conclusion::Trouble(verdict) if test.unchanged == RunVerdict::Pass => {
            format!("The run with a slowed-down head would end {}; see below.", ended(*verdict))
        }
        Conclusion::Trouble(verdict) => {
            format!("Unchanged code does not pass: `tollgate check` would end {}. Mend that first.", ended(*verdict))
        }
        Conclusion::NothingToTest => {
            "No metric that was compared can block: whatever a change makes slower, the run passes.".to_owned()
        }
        Conclusion::Blind => {
            let missed = test.trials.iter().filter(|trial| trial.finding != Finding::Red).count();
            let of = plural(test.trials.len(), "slowdown");
            format!("Of {of} put in on purpose, {missed} did not come out as a regression. The reasons are below.")
        }
    }
}

/// How a check with this verdict would end.
fn ended(verdict: RunVerdict) -> &'static str {
    match verdict {
        RunVerdict::Pass => "with 0, pass",
        RunVerdict::Inconclusive => "with 12, inconclusive",
        RunVerdict::NotComparable => "with 5, not comparable",
        RunVerdict::NotCovered => "with 4, because nothing, or less than there should be, was measured",
        RunVerdict::Untrusted => "with 6, because base differed from itself",
        RunVerdict::Broken => "with 6, because something failed while measuring",
        RunVerdict::OverBudget => "with 11, over budget",
        RunVerdict::Regressed => "with 10, a regression",
    }
}

/// What was put into one metric, and what became of it.
fn line(trial: &Trial) -> Text {
    let Trial { metric, injection, thresholds, seen, finding, .. } = trial;
    let start = Text::literal(escape::shorten(&metric.id.to_string(), 120)).say(format!(" {}", put_in(trial)));
    let tolerance = percent(thresholds.tolerance_ratio);
    let size = seen.as_ref().map_or("no change".to_owned(), |effect| shown(effect, metric));
    let how = match injection {
        Injection::Delay { .. } => " (by a delay in the process)",
        Injection::Scaled { .. } => " (by scaling its samples: no delay reaches where they are taken)",
        Injection::Step { .. } => " (by a step in its samples)",
    };
    let became = match finding {
        Finding::Red => format!("seen as {size}, a regression"),
        Finding::AnotherSize => format!("called a regression, of another size: seen as {size}"),
        Finding::Allowed => {
            format!("allowed: its tolerance is {tolerance}. No change of this size can turn the gate red")
        }
        Finding::Unseen(verdict) => {
            format!("seen as {size} and called {}, with a tolerance of {tolerance}", word(verdict))
        }
        Finding::Inconclusive(doubt, method) => {
            return start.say(how).say(": ").say(note::doubt(doubt, method)).say(format!(
                ". Its must-detect is {}: `tollgate calibrate` says what this machine can show",
                percent(thresholds.must_detect_ratio)
            ));
        }
        Finding::Waived => format!("seen as {size}, and covered by a waiver: it does not block up to its ceiling"),
        Finding::NotBlocking => format!("seen as {size}, and does not block by the policy"),
        Finding::NotMeasured => "not compared in the second run".to_owned(),
    };
    start.say(format!("{how}: {became}"))
}

/// By how much a metric was made worse.
fn put_in(trial: &Trial) -> String {
    let unit = &trial.metric.unit;
    let share = percent(trial.injected_ratio);
    let more = if trial.injected_ratio < 0.0 { "less" } else { "more" };
    match trial.injection {
        Injection::Delay { seconds } => format!("made {share} slower, {} a process", quantity(seconds, unit)),
        Injection::Scaled { .. } => format!("made {share} {more}"),
        Injection::Step { by } => format!("made {} {more}", quantity(by.abs(), unit)),
    }
}

/// A change as it was seen.
fn shown(effect: &Effect, metric: &Metric) -> String {
    match effect.change {
        Change::Relative(ratio) => format!("{}{}", if ratio < 0.0 { "−" } else { "+" }, percent(ratio)),
        Change::Absolute(by) => quantity(by, &metric.unit),
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Improved => "improved",
        Verdict::Unchanged => "unchanged",
        Verdict::Regressed => "regressed",
        Verdict::Inconclusive(_) => "inconclusive",
        Verdict::OverBudget => "over budget, not regressed",
        Verdict::New => "new",
        Verdict::Missing => "missing",
        Verdict::NotComparable(_) => "not comparable",
        Verdict::LayoutSuspect(_) => "a suspect of code layout",
    }
}

/// Why nothing of a suite was slowed down.
fn skipped(untested: &Untested) -> Text {
    let why = match untested.why {
        Untestable::NothingCompared => "none of its metrics was compared",
        Untestable::NothingBlocks => "none of its metrics can block: each is advisory, ignored, or only informs",
    };
    Text::prose("suite ").code(sentence::shown(untested.suite.as_str())).say(format!(": {why}"))
}

/// The test as JSON; the same test gives the same bytes.
///
/// # Panics
/// Never: no wire type has a serializer that fails.
pub fn json(test: &Selftest) -> String {
    let document = serde_json::to_value(wire::Selftest::from(test))
        .expect("the wire types have text keys and no failing serializer");
    format!("{document:#}\n")
}
