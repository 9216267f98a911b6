//! The decision table: from a verdict, a budget and a waiver to what a row contributes, and from the rows to the verdict of the run.

use jiff::civil::Date;

use crate::config::{Gate, OnTrouble, Severity};
use crate::model::judgement::{BudgetCheck, DriftState, WaiverState};
use crate::model::verdict::{Layout, Towards};
use crate::model::{
    BudgetLevel, CanaryState, Change, Coverage, Doubt, Effect, Judgement, Outcome, Precision, RunVerdict, Trouble,
    Verdict, Waiver, waiver,
};

/// What a row contributes, by the severity of a change and that of a missed budget.
pub fn outcome(
    verdict: &Verdict,
    severity: Severity,
    budget: Option<(&BudgetCheck, Severity)>,
    waiver: Option<&WaiverState>,
    gate: &Gate,
) -> Outcome {
    let limit = budget.map_or(Outcome::Pass, |(check, severity)| absolute(check, severity, gate));
    let worst = change(verdict, severity, gate).max(limit);
    match (worst, waiver) {
        (Outcome::FailRegressed | Outcome::FailOverBudget, Some(WaiverState::Covers(_))) => Outcome::Waived,
        (Outcome::Pass, Some(WaiverState::Expired(_))) => Outcome::Warn,
        (worst, Some(WaiverState::Covers(_) | WaiverState::CeilingExceeded(_) | WaiverState::Expired(_)) | None) => {
            worst
        }
    }
}

/// What remains of a verdict from noisy rounds where base differed from itself: what was decided is no longer.
pub fn doubted(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Improved | Verdict::Unchanged | Verdict::Regressed | Verdict::LayoutSuspect(_) => {
            Verdict::Inconclusive(Doubt::Untrusted)
        }
        Verdict::Inconclusive(_)
        | Verdict::OverBudget
        | Verdict::New
        | Verdict::Missing
        | Verdict::NotComparable(_) => verdict,
    }
}

/// What the change against base contributes.
fn change(verdict: &Verdict, severity: Severity, gate: &Gate) -> Outcome {
    match (severity, verdict) {
        (Severity::Ignored, _)
        | (
            Severity::Blocking | Severity::Advisory,
            Verdict::Improved
            | Verdict::Unchanged
            | Verdict::New
            | Verdict::OverBudget
            | Verdict::LayoutSuspect(Layout { towards: Towards::Better, .. }),
        )
        | (Severity::Advisory, Verdict::Inconclusive(_)) => Outcome::Pass,
        (Severity::Blocking, Verdict::Regressed) => Outcome::FailRegressed,
        (Severity::Blocking, Verdict::Inconclusive(doubt)) => match (doubt, gate.inconclusive) {
            // Where base differs from itself the run blocks, and says why once.
            (Doubt::Untrusted, _) | (_, OnTrouble::Warn) => Outcome::Warn,
            (_, OnTrouble::Fail) => Outcome::FailInconclusive,
        },
        (Severity::Blocking, Verdict::Missing) => match gate.missing {
            OnTrouble::Fail => Outcome::FailMissing,
            OnTrouble::Warn => Outcome::Warn,
        },
        (Severity::Blocking, Verdict::NotComparable(_)) => Outcome::FailNotComparable,
        (Severity::Blocking, Verdict::LayoutSuspect(Layout { towards: Towards::Worse, .. })) => {
            match gate.layout_suspect {
                OnTrouble::Fail => Outcome::FailRegressed,
                OnTrouble::Warn => Outcome::Warn,
            }
        }
        (
            Severity::Advisory,
            Verdict::Regressed
            | Verdict::Missing
            | Verdict::NotComparable(_)
            | Verdict::LayoutSuspect(Layout { towards: Towards::Worse, .. }),
        ) => Outcome::Warn,
    }
}

/// What the budget contributes.
fn absolute(BudgetCheck { level, undecided, budget: _ }: &BudgetCheck, severity: Severity, gate: &Gate) -> Outcome {
    match (severity, level, undecided) {
        (Severity::Ignored, _, _)
        | (_, BudgetLevel::Within | BudgetLevel::Target, None | Some(BudgetLevel::Within | BudgetLevel::Target)) => {
            Outcome::Pass
        }
        (Severity::Blocking, BudgetLevel::Critical, _) => Outcome::FailOverBudget,
        (Severity::Blocking, _, Some(BudgetLevel::Critical)) => match gate.inconclusive {
            OnTrouble::Fail => Outcome::FailInconclusive,
            OnTrouble::Warn => Outcome::Warn,
        },
        (Severity::Advisory, BudgetLevel::Critical, _)
        | (Severity::Advisory, _, Some(BudgetLevel::Critical))
        | (Severity::Blocking | Severity::Advisory, BudgetLevel::Warning, _)
        | (Severity::Blocking | Severity::Advisory, _, Some(BudgetLevel::Warning)) => Outcome::Warn,
    }
}

/// What the drift since the anchor contributes: it blocks where this change surely made it worse, else it is a warning.
pub fn drifted(state: DriftState, severity: Severity, made_worse: bool, waiver: Option<&WaiverState>) -> Outcome {
    match (state, severity, made_worse, waiver) {
        (DriftState::Within | DriftState::CannotTell, _, _, _) | (_, Severity::Ignored, _, _) => Outcome::Pass,
        (DriftState::Beyond, Severity::Blocking, true, Some(WaiverState::Covers(_))) => Outcome::Waived,
        (DriftState::Beyond, Severity::Blocking, true, _) => Outcome::FailDrifted,
        (DriftState::Beyond, Severity::Blocking | Severity::Advisory, _, _) => Outcome::Warn,
    }
}

/// The verdict of the run: the worst that counts.
pub fn run_verdict(
    outcomes: impl Iterator<Item = Outcome>,
    coverage: &Coverage,
    canary: Option<CanaryState>,
    gate: &Gate,
) -> RunVerdict {
    let rows = outcomes.map(row_verdict).max().unwrap_or(RunVerdict::Pass);
    let broken = coverage.problems.iter().any(|problem| match problem.trouble {
        Trouble::Crashed { .. } | Trouble::TimedOut { .. } | Trouble::BuildFailed { .. } => true,
        Trouble::New | Trouble::Missing | Trouble::Renamed { .. } | Trouble::Unparsed { .. } => false,
    });
    let unparsed = coverage.problems.iter().any(|problem| match problem.trouble {
        Trouble::Unparsed { .. } => true,
        // A benchmark that is missing has rows that say so; of a whole suite there is none.
        Trouble::Missing => problem.benchmark.is_none(),
        Trouble::New
        | Trouble::Renamed { .. }
        | Trouble::Crashed { .. }
        | Trouble::TimedOut { .. }
        | Trouble::BuildFailed { .. } => false,
    });
    // A baseline that is asked for and cannot be compared with is why nothing was compared, and says more.
    // What is proved is compared: only what was to be measured and gave nothing is not. Of what runs already a decided budget says enough.
    let judged = coverage.compared + coverage.proved + coverage.limited;
    let nothing = coverage.measured == 0 || (judged == 0 && rows != RunVerdict::NotComparable);
    let covered = match (nothing, unparsed, gate.missing) {
        (true, _, _) | (false, true, OnTrouble::Fail) => RunVerdict::NotCovered,
        (false, true, OnTrouble::Warn) | (false, false, _) => RunVerdict::Pass,
    };
    // Whatever the policy says of what is inconclusive: a gate that cannot believe its own numbers is not green.
    let trusted = match canary {
        Some(CanaryState::Moved) => RunVerdict::Untrusted,
        Some(CanaryState::Still | CanaryState::TooFewRounds { .. }) | None => RunVerdict::Pass,
    };
    rows.max(covered).max(trusted).max(if broken { RunVerdict::Broken } else { RunVerdict::Pass })
}

/// How much could not be measured or judged, whatever else was found: rows, benchmarks, and the whole run where base differs from itself. A finding
/// in the exit code hides it, so whoever sets findings aside has to ask. Strict: what the policy only warns of counts too.
pub fn troubles(judgement: &Judgement) -> usize {
    let rows = judgement.rows.iter().map(|row| row_verdict(row.outcome));
    let rows = rows.filter(|verdict| matches!(verdict, RunVerdict::NotCovered | RunVerdict::NotComparable)).count();
    let benchmarks = judgement.coverage.problems.iter().filter(|problem| match problem.trouble {
        Trouble::Crashed { .. } | Trouble::TimedOut { .. } | Trouble::BuildFailed { .. } | Trouble::Unparsed { .. } => {
            true
        }
        Trouble::New | Trouble::Missing | Trouble::Renamed { .. } => false,
    });
    let moved = judgement.canary.as_ref().is_some_and(|canary| canary.state == CanaryState::Moved);
    rows + benchmarks.count() + usize::from(moved)
}

fn row_verdict(outcome: Outcome) -> RunVerdict {
    match outcome {
        Outcome::Pass | Outcome::Warn | Outcome::Waived => RunVerdict::Pass,
        Outcome::FailInconclusive => RunVerdict::Inconclusive,
        Outcome::FailMissing => RunVerdict::NotCovered,
        Outcome::FailNotComparable => RunVerdict::NotComparable,
        Outcome::FailOverBudget | Outcome::FailDrifted => RunVerdict::OverBudget,
        Outcome::FailRegressed => RunVerdict::Regressed,
    }
}

/// How a waiver bears on a row: expired after its last day, exceeded where head is surely worse than the ceiling.
pub fn waiver_state(
    waiver: &Waiver,
    today: Date,
    effect: Option<&Effect>,
    head_surely: Option<f64>,
    worse_sign: f64,
) -> WaiverState {
    let exceeded = match &waiver.ceiling {
        waiver::Ceiling::Change { ratio } => effect.is_some_and(|effect| surely_worse(effect, worse_sign) > *ratio),
        waiver::Ceiling::Value { value, .. } => head_surely.is_some_and(|head| worse_sign * (head - value) > 0.0),
    };
    if today > waiver.until {
        WaiverState::Expired(waiver.clone())
    } else if exceeded {
        WaiverState::CeilingExceeded(waiver.clone())
    } else {
        WaiverState::Covers(waiver.clone())
    }
}

/// The least change for the worse that the effect's interval allows.
fn surely_worse(effect: &Effect, worse_sign: f64) -> f64 {
    match (effect.precision, effect.change) {
        (Precision::Exact, Change::Relative(value) | Change::Absolute(value)) => worse_sign * value,
        (Precision::Interval { lower, upper, .. }, _) => (worse_sign * lower).min(worse_sign * upper),
    }
}

#[cfg(test)]
mod tests;
