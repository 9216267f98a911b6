//! The decision table: every verdict, budget and waiver, and what they come to together.

use crate::config::Config;
use crate::model::verdict::Incomparable;
use crate::model::{Arm, Budget, CoverageProblem, Doubt, Name, Unit};

use super::*;

const DOUBT: Verdict = Verdict::Inconclusive(Doubt::Interrupted);
const UNTRUSTED: Verdict = Verdict::Inconclusive(Doubt::Untrusted);
const GONE: Verdict = Verdict::NotComparable(Incomparable::NoBaseline);

fn suspect(towards: Towards) -> Verdict {
    Verdict::LayoutSuspect(Layout { towards, instructions_ratio: 0.0, noise_ratio: 0.05 })
}

fn gate(text: &str) -> Gate {
    Config::parse(&format!("[gate]\n{text}"), "tollgate.toml").unwrap().policy.gate
}

fn strict() -> Gate {
    gate("inconclusive = 'fail'\nmissing = 'fail'\nlayout-suspect = 'fail'")
}

fn lenient() -> Gate {
    gate("inconclusive = 'warn'\nmissing = 'warn'")
}

fn budget(level: BudgetLevel, undecided: Option<BudgetLevel>) -> BudgetCheck {
    let budget = Budget { target: Some(1.0), warning: Some(2.0), critical: Some(3.0) };
    BudgetCheck { budget, level, undecided }
}

fn waiver(ceiling: waiver::Ceiling) -> Waiver {
    let until = Date::constant(2030, 6, 30);
    Waiver { id: "core/a:time".to_owned(), ceiling, until, reason: "known".to_owned(), owner: None, line: 1 }
}

const TEN_PERCENT: waiver::Ceiling = waiver::Ceiling::Change { ratio: 0.1 };

#[test]
fn a_change_contributes_what_severity_and_gate_say() {
    use Outcome::{FailInconclusive, FailMissing, FailNotComparable, FailRegressed, Pass, Warn};
    // Verdict, then: blocking and strict, blocking and lenient, advisory, ignored.
    let table = [
        (Verdict::Regressed, [FailRegressed, FailRegressed, Warn, Pass]),
        (DOUBT, [FailInconclusive, Warn, Pass, Pass]),
        (UNTRUSTED, [Warn, Warn, Pass, Pass]),
        (Verdict::Missing, [FailMissing, Warn, Warn, Pass]),
        (GONE, [FailNotComparable, FailNotComparable, Warn, Pass]),
        (Verdict::Improved, [Pass; 4]),
        (Verdict::Unchanged, [Pass; 4]),
        (Verdict::New, [Pass; 4]),
        (suspect(Towards::Worse), [FailRegressed, Warn, Warn, Pass]),
        (suspect(Towards::Better), [Pass; 4]),
    ];
    for (verdict, expected) in table {
        let of = |severity, gate: &Gate| outcome(&verdict, severity, None, None, gate);
        let found = [
            of(Severity::Blocking, &strict()),
            of(Severity::Blocking, &lenient()),
            of(Severity::Advisory, &strict()),
            of(Severity::Ignored, &strict()),
        ];
        assert_eq!(found, expected, "{verdict:?}");
    }
}

#[test]
fn a_budget_contributes_its_worst_sure_limit_and_a_critical_one_that_is_open() {
    use BudgetLevel::{Critical, Target, Warning, Within};
    use Outcome::{FailInconclusive, FailOverBudget, Pass, Warn};
    let table = [
        (budget(Within, None), [Pass; 4]),
        (budget(Target, None), [Pass; 4]),
        (budget(Within, Some(Target)), [Pass; 4]),
        (budget(Warning, None), [Warn, Warn, Warn, Pass]),
        (budget(Within, Some(Warning)), [Warn, Warn, Warn, Pass]),
        (budget(Critical, None), [FailOverBudget, FailOverBudget, Warn, Pass]),
        (budget(Within, Some(Critical)), [FailInconclusive, Warn, Warn, Pass]),
        (budget(Warning, Some(Critical)), [FailInconclusive, Warn, Warn, Pass]),
    ];
    for (check, expected) in table {
        let of = |severity, gate: &Gate| outcome(&Verdict::Unchanged, severity, Some((&check, severity)), None, gate);
        let found = [
            of(Severity::Blocking, &strict()),
            of(Severity::Blocking, &lenient()),
            of(Severity::Advisory, &strict()),
            of(Severity::Ignored, &strict()),
        ];
        assert_eq!(found, expected, "{check:?}");
    }
}

#[test]
fn of_change_and_budget_the_worse_counts() {
    let over = budget(BudgetLevel::Critical, None);
    let of =
        |verdict: Verdict| outcome(&verdict, Severity::Blocking, Some((&over, Severity::Blocking)), None, &strict());
    assert_eq!([Verdict::Regressed, suspect(Towards::Worse)].map(of), [Outcome::FailRegressed; 2]);
    assert_eq!([DOUBT, Verdict::Improved, Verdict::New].map(of), [Outcome::FailOverBudget; 3]);
    let over = (&over, Severity::Blocking);
    let shown = outcome(&suspect(Towards::Worse), Severity::Blocking, Some(over), None, &lenient());
    assert_eq!(shown, Outcome::FailOverBudget, "a missed budget counts whatever explains the change");
}

#[test]
fn a_waiver_covers_a_finding_but_no_doubt_and_only_up_to_ceiling_and_day() {
    use Outcome::{FailInconclusive, FailMissing, FailOverBudget, FailRegressed, Pass, Waived, Warn};
    let own = waiver(TEN_PERCENT);
    let states =
        [WaiverState::Covers(own.clone()), WaiverState::CeilingExceeded(own.clone()), WaiverState::Expired(own)];
    let over = budget(BudgetLevel::Critical, None);
    let of = |verdict: Verdict, budget: Option<&BudgetCheck>| {
        let budget = budget.map(|check| (check, Severity::Blocking));
        states.each_ref().map(|state| outcome(&verdict, Severity::Blocking, budget, Some(state), &strict()))
    };
    assert_eq!(of(Verdict::Regressed, None), [Waived, FailRegressed, FailRegressed]);
    assert_eq!(of(suspect(Towards::Worse), None), [Waived, FailRegressed, FailRegressed]);
    assert_eq!(of(Verdict::Unchanged, Some(&over)), [Waived, FailOverBudget, FailOverBudget]);
    assert_eq!(of(DOUBT, None), [FailInconclusive; 3]);
    assert_eq!(of(Verdict::Missing, None), [FailMissing; 3]);
    assert_eq!(of(Verdict::Unchanged, None), [Pass, Pass, Warn], "one that is no longer needed asks to be deleted");
}

#[test]
fn a_ceiling_is_exceeded_where_head_is_surely_beyond_it_in_the_metrics_own_direction() {
    let effect = |lower, upper| Effect {
        change: Change::Relative(f64::midpoint(lower, upper)),
        precision: Precision::Interval { lower, upper, confidence: 0.99 },
    };
    let today = Date::constant(2030, 6, 30);
    let kind = |ceiling, today, effect: Effect, head, sign| match waiver_state(
        &waiver(ceiling),
        today,
        Some(&effect),
        head,
        sign,
    ) {
        WaiverState::Covers(_) => "covers",
        WaiverState::CeilingExceeded(_) => "exceeded",
        WaiverState::Expired(_) => "expired",
    };
    assert_eq!(kind(TEN_PERCENT, today, effect(0.05, 0.30), None, 1.0), "covers");
    assert_eq!(kind(TEN_PERCENT, today, effect(0.11, 0.30), None, 1.0), "exceeded");
    assert_eq!(kind(TEN_PERCENT, today, effect(-0.30, -0.11), None, -1.0), "exceeded");
    assert_eq!(kind(TEN_PERCENT, today, effect(-0.30, -0.05), None, -1.0), "covers");
    assert_eq!(kind(TEN_PERCENT, today.tomorrow().unwrap(), effect(0.11, 0.30), None, 1.0), "expired");
    let value = || waiver::Ceiling::Value { value: 7.0, unit: Unit::Seconds };
    assert_eq!(kind(value(), today, effect(0.5, 0.6), Some(7.0), 1.0), "covers");
    assert_eq!(kind(value(), today, effect(0.5, 0.6), Some(7.1), 1.0), "exceeded");
    assert_eq!(kind(value(), today, effect(0.5, 0.6), Some(6.9), -1.0), "exceeded");
    assert_eq!(kind(value(), today, effect(0.5, 0.6), None, 1.0), "covers");
    let exact = Effect { change: Change::Relative(0.11), precision: Precision::Exact };
    assert_eq!(kind(TEN_PERCENT, today, exact, None, 1.0), "exceeded");
}

fn coverage(measured: usize, compared: usize, troubles: Vec<Trouble>) -> Coverage {
    let suite = Name::new("core").unwrap();
    let problems = troubles
        .into_iter()
        .map(|trouble| CoverageProblem { suite: suite.clone(), benchmark: None, trouble })
        .collect();
    Coverage { expected: measured, measured, compared, proved: 0, limited: 0, problems }
}

fn crashed() -> Trouble {
    Trouble::Crashed { arm: Arm::Head, message: "exit status 1".to_owned(), tail: String::new() }
}

#[test]
fn the_worst_finding_is_the_verdict_of_the_run() {
    let whole = coverage(3, 3, vec![]);
    let broken = coverage(3, 3, vec![crashed()]);
    let of =
        |outcomes: &[Outcome], coverage: &Coverage| run_verdict(outcomes.iter().copied(), coverage, None, &strict());
    // From the worst on, each beside all that are less bad.
    let mut less = vec![Outcome::Waived, Outcome::Warn, Outcome::Pass];
    assert_eq!(of(&less, &whole), RunVerdict::Pass);
    for (outcome, expected) in [
        (Outcome::FailInconclusive, RunVerdict::Inconclusive),
        (Outcome::FailNotComparable, RunVerdict::NotComparable),
        (Outcome::FailMissing, RunVerdict::NotCovered),
    ] {
        less.push(outcome);
        assert_eq!(of(&less, &whole), expected);
        assert_eq!(of(&less, &broken), RunVerdict::Broken);
    }
    for (outcome, expected) in
        [(Outcome::FailOverBudget, RunVerdict::OverBudget), (Outcome::FailRegressed, RunVerdict::Regressed)]
    {
        less.push(outcome);
        assert_eq!(of(&less, &broken), expected);
    }
}

#[test]
fn where_base_differs_from_itself_no_noisy_verdict_stands() {
    for decided in [Verdict::Improved, Verdict::Unchanged, Verdict::Regressed, suspect(Towards::Worse)] {
        assert_eq!(doubted(decided), UNTRUSTED);
    }
    for other in [DOUBT, GONE, Verdict::OverBudget, Verdict::New, Verdict::Missing] {
        assert_eq!(doubted(other.clone()), other);
    }
}

#[test]
fn a_run_that_cannot_be_believed_is_never_green_and_hides_nothing_definite() {
    let moved = Some(CanaryState::Moved);
    let whole = coverage(3, 3, vec![]);
    for gate in [strict(), lenient()] {
        let of = |outcome, coverage: &Coverage, canary| run_verdict([outcome].into_iter(), coverage, canary, &gate);
        // Whatever is less definite says less than that nothing can be believed.
        for (outcome, alone) in [
            (Outcome::Pass, RunVerdict::Pass),
            (Outcome::Warn, RunVerdict::Pass),
            (Outcome::Waived, RunVerdict::Pass),
            (Outcome::FailInconclusive, RunVerdict::Inconclusive),
            (Outcome::FailNotComparable, RunVerdict::NotComparable),
            (Outcome::FailMissing, RunVerdict::NotCovered),
        ] {
            assert_eq!(of(outcome, &whole, moved), RunVerdict::Untrusted);
            for calm in [None, Some(CanaryState::Still), Some(CanaryState::TooFewRounds { need: 10 })] {
                assert_eq!(of(outcome, &whole, calm), alone);
            }
        }
        // What is definite without noise stands: an exact metric, an exact budget, a process that failed.
        assert_eq!(of(Outcome::FailRegressed, &whole, moved), RunVerdict::Regressed);
        assert_eq!(of(Outcome::FailOverBudget, &whole, moved), RunVerdict::OverBudget);
        assert_eq!(of(Outcome::Pass, &coverage(3, 3, vec![crashed()]), moved), RunVerdict::Broken);
        assert_eq!(run_verdict(std::iter::empty(), &coverage(0, 0, vec![]), moved, &gate), RunVerdict::Untrusted);
    }
}

#[test]
fn a_gate_that_measures_nothing_or_compares_nothing_is_never_green() {
    for gate in [strict(), lenient()] {
        let of = |coverage: &Coverage| run_verdict([Outcome::Pass].into_iter(), coverage, None, &gate);
        assert_eq!(run_verdict(std::iter::empty(), &coverage(0, 0, vec![]), None, &gate), RunVerdict::NotCovered);
        assert_eq!(of(&coverage(5, 0, vec![])), RunVerdict::NotCovered);
        for trouble in [
            crashed(),
            Trouble::TimedOut { arm: Arm::Base, limit_s: 5 },
            Trouble::BuildFailed { arm: Arm::Base, message: String::new(), tail: String::new() },
        ] {
            assert_eq!(of(&coverage(5, 5, vec![trouble])), RunVerdict::Broken);
        }
    }
    let unparsed = coverage(5, 5, vec![Trouble::Unparsed { text: "?".to_owned() }]);
    assert_eq!(run_verdict([Outcome::Pass].into_iter(), &unparsed, None, &strict()), RunVerdict::NotCovered);
    let proved = Coverage { proved: 3, ..coverage(5, 0, vec![]) };
    assert_eq!(run_verdict([Outcome::Pass].into_iter(), &proved, None, &lenient()), RunVerdict::Pass);
    let limited = Coverage { limited: 2, ..coverage(2, 0, vec![]) };
    assert_eq!(run_verdict([Outcome::Warn].into_iter(), &limited, None, &strict()), RunVerdict::Pass);
    let over = run_verdict([Outcome::FailOverBudget].into_iter(), &limited, None, &strict());
    assert_eq!(over, RunVerdict::OverBudget);
    let silent = Coverage { proved: 3, ..coverage(0, 0, vec![]) };
    assert_eq!(run_verdict(std::iter::empty(), &silent, None, &lenient()), RunVerdict::NotCovered);
    let known = coverage(5, 4, vec![Trouble::New]);
    assert_eq!(run_verdict([Outcome::Pass].into_iter(), &known, None, &strict()), RunVerdict::Pass);
}
