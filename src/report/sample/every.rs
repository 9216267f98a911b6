//! A judgement with every variant of every type of the first schema; its saved form is frozen, so later ones have samples of their own.

use crate::model::environment::Difference;
use crate::model::judgement::{BudgetCheck, Method, Notice, WaiverState, Warning};
use crate::model::verdict::{Incomparable, MoreRuns};
use crate::model::*;

use super::{id, mixed, name, over, time, waiver};

/// The verdicts that [`mixed`] has not.
fn every_verdict() -> Vec<Verdict> {
    let with_more = Some(MoreRuns { more: 10, detectable_ratio: 0.1 + 0.02 });
    vec![
        Verdict::OverBudget,
        Verdict::Missing,
        Verdict::Inconclusive(Doubt::TooNoisy { rounds_needed: None, more_s: None }),
        Verdict::Inconclusive(Doubt::TimeLimit { rounds_needed: Some(9), more_s: Some(3) }),
        Verdict::Inconclusive(Doubt::TimeLimit { rounds_needed: None, more_s: None }),
        Verdict::Inconclusive(Doubt::Interrupted),
        Verdict::Inconclusive(Doubt::StoredRunsCannotTell { runs: 3, detectable_ratio: 0.1 + 0.2, with_more }),
        Verdict::Inconclusive(Doubt::OneProcess),
        Verdict::Inconclusive(Doubt::BudgetInsideInterval),
        Verdict::Inconclusive(Doubt::RoundsLost { lost: 8, of: 20 }),
        Verdict::NotComparable(Incomparable::Environment(vec![Difference {
            field: "CPU model",
            stored: "Xeon".to_owned(),
            here: "EPYC".to_owned(),
        }])),
        Verdict::NotComparable(Incomparable::Unit { base: "s".to_owned(), head: "B".to_owned() }),
        Verdict::NotComparable(Incomparable::NoBaseline),
        Verdict::NotComparable(Incomparable::BaseFailed),
    ]
}

/// Every trouble.
fn every_trouble() -> Vec<CoverageProblem> {
    let troubles = [
        Trouble::New,
        Trouble::Missing,
        Trouble::Renamed { to: name("other") },
        Trouble::Unparsed { text: "???".to_owned() },
        Trouble::Crashed { arm: Arm::Head, message: "exit code 1".to_owned(), tail: "last\nlines".to_owned() },
        Trouble::TimedOut { arm: Arm::Base, limit_s: 60 },
        Trouble::BuildFailed { arm: Arm::Head, message: "exit code 1".to_owned(), tail: "last\nlines".to_owned() },
    ];
    let problem =
        |trouble| CoverageProblem { suite: name("core"), benchmark: Some(id("core", "b", "time").benchmark), trouble };
    troubles.into_iter().map(problem).collect()
}

/// Every variant of every type once, for formats that must keep them all.
pub(in crate::report) fn every_variant() -> Judgement {
    let mut judgement = mixed();
    judgement.promise.shares.clear();
    let outcomes =
        [Outcome::FailMissing, Outcome::FailNotComparable, Outcome::FailOverBudget, Outcome::FailInconclusive];
    let kinds = [Kind::Ratio, Kind::Slope, Kind::Bytes];
    let units = [Unit::Ratio, Unit::PerSecond, Unit::Bytes, Unit::Other(name("frobs"))];
    for (at, verdict) in every_verdict().into_iter().enumerate() {
        let row = time("every", &format!("variant-{at:02}"), 1.0 / 3.0, 0.1, 0.05);
        judgement.rows.push(Row {
            metric: Metric { unit: units[at % 4].clone(), kind: kinds[at % 3], role: Role::Informative, ..row.metric },
            verdict,
            outcome: outcomes[at % 4],
            method: if at % 2 == 0 { Method::Single } else { row.method.clone() },
            waiver: (at % 2 == 0).then(|| {
                WaiverState::CeilingExceeded(Waiver {
                    ceiling: Ceiling::Value { value: 0.1, unit: Unit::Seconds },
                    owner: None,
                    ..waiver()
                })
            }),
            budget: Some(BudgetCheck { level: BudgetLevel::Target, undecided: Some(BudgetLevel::Warning), ..over() }),
            effect: Some(Effect {
                change: Change::Absolute(0.1),
                precision: Precision::Interval { lower: 0.1, upper: f64::INFINITY, confidence: 0.99 },
            }),
            warnings: vec![Warning::NotExact, Warning::PseudoReplicated, Warning::Bimodal, Warning::NoSpread],
            ..row
        });
    }
    judgement.coverage.problems = every_trouble();
    judgement.notices = vec![
        Notice::Interrupted,
        Notice::TimeLimit { limit_s: 1 },
        Notice::SameTree,
        Notice::SuiteChanged { suite: "core".to_owned() },
        Notice::WaiverUnused { id: "x".to_owned(), line: 1 },
        Notice::RuleUnused { selector: "x".to_owned() },
        Notice::HeadPolicyDiffers { message: "x".to_owned() },
        Notice::Note("x".to_owned()),
    ];
    judgement
}
