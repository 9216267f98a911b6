//! The line that can be read alone, and what it means. Counts from the same outcomes that decide the exit code. Refuses to list rows.

use serde::Serialize;

use crate::model::verdict::Towards;
use crate::model::{BudgetLevel, Identical, Judgement, Outcome, Role, Row, RunVerdict, Verdict};

use super::super::number::{self, count, plural};
use super::super::sentence;
use super::super::soundness;
use super::super::text::{Text, append};
use super::proof;

/// How the run ended, as a style, from best to worst. The headline says the same in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
            RunVerdict::Inconclusive
            | RunVerdict::NotComparable
            | RunVerdict::NotCovered
            | RunVerdict::Untrusted
            | RunVerdict::Broken => Self::Unknown,
            RunVerdict::Pass if judgement.rows.iter().any(super::is_urgent) => Self::Noted,
            // Green is a finding; here there is none.
            RunVerdict::Pass if Counts::of(&[judgement]).decided() == 0 && judgement.identical.is_empty() => {
                Self::Noted
            }
            RunVerdict::Pass if judgement.common_shift.as_ref().is_some_and(soundness::is_slower) => Self::Noted,
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

/// How many rows of each kind a headline counts. Each row is counted once, a row that blocks by its reason; one that is over its critical budget
/// and regressed has both reasons.
struct Counts {
    rows: usize,
    regressed: usize,
    over_budget: usize,
    drifted: usize,
    missing: usize,
    not_comparable: usize,
    inconclusive: usize,
    passed: usize,
    noted: usize,
    waived: usize,
    undecided: usize,
    failures: usize,
    /// What passed by proof, in words.
    proved: Option<String>,
}

impl Counts {
    /// Counts the rows of these judgements together.
    fn of(judgements: &[&Judgement]) -> Self {
        let rows: Vec<&Row> =
            judgements.iter().flat_map(|judgement| &judgement.rows).filter(|row| is_check(row)).collect();
        let problems = judgements.iter().flat_map(|judgement| &judgement.coverage.problems);
        let identical: Vec<Identical> = judgements.iter().flat_map(|judgement| judgement.identical.clone()).collect();
        let count = |is: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| is(row)).count();
        let critical = |row: &Row| row.budget.as_ref().is_some_and(|check| check.level == BudgetLevel::Critical);
        let open = |row: &Row| matches!(row.outcome, Outcome::Pass | Outcome::Warn);
        Self {
            rows: rows.len(),
            regressed: count(&|row| row.outcome == Outcome::FailRegressed),
            over_budget: count(&|row| row.outcome == Outcome::FailOverBudget || row.outcome.fails() && critical(row)),
            drifted: count(&|row| row.outcome == Outcome::FailDrifted),
            missing: count(&|row| row.outcome == Outcome::FailMissing),
            not_comparable: count(&|row| row.outcome == Outcome::FailNotComparable),
            inconclusive: count(&|row| row.outcome == Outcome::FailInconclusive),
            passed: count(&|row| open(row) && is_decided(row) && !super::is_urgent(row)),
            noted: count(&|row| open(row) && is_decided(row) && super::is_urgent(row)),
            waived: count(&|row| row.outcome == Outcome::Waived),
            undecided: count(&|row| open(row) && !is_decided(row)),
            failures: problems.filter(|problem| super::is_failure(&problem.trouble)).count(),
            proved: proof::amount(&identical),
        }
    }

    /// The checks that something can be said of, where nothing blocks.
    fn decided(&self) -> usize {
        self.passed + self.noted + self.waived
    }

    /// What does not block and has not passed either: `1 waived, 2 not decided`.
    fn rest(&self) -> String {
        let rest = [(self.waived, "waived"), (self.noted, "worth a look"), (self.undecided, "not decided")];
        let rest = rest.into_iter().filter(|(number, _)| *number > 0);
        rest.fold(String::new(), |text, (number, what)| format!("{text}, {} {what}", count(number)))
    }

    /// The same with what passed by proof.
    fn beside(&self) -> String {
        self.proved.iter().fold(self.rest(), |rest, proved| format!("{rest}, {proved}"))
    }

    /// How the checks of a run that blocks stand: `3 of 8 checks passed, 2 not decided`.
    fn standing(&self) -> String {
        match self.rows {
            0 => self.proved.clone().unwrap_or_else(|| "nothing was compared".to_owned()),
            rows if self.undecided == rows => format!("none of {} decided", plural(rows, "check")),
            rows => format!("{} of {} passed{}", count(self.passed), plural(rows, "check"), self.beside()),
        }
    }

    /// What blocks: `2 regressions, 1 over budget`.
    fn blocking(&self) -> String {
        let part = |number: usize, text: String| if number > 0 { Some(text) } else { None };
        [
            part(self.regressed, plural(self.regressed, "regression")),
            part(self.over_budget, format!("{} over budget", count(self.over_budget))),
            part(self.drifted, format!("{} drifted too far", count(self.drifted))),
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

/// Whether a row is one of the checks that are counted: one that only informs is not, and neither is one that may get worse.
fn is_check(row: &Row) -> bool {
    let worse = match &row.verdict {
        Verdict::LayoutSuspect(layout) => layout.towards == Towards::Worse,
        verdict => *verdict == Verdict::Regressed,
    };
    let ignored = row.outcome == Outcome::Pass && worse;
    row.metric.role == Role::Gated && !ignored || row.outcome != Outcome::Pass || row.budget.is_some()
}

/// Whether something is said of a row. What is new, missing, not comparable or inconclusive has not passed.
fn is_decided(row: &Row) -> bool {
    matches!(
        row.verdict,
        Verdict::Improved | Verdict::Unchanged | Verdict::Regressed | Verdict::OverBudget | Verdict::LayoutSuspect(_)
    )
}

/// The line that can be read alone.
pub(super) fn headline(judgement: &Judgement) -> String {
    let counts = Counts::of(&[judgement]);
    match judgement.verdict {
        RunVerdict::Pass => passing(judgement, &counts),
        RunVerdict::Regressed | RunVerdict::OverBudget => {
            format!("Tollgate: {} ({})", counts.blocking(), counts.standing())
        }
        RunVerdict::Broken
        | RunVerdict::Untrusted
        | RunVerdict::NotCovered
        | RunVerdict::NotComparable
        | RunVerdict::Inconclusive => {
            format!("Tollgate: no verdict, {} ({})", unknown(judgement, &counts), counts.standing())
        }
    }
}

/// Why there is no verdict.
fn unknown(judgement: &Judgement, counts: &Counts) -> String {
    match (counts.blocking(), judgement.verdict) {
        (_, RunVerdict::Untrusted) => "base differs from itself".to_owned(),
        (why, _) if !why.is_empty() => why,
        (_, RunVerdict::NotCovered) if judgement.coverage.measured == 0 => "nothing was measured".to_owned(),
        (_, RunVerdict::NotCovered) if judgement.coverage.compared == 0 => {
            "base has none of these benchmarks".to_owned()
        }
        (_, RunVerdict::NotCovered) => "less was measured than there should be".to_owned(),
        (_, RunVerdict::NotComparable) => "the baseline cannot be compared with".to_owned(),
        _ => "the measurement failed".to_owned(),
    }
}

/// The one line over several judgements of one commit: the worst verdict, and the checks of all of them counted together.
pub(in crate::report) fn together(judgements: &[&Judgement]) -> String {
    let worst = judgements.iter().rev().max_by_key(|judgement| judgement.verdict);
    let Some(worst) = worst else { return "Tollgate: no verdict, there is no report of any job".to_owned() };
    if judgements.len() == 1 {
        return headline(worst);
    }
    let counts = Counts::of(judgements);
    let blocked = judgements.iter().filter(|judgement| judgement.verdict != RunVerdict::Pass).count();
    let jobs = format!("{} of {}", count(blocked), plural(judgements.len(), "job"));
    match worst.verdict {
        RunVerdict::Pass => passing_together(judgements, &counts),
        RunVerdict::Regressed | RunVerdict::OverBudget => {
            format!("Tollgate: {} in {jobs} ({})", counts.blocking(), counts.standing())
        }
        RunVerdict::Broken
        | RunVerdict::Untrusted
        | RunVerdict::NotCovered
        | RunVerdict::NotComparable
        | RunVerdict::Inconclusive => {
            format!("Tollgate: no verdict, {} in {jobs} ({})", unknown(worst, &counts), counts.standing())
        }
    }
}

/// The headline of several judgements that block nothing.
fn passing_together(judgements: &[&Judgement], counts: &Counts) -> String {
    let jobs = plural(judgements.len(), "job");
    let mut line = match (counts.waived + counts.noted, counts.decided()) {
        (_, 0) if let Some(proved) = &counts.proved => format!("Tollgate: {proved} in {jobs}{}", counts.rest()),
        (_, 0) => format!("Tollgate: nothing blocks, but nothing was decided in {jobs}"),
        (0, decided) => format!("Tollgate: no regressions in {} of {jobs}", plural(decided, "check")),
        (_, decided) => format!("Tollgate: no blocking regressions in {} of {jobs}", plural(decided, "check")),
    };
    if counts.decided() > 0 || counts.proved.is_none() {
        line.push_str(&counts.beside());
    }
    line.push('.');
    let mut seen: Vec<f64> =
        judgements.iter().filter_map(|judgement| judgement.promise.detectable_median_ratio).collect();
    seen.sort_by(f64::total_cmp);
    if let (Some(best), Some(worst)) = (seen.first(), seen.last()) {
        let (best, worst) = (number::percent(*best), number::percent(*worst));
        let range = if best == worst { best } else { format!("{best} to {worst}") };
        append(&mut line, format_args!(" Smallest change that could have been seen: {range}."));
    }
    line
}

/// The headline of a run that blocks nothing.
fn passing(judgement: &Judgement, counts: &Counts) -> String {
    let mut line = match (counts.waived + counts.noted, counts.decided()) {
        (_, 0) if let Some(proved) = &counts.proved => {
            format!("Tollgate: {proved}: {}{}", proof::reason(judgement), counts.rest())
        }
        (_, 0) if judgement.coverage.compared > 0 => {
            "Tollgate: nothing blocks, but nothing could be decided".to_owned()
        }
        (_, 0) if judgement.coverage.limited > 0 => format!(
            "Tollgate: no critical budget is missed in {}, and nothing was compared with a base",
            plural(judgement.coverage.limited, "benchmark")
        ),
        (_, 0) => "Tollgate: nothing blocks, but nothing was compared".to_owned(),
        (0, decided) => format!("Tollgate: no regressions in {}", plural(decided, "check")),
        (_, decided) => format!("Tollgate: no blocking regressions in {}", plural(decided, "check")),
    };
    if counts.decided() > 0 || counts.proved.is_none() {
        line.push_str(&counts.beside());
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
