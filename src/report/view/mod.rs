//! What a report may show, already in words and formatted numbers. Refuses to judge, and to know any markup.

mod decided;
mod finding;
mod group;
mod headline;
mod load;
mod promise;
mod proof;
mod row;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::model::judgement::DriftState;
use crate::model::{BudgetLevel, CoverageProblem, Judgement, MetricId, Outcome, Row, Trouble, Verdict};

use super::sentence;
use super::soundness;
use super::text::Text;

pub(super) use decided::Fact;
pub(super) use finding::Finding;
pub(super) use group::Group;
pub(super) use headline::{State, advice, together};
pub(super) use load::{Line, LoadView};
pub(super) use row::{RowView, scale};

/// The lines of a failed program's output that are shown.
const TAIL_LINES_MAX: usize = 20;

/// Everything that a report may show.
#[derive(Clone, Debug, Serialize)]
pub(super) struct View {
    /// Whether the run failed, for a style; the headline says the same in words.
    pub(super) state: State,
    /// The state as a symbol.
    pub(super) light: &'static str,
    /// The one line that can be read alone, without a name from outside.
    pub(super) headline: String,
    /// What it means, with names.
    pub(super) lead: Text,
    /// What the column of changes is called: with its confidence where all rows share it.
    pub(super) change_title: String,
    /// The rows that a person should look at, worst first.
    pub(super) urgent: Vec<RowView>,
    /// What a person must look at: causes, and failing rows without one.
    pub(super) findings: Vec<Finding>,
    /// The number of each finding of the judgement; empty for one that is not shown.
    #[serde(skip)]
    numbers: Vec<String>,
    /// How many rows block.
    #[serde(skip)]
    failing: usize,
    /// What went wrong in measuring.
    pub(super) troubles: Vec<TroubleView>,
    /// What the coverage comes to.
    pub(super) coverage: String,
    /// What the report says about the run as a whole.
    pub(super) notices: Vec<Text>,
    /// Load scenarios, each as one table.
    pub(super) loads: Vec<LoadView>,
    /// All other rows, by verdict.
    pub(super) groups: Vec<Group>,
    /// What is left of them: metrics of load scenarios that only inform, for formats that have room for all.
    pub(super) quiet: Option<Group>,
    /// How it was decided.
    pub(super) decided: Vec<Fact>,
}

/// Something that went wrong in measuring.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TroubleView {
    /// What happened.
    pub(super) sentence: Text,
    /// The last lines of the output, if there are any.
    pub(super) tail: Vec<String>,
    /// Whether it is a failure, not a difference between base and head.
    pub(super) failure: bool,
}

impl View {
    /// The view of a judgement.
    pub(super) fn of(judgement: &Judgement) -> Self {
        let mut urgent: Vec<&Row> = judgement.rows.iter().filter(|row| is_urgent(row)).collect();
        urgent.sort_by(|a, b| {
            let key = |row: &Row| (row.outcome.fails(), row.outcome, worsening(row));
            let (a_key, b_key) = (key(a), key(b));
            b_key
                .0
                .cmp(&a_key.0)
                .then(b_key.1.cmp(&a_key.1))
                .then(b_key.2.total_cmp(&a_key.2))
                .then_with(|| a.metric.id.cmp(&b.metric.id))
        });
        let scenarios = load::scenarios(judgement);
        let suites = scenarios.iter().map(load::Scenario::suite).collect();
        let rest = judgement.rows.iter().filter(|row| !is_urgent(row));
        let (quiet, rest): (Vec<&Row>, Vec<&Row>) = rest.partition(|row| load::is_quiet(row, &suites));
        let failing: Vec<&Row> = urgent.iter().copied().filter(|row| row.outcome.fails()).collect();
        let state = State::of(judgement);
        let (findings, numbers) = finding::findings(judgement, &failing);
        Self {
            state,
            light: state.light(),
            headline: headline::headline(judgement),
            // Where nothing blocks, the worst of what is worth a look is told.
            lead: headline::lead(judgement, if failing.is_empty() { &urgent } else { &failing }),
            change_title: row::change_title(judgement),
            failing: failing.len(),
            findings,
            numbers,
            urgent: urgent.into_iter().map(RowView::of).collect(),
            troubles: troubles(judgement),
            coverage: decided::coverage(judgement),
            notices: soundness::notices(judgement)
                .into_iter()
                .chain(proof::suites(judgement))
                .chain(judgement.notices.iter().map(sentence::notice))
                .collect(),
            loads: scenarios.iter().map(|scenario| scenario.view(judgement)).collect(),
            groups: group::groups(&rest, judgement),
            quiet: group::quiet(&quiet),
            decided: decided::facts(judgement),
        }
    }

    /// How many rows block.
    pub(super) fn failing(&self) -> usize {
        self.failing
    }

    /// The cause that explains a failing row, with its number.
    pub(super) fn cause_of(&self, id: &MetricId) -> Option<String> {
        let name = id.to_string();
        let found = self.findings.iter().find(|found| !found.rule.is_empty() && found.failing.contains(&name))?;
        Some(format!("{}: {}", found.number, found.sentence.line(str::to_owned)))
    }

    /// The number of each finding of the judgement.
    pub(super) fn numbers(&self) -> Vec<String> {
        self.numbers.clone()
    }
}

/// Whether a person should look at a row: it blocks, is waived, or is worse without blocking.
pub(super) fn is_urgent(row: &Row) -> bool {
    let limit_missed = row.budget.as_ref().is_some_and(|check| check.level > BudgetLevel::Within) || has_drifted(row);
    match row.outcome {
        Outcome::Pass => false,
        Outcome::Warn => {
            let worse = matches!(row.verdict, Verdict::Regressed | Verdict::OverBudget | Verdict::LayoutSuspect(_));
            limit_missed || worse || row.verdict == Verdict::Missing
        }
        _ => true,
    }
}

/// Whether a row is further from the anchor than allowed.
pub(super) fn has_drifted(row: &Row) -> bool {
    row.drift.as_ref().is_some_and(|drift| drift.state == DriftState::Beyond)
}

/// How much worse a row is, as a fraction; for the order of rows only.
fn worsening(row: &Row) -> f64 {
    let change = row.effect.as_ref().map_or(0.0, |effect| effect.change.value());
    match row.metric.direction {
        crate::model::Direction::LowerIsBetter => change,
        crate::model::Direction::HigherIsBetter => -change,
    }
}

/// What went wrong in measuring, failures first. A benchmark that is new or missing and has a row is shown there.
fn troubles(judgement: &Judgement) -> Vec<TroubleView> {
    let benchmarks: BTreeSet<_> = judgement.rows.iter().map(|row| &row.metric.id.benchmark).collect();
    let in_a_row = |problem: &&CoverageProblem| {
        matches!(problem.trouble, Trouble::New | Trouble::Missing)
            && problem.benchmark.as_ref().is_some_and(|benchmark| benchmarks.contains(benchmark))
    };
    let mut troubles: Vec<_> = judgement
        .coverage
        .problems
        .iter()
        .filter(|problem| !in_a_row(problem))
        .map(|problem| TroubleView {
            sentence: sentence::trouble(problem),
            tail: tail(problem),
            failure: is_failure(&problem.trouble),
        })
        .collect();
    troubles.sort_by_key(|trouble| !trouble.failure);
    troubles
}

/// Whether something failed, as against being there on one side only.
pub(super) fn is_failure(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::New | Trouble::Missing | Trouble::Renamed { .. } => false,
        Trouble::Unparsed { .. } | Trouble::Crashed { .. } | Trouble::TimedOut { .. } | Trouble::BuildFailed { .. } => {
            true
        }
    }
}

/// The last lines of a failed program's output.
fn tail(problem: &CoverageProblem) -> Vec<String> {
    match &problem.trouble {
        Trouble::Crashed { tail, .. } | Trouble::BuildFailed { tail, .. } => {
            let lines: Vec<_> = tail.lines().filter(|line| !line.trim().is_empty()).collect();
            let from = lines.len().saturating_sub(TAIL_LINES_MAX);
            lines.into_iter().skip(from).map(|line| super::escape::shorten(line, 200)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_headline_counts_what_the_exit_code_counts() {
        let headline = |judgement: Judgement| View::of(&judgement).headline;
        assert_eq!(
            headline(sample::mixed()),
            "Tollgate: 2 regressions, 1 over budget (2 of 8 checks passed, 1 waived, 1 worth a look, 2 not decided)"
        );
        assert_eq!(headline(sample::inconclusive()), "Tollgate: no verdict, 1 inconclusive (2 of 3 checks passed)");
        let mut noted = sample::mixed();
        noted.rows.retain(|row| !row.outcome.fails());
        noted.verdict = crate::model::RunVerdict::Pass;
        assert_eq!(
            headline(noted),
            "Tollgate: no blocking regressions in 4 checks, 1 waived, 1 worth a look, 2 not decided. \
             Smallest change that could have been seen: 1.9 %."
        );
        let mut nothing = sample::green();
        nothing.rows.clear();
        nothing.coverage.compared = 0;
        nothing.coverage.measured = 0;
        nothing.verdict = crate::model::RunVerdict::NotCovered;
        assert_eq!(headline(nothing), "Tollgate: no verdict, nothing was measured (nothing was compared)");
    }

    #[test]
    fn what_was_not_compared_has_not_passed() {
        use crate::model::verdict::Incomparable;
        use crate::model::{Doubt, RunVerdict};
        let headline = |verdict, said: Verdict, outcome, compared| {
            let mut judgement = sample::green();
            judgement.verdict = verdict;
            judgement.coverage.compared = compared;
            for row in &mut judgement.rows {
                (row.verdict, row.outcome) = (said.clone(), outcome);
            }
            View::of(&judgement).headline
        };
        let failed = Verdict::NotComparable(Incomparable::BaseFailed);
        assert_eq!(
            headline(RunVerdict::Broken, failed.clone(), Outcome::Warn, 0),
            "Tollgate: no verdict, the measurement failed (none of 3 checks decided)"
        );
        assert_eq!(
            headline(RunVerdict::NotComparable, failed, Outcome::FailNotComparable, 0),
            "Tollgate: no verdict, 3 not comparable (0 of 3 checks passed)"
        );
        let gone = headline(RunVerdict::Pass, Verdict::Missing, Outcome::Warn, 0);
        assert!(gone.starts_with("Tollgate: nothing blocks, but nothing was compared, 3 not decided."), "{gone}");
        let doubt = Verdict::Inconclusive(Doubt::TooNoisy { rounds_needed: None, more_s: None });
        let noisy = headline(RunVerdict::Pass, doubt, Outcome::Pass, 3);
        assert!(noisy.starts_with("Tollgate: nothing blocks, but nothing could be decided, 3 not decided."), "{noisy}");
    }

    #[test]
    fn failing_rows_come_first_and_the_worst_of_them_first_of_all() {
        let view = View::of(&sample::mixed());
        let order: Vec<_> = view.urgent.iter().map(|row| (row.benchmark.as_str(), row.fails)).collect();
        assert_eq!(
            order,
            [
                ("checkout › checkout", true),
                ("core › parse/large", true),
                ("core › tokenize", false),
                ("io › read", false)
            ]
        );
        assert_eq!(view.failing(), 2);
    }

    #[test]
    fn every_row_is_shown_exactly_once() {
        for judgement in [sample::mixed(), sample::every_variant(), sample::large(), sample::loaded()] {
            let view = View::of(&judgement);
            let grouped: usize = view.groups.iter().chain(&view.quiet).map(|group| group.rows.len()).sum();
            assert_eq!(view.urgent.len() + grouped, judgement.rows.len());
        }
    }

    #[test]
    fn the_evidence_of_a_time_tells_the_throughput_too() {
        let mut judgement = sample::regression();
        judgement.rows[0].metric.work =
            Some(crate::model::Quantity { value: 1_048_576.0, unit: crate::model::Unit::Bytes });
        let evidence = &View::of(&judgement).findings[0].evidence;
        assert!(evidence.contains("; throughput 2.37 GiB/s → 2.23 GiB/s; allowed"), "{evidence}");
    }

    #[test]
    fn a_new_benchmark_with_a_row_is_no_problem_of_the_measurement() {
        let mut judgement = sample::mixed();
        let problem = |name: &str| CoverageProblem {
            suite: sample::name("io"),
            benchmark: Some(sample::id("io", name, "time").benchmark),
            trouble: Trouble::New,
        };
        judgement.coverage.problems = vec![problem("seek"), problem("without-a-row")];
        assert_eq!(View::of(&judgement).troubles.len(), 1);
    }
}
