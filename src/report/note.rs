//! What stands beside a row's numbers: why nothing could be said, how a waiver bears on it, how to read it. Refuses to repeat the verdict.

use crate::model::judgement::{Method, WaiverState, Warning};
use crate::model::verdict::{ConditionDifference, Incomparable, Layout, MoreRuns};
use crate::model::{Arm, Ceiling, Doubt, Outcome, Ratio, Row, Verdict, Waiver};

use super::number::{self, plural};
use super::sentence::{self, shown};
use super::settle::Need;
use super::text::Text;

/// The most conditions of a load that a sentence names.
const DIFFERENCES_MAX: usize = 8;

/// Everything that must be known beside the verdict of a row: its waiver, and how to read its numbers.
pub(super) fn notes(row: &Row) -> Vec<Text> {
    let warnings = row.warnings.iter().map(|about| Text::prose(warning(about)));
    // Where the row fails for it, the sentence says it.
    let drift = sentence::drifted(row).filter(|_| !matches!(row.outcome, Outcome::FailDrifted | Outcome::Waived));
    waiver(row).into_iter().chain(drift).chain(warnings).collect()
}

/// The same for a table, where no sentence says why nothing could be said.
pub(super) fn in_table(row: &Row) -> Text {
    let why = match &row.verdict {
        Verdict::Inconclusive(reason) => Some(Text::prose(doubt(reason, &row.method))),
        Verdict::NotComparable(why) => Some(incomparable(why)),
        _ => None,
    };
    why.into_iter().chain(notes(row)).fold(Text::default(), |text, note| {
        let gap = if text.is_empty() { "" } else { "; " };
        text.say(gap).then(note)
    })
}

/// How a waiver bears on a row, as the end of its sentence; the note has the rest.
pub(super) fn waived(state: &WaiverState, outcome: Outcome) -> String {
    match state {
        WaiverState::Covers(waiver) if outcome == Outcome::Waived => format!(" (waived until {})", waiver.until),
        WaiverState::Covers(_) => String::new(),
        WaiverState::CeilingExceeded(waiver) => format!(" (its waiver allows no more than {})", ceiling(waiver)),
        WaiverState::Expired(waiver) => format!(" (its waiver expired after {})", waiver.until),
    }
}

/// The waiver of a row, and what is to be done about it.
fn waiver(row: &Row) -> Option<Text> {
    let place = |text: String, waiver: &Waiver| {
        Text::prose(format!("{text} (line {} of ", waiver.line)).code("tollgate-waivers.toml").say(")")
    };
    let (waiver, text) = match row.waiver.as_ref()? {
        WaiverState::Covers(waiver) if row.outcome == Outcome::Waived => {
            (waiver, Text::prose(format!("waived until {}, up to {}", waiver.until, ceiling(waiver))))
        }
        WaiverState::Covers(waiver) if row.outcome.fails() => {
            (waiver, place("its waiver covers what is surely worse, not this".to_owned(), waiver))
        }
        WaiverState::Covers(_) => return None,
        WaiverState::CeilingExceeded(waiver) => {
            let text = format!("worse than its waiver allows, which is {} until {}", ceiling(waiver), waiver.until);
            (waiver, place(text, waiver).say(": delete the entry, or agree on a new one"))
        }
        WaiverState::Expired(waiver) => {
            let text = place(format!("its waiver expired after {}", waiver.until), waiver);
            (waiver, text.say(": delete the entry, or agree on a new one"))
        }
    };
    let text = waiver.owner.iter().fold(text.say(" ("), |text, owner| text.code(shown(owner)).say(": "));
    Some(text.code(shown(&waiver.reason)).say(")"))
}

/// How far a waived metric may go: `5 % worse`, `96 MiB`.
fn ceiling(waiver: &Waiver) -> String {
    match &waiver.ceiling {
        Ceiling::Change { ratio } => format!("{} worse", number::percent(*ratio)),
        Ceiling::Value { value, unit } => number::quantity(*value, unit),
    }
}

/// Why nothing can be said, and what it would take.
pub(super) fn doubt(doubt: &Doubt, method: &Method) -> String {
    let settle = || match Need::new(doubt, method) {
        Some(need) => format!("{} settle it", need.would()),
        None => "even the most rounds that a run may take would not settle it".to_owned(),
    };
    match doubt {
        Doubt::TooFewRounds { have, need } => {
            format!("too few rounds to tell: {have} of the {need} that any test needs")
        }
        Doubt::TooNoisy { .. } => format!("too noisy to tell: {}", settle()),
        Doubt::TimeLimit { .. } => format!("the time limit came first: {}", settle()),
        Doubt::Interrupted => "the measurement was interrupted before it could be decided".to_owned(),
        Doubt::StoredRunsCannotTell { runs, detectable_ratio, with_more } => {
            stored_runs_cannot_tell(*runs, *detectable_ratio, with_more.as_ref())
        }
        Doubt::OneProcess => "one process a side says nothing about the spread between processes".to_owned(),
        Doubt::BudgetInsideInterval => "the limit lies inside the interval: it may be missed or kept".to_owned(),
        Doubt::RoundsLost { lost, of } => format!("{lost} of {} were lost", plural(*of as usize, "round")),
        Doubt::Untrusted => "base differs from itself here, so that no difference can be laid to the change".to_owned(),
        Doubt::TailTooThin { beyond, need } => {
            format!("shown, not judged: {beyond} values of a round lie beyond it, and it takes {need}")
        }
        Doubt::GeneratorLate { rounds, of, worst_share } => format!(
            "the load generator was late in {rounds} of {}, for up to {} of the requests of one: that says nothing about the service; the generator needs more CPU, or the scenario a lower rate",
            plural(*of as usize, "round"),
            number::percent(rounded(*worst_share))
        ),
    }
}

/// What the stored runs could show, and what more of them would.
fn stored_runs_cannot_tell(runs: u32, detectable_ratio: f64, with_more: Option<&MoreRuns>) -> String {
    let runs = plural(runs as usize, "stored run");
    if !detectable_ratio.is_finite() {
        return format!("{runs} cannot show a change: some value is 0, so that there is no ratio");
    }
    let more = with_more.map_or_else(String::new, |with| {
        let so_far = number::percent(rounded(with.detectable_ratio));
        format!(
            "; {} on machines of this class would bring it to about {so_far}",
            plural(with.more as usize, "more run")
        )
    });
    format!("{runs} could only show a change of {} or more{more}", number::percent(rounded(detectable_ratio)))
}

/// Two digits of a fraction: what stored runs could show is known no better.
fn rounded(ratio: f64) -> f64 {
    let step = 10_f64.powf(ratio.abs().max(1e-6).log10().floor() - 1.0);
    (ratio / step).round() * step
}

/// Why a change may not be the change's doing, as the end of its sentence.
pub(super) fn layout(layout: &Layout, outcome: Outcome) -> String {
    let Layout { instructions_ratio, noise_ratio, towards: _ } = *layout;
    let same = number::tenths(instructions_ratio);
    let end = match outcome {
        Outcome::Warn => "; shown, not blocking",
        outcome if outcome.fails() => "; the policy blocks it all the same",
        _ => "",
    };
    let noise = number::percent(noise_ratio);
    format!(" with the same instructions ({same}): code layout alone moves small benchmarks by up to {noise}{end}")
}

/// Why base cannot be compared with.
pub(super) fn incomparable(why: &Incomparable) -> Text {
    match why {
        Incomparable::Environment(differences) => {
            let text = Text::prose("the stored runs come from another kind of machine");
            differences.iter().enumerate().fold(text, |text, (at, difference)| {
                text.say(format!("{} {} ", if at == 0 { ":" } else { ";" }, difference.field))
                    .code(shown(&difference.stored))
                    .say(" there, ")
                    .code(shown(&difference.here))
                    .say(" here")
            })
        }
        Incomparable::Unit { base, head } => {
            Text::prose("its unit was ").code(shown(base)).say(" and is ").code(shown(head))
        }
        Incomparable::NoBaseline => {
            Text::prose("there is no stored baseline; run ").code("tollgate baseline update").say(" on the base branch")
        }
        Incomparable::BaseFailed => Text::prose("base could not be built or run"),
        Incomparable::Conditions(differences) => {
            another_load(Text::prose("the load is another one"), differences, ["in base", "in head"])
        }
        Incomparable::StoredConditions(differences) => {
            let text = another_load(Text::prose("the stored runs are of another load"), differences, ["there", "here"]);
            text.say("; run ").code("tollgate baseline update").say(" on the base branch")
        }
    }
}

/// What of a load differs, as the end of a sentence: each side's value with the word for its place.
fn another_load(text: Text, differences: &[ConditionDifference], [base, head]: [&str; 2]) -> Text {
    let side = |text: Text, value: &str, place: &str| match value {
        "" => text.say(format!("not {place}")),
        value => text.code(shown(value)).say(format!(" {place}")),
    };
    let named = differences.iter().take(DIFFERENCES_MAX).enumerate();
    let text = named.fold(text, |text, (at, difference)| {
        let text = text.say(if at == 0 { ": " } else { "; " }).code(shown(&difference.what)).say(" is ");
        side(side(text, &difference.base, base).say(", "), &difference.head, head)
    });
    match differences.len().saturating_sub(DIFFERENCES_MAX) {
        0 => text,
        more => text.say(format!("; and {more} more")),
    }
}

/// What must be known to read a row's numbers.
fn warning(warning: &Warning) -> String {
    match warning {
        Warning::SourceChanged => "the benchmark's own source differs between base and head".to_owned(),
        Warning::NotExact => {
            "declared exact, but its values spread between rounds, so it was judged as noisy".to_owned()
        }
        Warning::PseudoReplicated => "one process a side: the spread between processes is unknown".to_owned(),
        Warning::RoundsLost { lost } => format!("{} lost", plural(*lost as usize, "round")),
        Warning::RoundsLate { late } => {
            format!("{} left out on both sides: the load generator was late", plural(*late as usize, "round"))
        }
        Warning::Bimodal => "the values fall into two groups".to_owned(),
        Warning::NoSpread => "all rounds gave the same value: the timer may be too coarse".to_owned(),
        Warning::OrderBias { second } => format!(
            "whatever ran second in a round came out {}; coins drew the order, so no side gains, but more rounds are needed",
            moved(*second, "higher", "lower")
        ),
        Warning::Drifting { ratio } => format!(
            "base's own value {} from the first round to the last: the machine drifts",
            moved(*ratio, "rose by", "fell by")
        ),
        Warning::HeavyTails { far, of } => format!(
            "{far} of {} lie far from the rest: something disturbs the machine, and more rounds are needed",
            plural(*of as usize, "round")
        ),
        Warning::Ties { equal, of } => {
            format!("{equal} of {} agree to the last digit: the timer may be too coarse", plural(*of as usize, "round"))
        }
        Warning::BimodalAlone { arm: Arm::Head } => {
            "the values of head fall into two groups, those of base do not: head may be slow only sometimes".to_owned()
        }
        Warning::BimodalAlone { arm: Arm::Base } => {
            "the values of base fall into two groups, those of head do not: base may be slow only sometimes".to_owned()
        }
        Warning::Bursts => "the events come in bursts, so rounds were compared and not their sum".to_owned(),
        Warning::ShortProcesses { processes, apart: Ratio(apart) } => format!(
            "its processes differ by {}, so after the first stage a round had {processes} short processes of each side",
            number::percent(rounded(*apart))
        ),
    }
}

/// A size with the word for its direction: `3.1 % higher`, `rose by 3.1 %`.
fn moved(Ratio(ratio): Ratio, more: &str, less: &str) -> String {
    let word = if ratio < 0.0 { less } else { more };
    let size = number::percent(ratio);
    if word.ends_with(" by") { format!("{word} {size}") } else { format!("{size} {word}") }
}

#[cfg(test)]
mod tests {
    use super::super::{html, markdown, sample, terminal};
    use super::*;
    use crate::model::Judgement;
    use crate::model::environment::Difference;

    fn different(what: &str, base: &str, head: &str) -> ConditionDifference {
        ConditionDifference { what: what.to_owned(), base: base.to_owned(), head: head.to_owned() }
    }

    /// The note of a row in the terminal, in Markdown and on the page, each as plain text in one line.
    fn shown_in_all(judgement: &Judgement, note: &str) {
        let plain = anstream::adapter::strip_str(&terminal::render(judgement)).to_string();
        for text in [plain, markdown::render(judgement, markdown::LIMIT), html::render(judgement)] {
            let tags = ["<code>", "</code>", "`"].iter().fold(text, |text, tag| text.replace(tag, ""));
            let text = tags.replace("&#8203;", "").replace("&#64;", "@").replace("&#35;", "#").replace("&#39;", "'");
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(line.contains(note), "{note} in {text}");
        }
    }

    #[test]
    fn a_waived_row_shows_its_waiver() {
        shown_in_all(&sample::mixed(), "waived until 2026-12-31, up to 5 % worse (@alice: validation, see #412)");
    }

    #[test]
    fn a_waiver_that_no_longer_covers_names_the_line_to_delete() {
        let mut judgement = sample::mixed();
        let at = judgement.rows.iter().position(|row| row.waiver.is_some()).unwrap();
        judgement.rows[at].outcome = Outcome::FailRegressed;
        let waiver = match judgement.rows[at].waiver.clone().unwrap() {
            WaiverState::Covers(waiver) => waiver,
            other => unreachable!("{other:?}"),
        };
        judgement.rows[at].waiver = Some(WaiverState::Expired(waiver.clone()));
        shown_in_all(
            &judgement,
            "its waiver expired after 2026-12-31 (line 12 of tollgate-waivers.toml): delete the entry, or agree on a new one (@alice: ",
        );
        judgement.rows[at].waiver = Some(WaiverState::CeilingExceeded(waiver));
        shown_in_all(
            &judgement,
            "worse than its waiver allows, which is 5 % worse until 2026-12-31 (line 12 of tollgate-waivers.toml): delete the entry",
        );
    }

    #[test]
    fn bursts_and_a_thin_tail_are_told_and_kept() {
        let mut judgement = sample::mixed();
        judgement.rows[0].verdict = Verdict::Inconclusive(Doubt::TailTooThin { beyond: 20, need: 100 });
        judgement.rows[0].outcome = Outcome::Warn;
        judgement.rows[0].warnings = vec![Warning::Bursts];
        shown_in_all(&judgement, "shown, not judged: 20 values of a round lie beyond it, and it takes 100");
        shown_in_all(&judgement, "the events come in bursts, so rounds were compared and not their sum");
        let saved = super::super::json::to_json(&judgement);
        assert_eq!(super::super::json::from_json(saved.as_bytes()).unwrap(), judgement);
    }

    #[test]
    fn a_late_generator_is_told_and_kept() {
        let mut judgement = sample::mixed();
        let doubt = Doubt::GeneratorLate { rounds: 4, of: 12, worst_share: 0.0812 };
        judgement.rows[0].verdict = Verdict::Inconclusive(doubt);
        judgement.rows[0].outcome = Outcome::Warn;
        judgement.rows[1].warnings = vec![Warning::RoundsLate { late: 1 }];
        shown_in_all(
            &judgement,
            "the load generator was late in 4 of 12 rounds, for up to 8.1 % of the requests of one: that says nothing about the service",
        );
        let saved = super::super::json::to_json(&judgement);
        assert_eq!(super::super::json::from_json(saved.as_bytes()).unwrap(), judgement);
        assert_eq!(
            warning(&judgement.rows[1].warnings[0]),
            "1 round left out on both sides: the load generator was late"
        );
    }

    #[test]
    fn a_row_that_cannot_be_compared_says_why() {
        let differences = vec![
            Difference { field: "CPU model", stored: "Xeon".to_owned(), here: "EPYC".to_owned() },
            Difference { field: "cores", stored: "8".to_owned(), here: "4".to_owned() },
        ];
        for (why, note) in [
            (
                Incomparable::Environment(differences),
                "the stored runs come from another kind of machine: CPU model Xeon there, EPYC here; cores 8 there, 4 here",
            ),
            (Incomparable::NoBaseline, "there is no stored baseline; run tollgate baseline update on the base branch"),
            (Incomparable::BaseFailed, "base could not be built or run"),
            (
                Incomparable::Conditions(vec![different("rate", "100/s", "200/s"), different("step b", "", "GET /")]),
                "the load is another one: rate is 100/s in base, 200/s in head; step b is not in base, GET / in head",
            ),
            (
                Incomparable::StoredConditions(vec![different("level", "100/s", "200/s")]),
                "the stored runs are of another load: level is 100/s there, 200/s here; run tollgate baseline update on the base branch",
            ),
            (
                Incomparable::Conditions((0..9).map(|at| different(&format!("c{at}"), "", "x")).collect()),
                "c7 is not in base, x in head; and 1 more",
            ),
            (Incomparable::Unit { base: "s".to_owned(), head: "B".to_owned() }, "its unit was s and is B"),
        ] {
            let mut judgement = sample::mixed();
            judgement.rows[0].verdict = Verdict::NotComparable(why);
            for outcome in [Outcome::Pass, Outcome::Warn, Outcome::FailNotComparable] {
                judgement.rows[0].outcome = outcome;
                shown_in_all(&judgement, note);
            }
        }
    }
}
