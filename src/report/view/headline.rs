//! The line that can be read alone, and what it means. Counts from the same outcomes that decide the exit code. Refuses to list rows.

use serde::Serialize;

use crate::model::{BudgetLevel, Judgement, Outcome, Role, Row, RunVerdict, Verdict};

use super::super::number::{self, count, plural};
use super::super::sentence;
use super::super::text::{Text, append};

/// How the run ended, as a style. The headline says the same in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::report) enum State {
    /// Nothing to look at.
    Passed,
    /// Nothing blocks, something is worth a look.
    Noted,
    /// It blocks because something could not be measured or decided.
    Unknown,
    /// It blocks because the program got worse.
    Failed,
}

impl State {
    /// The state of a run.
    pub(super) fn of(judgement: &Judgement) -> Self {
        match judgement.verdict {
            RunVerdict::Regressed | RunVerdict::OverBudget => Self::Failed,
            RunVerdict::Inconclusive | RunVerdict::NotComparable | RunVerdict::NotCovered | RunVerdict::Broken => {
                Self::Unknown
            }
            RunVerdict::Pass if judgement.rows.iter().any(super::is_urgent) => Self::Noted,
            RunVerdict::Pass => Self::Passed,
        }
    }

    /// A symbol; never the only sign.
    pub(in crate::report) fn light(self) -> &'static str {
        match self {
            Self::Passed => "🟢",
            Self::Noted => "🟡",
            Self::Unknown => "🟠",
            Self::Failed => "🔴",
        }
    }
}

/// How many rows of each kind a headline counts.
struct Counts {
    rows: usize,
    decided: usize,
    regressed: usize,
    over_budget: usize,
    missing: usize,
    not_comparable: usize,
    inconclusive: usize,
    passed: usize,
    undecided: usize,
    waived: usize,
    noted: usize,
    failures: usize,
}

impl Counts {
    /// Counts the rows of a judgement.
    fn of(judgement: &Judgement) -> Self {
        let rows: Vec<&Row> = judgement.rows.iter().filter(|row| is_check(row)).collect();
        let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
        let critical = |row: &Row| row.budget.as_ref().is_some_and(|check| check.level == BudgetLevel::Critical);
        Self {
            rows: rows.len(),
            decided: count(&|row| is_decided(row)),
            regressed: count(&|row| row.outcome == Outcome::FailRegressed),
            over_budget: count(&|row| row.outcome == Outcome::FailOverBudget || row.outcome.fails() && critical(row)),
            missing: count(&|row| row.outcome == Outcome::FailMissing),
            not_comparable: count(&|row| row.outcome == Outcome::FailNotComparable),
            inconclusive: count(&|row| row.outcome == Outcome::FailInconclusive),
            passed: count(&|row| matches!(row.outcome, Outcome::Pass | Outcome::Warn) && is_decided(row)),
            undecided: count(&|row| matches!(row.outcome, Outcome::Pass | Outcome::Warn) && !is_decided(row)),
            waived: count(&|row| row.outcome == Outcome::Waived),
            noted: count(&|row| row.outcome == Outcome::Warn && super::is_urgent(row)),
            failures: judgement.coverage.problems.iter().filter(|p| super::is_failure(&p.trouble)).count(),
        }
    }

    /// What blocks: `2 regressions, 1 over budget`.
    fn blocking(&self) -> String {
        let part = |number: usize, text: String| if number > 0 { Some(text) } else { None };
        [
            part(self.regressed, plural(self.regressed, "regression")),
            part(self.over_budget, format!("{} over budget", count(self.over_budget))),
            part(self.failures, format!("{} while measuring", plural(self.failures, "failure"))),
            part(self.missing, format!("{} missing", count(self.missing))),
            part(self.not_comparable, format!("{} not comparable", count(self.not_comparable))),
            part(self.inconclusive, format!("{} inconclusive", count(self.inconclusive))),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
    }
}

/// Whether a row is one of the checks that are counted: one that only informs is not.
fn is_check(row: &Row) -> bool {
    row.metric.role == Role::Gated || row.outcome != Outcome::Pass || row.budget.is_some()
}

fn is_decided(row: &Row) -> bool {
    matches!(row.verdict, Verdict::Improved | Verdict::Unchanged | Verdict::Regressed | Verdict::OverBudget)
}

/// The line that can be read alone.
pub(super) fn headline(judgement: &Judgement) -> String {
    let counts = Counts::of(judgement);
    let passed = match counts.rows {
        0 => "nothing was compared".to_owned(),
        rows if counts.undecided == 0 => format!("{} of {} passed", count(counts.passed), plural(rows, "check")),
        rows => {
            let (passed, undecided) = (count(counts.passed), count(counts.undecided));
            format!("{passed} of {} passed, {undecided} not decided", plural(rows, "check"))
        }
    };
    match judgement.verdict {
        RunVerdict::Pass => passing(judgement, &counts),
        RunVerdict::Regressed | RunVerdict::OverBudget => format!("Tollgate: {} ({passed})", counts.blocking()),
        RunVerdict::Broken | RunVerdict::NotCovered | RunVerdict::NotComparable | RunVerdict::Inconclusive => {
            let why = match (counts.blocking(), judgement.verdict) {
                (why, _) if !why.is_empty() => why,
                (_, RunVerdict::NotCovered) if judgement.coverage.compared == 0 => "nothing was measured".to_owned(),
                (_, RunVerdict::NotCovered) => "less was measured than there should be".to_owned(),
                (_, RunVerdict::NotComparable) => "the baseline cannot be compared with".to_owned(),
                _ => "the measurement failed".to_owned(),
            };
            format!("Tollgate: no verdict, {why} ({passed})")
        }
    }
}

/// The headline of a run that blocks nothing.
fn passing(judgement: &Judgement, counts: &Counts) -> String {
    let undecided = counts.rows - counts.decided;
    let mut line = match (counts.waived + counts.noted, counts.decided) {
        (_, 0) => "Tollgate: nothing blocks, but nothing was compared".to_owned(),
        (0, decided) => format!("Tollgate: no regressions in {}", plural(decided, "check")),
        (_, decided) => format!("Tollgate: no blocking regressions in {}", plural(decided, "check")),
    };
    for (number, what) in [(counts.waived, "waived"), (counts.noted, "worth a look"), (undecided, "not decided")] {
        if number > 0 {
            append(&mut line, format_args!(", {} {what}", count(number)));
        }
    }
    line.push('.');
    if let Some(ratio) = judgement.promise.detectable_median_ratio {
        append(&mut line, format_args!(" Smallest change that could have been seen: {}.", number::percent(ratio)));
    }
    line
}

/// What the headline means: the worst rows as sentences, and whether to merge. Empty where there is nothing more to say.
pub(super) fn lead(judgement: &Judgement, failing: &[&Row]) -> Text {
    let mut text = Text::default();
    let gap = |text: &Text| if text.is_empty() { "" } else { " " };
    let failures: Vec<_> = judgement.coverage.problems.iter().filter(|p| super::is_failure(&p.trouble)).collect();
    let definite = judgement.verdict >= RunVerdict::OverBudget;
    let sentences: Vec<Text> = if definite || failures.is_empty() {
        failing.iter().take(2).map(|row| sentence::row(row)).collect()
    } else {
        failures.iter().take(2).map(|problem| sentence::trouble(problem)).collect()
    };
    let total = if definite || failures.is_empty() { failing.len() } else { failures.len() };
    let said = sentences.len();
    for sentence in sentences {
        let before = gap(&text);
        text = text.say(before).then(sentence).say(".");
    }
    if total > said {
        text = text.say(format!(" {} more, below.", count(total - said)));
    }
    text
}

/// What to do about the run, as one plain sentence; empty where it passed.
pub(in crate::report) fn advice(state: State) -> &'static str {
    match state {
        State::Failed => "This change should not merge as it is.",
        State::Unknown => "Nobody knows whether this change is slower: it should not merge before that is known.",
        State::Noted | State::Passed => "",
    }
}
