//! The report as `JUnit` XML: a suite is a test suite, a metric is a test case. Refuses to add anything that other formats do not say.

use std::collections::BTreeMap;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::model::judgement::Notice;
use crate::model::{Identical, Judgement, Outcome, Row, Verdict};

use super::escape::visible;
use super::text::Text;
use super::view::View;
use super::{number, sentence};

/// The report as `JUnit` XML.
///
/// # Panics
/// Never: its text holds no character that XML cannot.
pub fn render(judgement: &Judgement) -> String {
    let view = View::of(judgement);
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    for row in &judgement.rows {
        let name = sentence::shown(row.metric.id.benchmark.suite.as_str());
        suites.entry(name.clone()).or_insert_with(|| TestSuite::new(name)).add_test_case(case(row, &view));
    }
    for Identical { suite, benchmarks } in &judgement.identical {
        let name = sentence::shown(suite.as_str());
        let all = vec!["every benchmark".to_owned()];
        let names =
            if benchmarks.is_empty() { all } else { benchmarks.iter().map(|b| sentence::shown(b.as_str())).collect() };
        for benchmark in names {
            let mut case = TestCase::new(benchmark, TestCaseStatus::success());
            case.set_classname(name.clone());
            suites.entry(name.clone()).or_insert_with(|| TestSuite::new(name.clone())).add_test_case(case);
        }
    }
    let mut report = Report::new("tollgate");
    report.add_test_suites(suites.into_values());
    let mut troubles = run_level(&view);
    if judgement.notices.contains(&Notice::SecondHand) {
        let mut status = TestCaseStatus::skipped();
        status.set_message(plain(&sentence::notice(&Notice::SecondHand)));
        troubles.add_test_case(TestCase::new("untrusted numbers", status));
    }
    if !troubles.test_cases.is_empty() {
        report.add_test_suite(troubles);
    }
    report.to_string().expect("text is always valid XML once its control characters are gone")
}

/// One metric.
fn case(row: &Row, view: &View) -> TestCase {
    let sentence = plain(&sentence::row(row));
    let mut status = match (row.outcome, &row.verdict) {
        (outcome, _) if outcome.fails() => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (
            Outcome::Pass | Outcome::Warn,
            Verdict::Inconclusive(_) | Verdict::NotComparable(_) | Verdict::New | Verdict::Missing,
        )
        | (Outcome::Waived, _) => TestCaseStatus::skipped(),
        _ => TestCaseStatus::success(),
    };
    status.set_message(sentence);
    status.set_type(plain(&sentence::label(row)));
    if let (true, Some(change)) = (row.outcome.fails(), sentence::effect(row)) {
        let why = view.cause_of(&row.metric.id).map(|cause| format!("; {cause}")).unwrap_or_default();
        status.set_description(visible(&format!("{}; change {change}{why}", sentence::method(row))));
    }
    let id = &row.metric.id;
    let name = format!("{}:{}", id.benchmark.benchmark, id.metric);
    let mut case = TestCase::new(sentence::shown(&name), status);
    case.set_classname(sentence::shown(id.benchmark.suite.as_str()));
    case
}

/// What went wrong in measuring, and what has no row.
fn run_level(view: &View) -> TestSuite {
    let mut suite = TestSuite::new("measurement");
    for (at, trouble) in view.troubles.iter().filter(|trouble| trouble.failure).enumerate() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(plain(&trouble.sentence));
        if !trouble.tail.is_empty() {
            status.set_description(trouble.tail.iter().map(|line| visible(line)).collect::<Vec<_>>().join("\n"));
        }
        suite.add_test_case(TestCase::new(format!("failure {}", number::count(at + 1)), status));
    }
    let nothing = suite.test_cases.is_empty() && view.failing() == 0;
    if nothing && view.state == super::view::State::Unknown {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(view.headline.clone());
        suite.add_test_case(TestCase::new("verdict", status));
    }
    suite
}

/// A sentence in one visible line.
fn plain(text: &Text) -> String {
    text.line(visible)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_regression_is_a_failure_and_the_rest_passes() {
        insta::assert_snapshot!(render(&sample::regression()), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="tollgate" tests="3" skipped="0" failures="1" errors="0">
            <testsuite name="core" tests="3" skipped="0" errors="0" failures="1">
                <testcase name="parse/large:time" classname="core">
                    <failure message="`core/parse/large` is 6.3 % slower than base" type="regressed">32 rounds, base and head in pairs on this machine; change +6.3 % (+5.1 … +7.5)</failure>
                </testcase>
                <testcase name="print:time" classname="core"/>
                <testcase name="tokenize:time" classname="core"/>
            </testsuite>
        </testsuites>
        "#);
    }

    #[test]
    fn a_base_that_does_not_build_is_an_error() {
        let text = render(&sample::broken());
        assert!(text.contains("errors=\"1\"") && text.contains("could not be built on base"), "{text}");
    }

    #[test]
    fn an_inconclusive_row_is_skipped_unless_it_fails() {
        assert!(render(&sample::mixed()).contains(
            "<skipped message=\"`io/fsync`: too noisy to tell: about 40 more rounds, 4 min, would settle it\""
        ));
        assert!(render(&sample::inconclusive()).contains("failures=\"1\""));
    }

    #[test]
    fn hostile_names_are_text() {
        let text = render(&sample::hostile());
        assert!(!text.contains("<script") && !text.contains("<img") && !text.contains(['\u{1b}', '\u{202e}']));
    }
}
