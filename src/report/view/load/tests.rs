//! What is said of a scenario, and what is not shown of it.

use super::super::super::sample::{self, metrics};
use super::super::super::{escape, html, markdown, terminal};
use super::super::View;
use super::*;
use crate::model::{RunVerdict, Unit};

/// What is said of a scenario with these metrics, on four cores.
fn said(of: &[(&str, Unit, bool, (f64, f64))]) -> String {
    let mut all = vec![
        ("throughput", Unit::PerSecond, false, (200.0, 200.0)),
        ("latency-p99", Unit::Seconds, true, (0.03, 0.03)),
    ];
    all.extend(of.iter().cloned());
    let judgement = sample::judgement(RunVerdict::Pass, metrics("checkout", "get", &all));
    let view = View::of(&judgement);
    assert_eq!(view.loads.len(), 1);
    view.loads[0].said.line(str::to_owned)
}

#[test]
fn the_bottleneck_is_said_in_words() {
    let (ratio, s, count) = (Unit::Ratio, Unit::Seconds, Unit::Count);
    let cpu = |service: f64| ("service-cpu", count.clone(), false, (0.5, service));
    let generator = |used: f64| ("generator-cpu", ratio.clone(), false, (0.1, used));
    assert_eq!(said(&[]), "");
    assert_eq!(said(&[cpu(0.62), generator(0.1)]), "Nothing was near its limit: the service used 0.62 of 4 cores.");
    assert_eq!(said(&[cpu(3.6), generator(0.1)]), "The service used 3.6 of 4 cores: CPU is what it ran out of.");
    assert_eq!(said(&[generator(0.93)]), "The generator used 93 % of its core: it may be what is slow.");
    let late = ("late-arrivals", ratio.clone(), false, (0.034, 0.0));
    assert!(said(&[late]).starts_with("The generator was late with 3.4 % of the arrivals, where 1 % are allowed:"));
    let failed = |kind: &'static str| {
        said(&[("errors", ratio.clone(), true, (0.0, 0.05)), (kind, ratio.clone(), false, (0.0, 0.04))])
    };
    assert!(failed("errors-timeout").starts_with("5 % of the requests failed, most of them by no reply in time:"));
    assert!(failed("errors-dropped").contains("because no connection was free"));
    assert!(failed("errors-connect").contains("takes no more of them"));
    assert_eq!(said(&[("errors", ratio.clone(), true, (0.0, 0.05))]), "5 % of the requests failed.");
    let lag = ("send-lag-p99", s, false, (0.0001, 0.02));
    assert!(
        said(&[lag])
            .starts_with("Of the slowest requests, most of the time (20 ms of p99) is the wait for a free connection")
    );
}

#[test]
fn what_a_profile_is_run_for_is_said_for_both_sides() {
    let found = said(&[
        ("breaking-point", Unit::PerSecond, true, (790.0, 410.0)),
        ("recovery-time", Unit::Seconds, true, (2.1, 3.4)),
        ("memory-growth", Unit::Bytes, true, (3.0, 1024.0)),
    ]);
    assert_eq!(
        found,
        "Breaking point: 790 → 410 /s. Recovery time: 2.10 → 3.40 s. Memory growth a request: 3 B → 1 KiB."
    );
}

#[test]
fn only_what_is_a_load_scenario_has_a_table() {
    for judgement in [sample::green(), sample::mixed(), sample::large()] {
        let view = View::of(&judgement);
        assert!(view.loads.is_empty() && view.quiet.is_none());
    }
    let mut judgement = sample::loaded();
    let view = View::of(&judgement);
    let titles: Vec<String> = view.loads.iter().map(|load| load.title.line(str::to_owned)).collect();
    assert_eq!(titles, ["Load: `checkout` (open model, 200 /s, 30 s)", "Load: `limit` (stress test)"]);
    // One side alone is shown alone.
    for row in &mut judgement.rows {
        row.base = None;
    }
    let view = View::of(&judgement);
    assert!(view.loads.iter().flat_map(|load| &load.lines).all(|line| !line.cells().concat().contains('→')));
}

#[test]
fn a_metric_with_a_budget_is_not_hidden_and_a_failing_one_never() {
    let mut judgement = sample::loaded();
    let quiet = View::of(&judgement).quiet.unwrap().rows.len();
    let row = judgement.rows.iter_mut().find(|row| row.metric.id.metric.as_str() == "latency-max").unwrap();
    let budget = crate::model::Budget { target: None, warning: None, critical: Some(1.0) };
    row.budget = Some(crate::model::judgement::BudgetCheck {
        budget,
        level: crate::model::BudgetLevel::Within,
        undecided: None,
    });
    let view = View::of(&judgement);
    assert_eq!(view.quiet.unwrap().rows.len(), quiet - 1);
    let shown = view.groups.iter().flat_map(|group| &group.rows).any(|row| row.metric == "latency-max");
    assert!(shown);
    for row in &mut judgement.rows {
        row.outcome = crate::model::Outcome::FailRegressed;
    }
    assert!(View::of(&judgement).quiet.is_none());
}

#[test]
fn a_table_has_an_end() {
    let stage = |index: u32| {
        let name = format!("stage {index:02}, {}/s", 100 * index);
        metrics(
            "limit",
            &name,
            &[("latency-p50", Unit::Seconds, false, (0.1, 0.1)), ("throughput", Unit::PerSecond, false, (1.0, 1.0))],
        )
    };
    let rows = (1..=80).flat_map(stage).collect();
    let judgement = sample::judgement(RunVerdict::Pass, rows);
    let view = View::of(&judgement);
    assert_eq!(view.loads[0].lines.len(), ROWS_MAX);
    assert_eq!(view.loads[0].rest, "The HTML page has 50 more lines and 160 more metrics.");
}

#[test]
fn the_comment_stays_short_and_the_page_has_everything() {
    let judgement = sample::loaded();
    let text = markdown::render(&judgement, markdown::LIMIT);
    assert!(text.lines().count() < 90, "{} lines", text.lines().count());
    insta::assert_snapshot!(text);
    let page = html::render(&judgement);
    let informing = judgement.rows.iter().filter(|row| row.metric.role == Role::Informative).count();
    assert!(page.contains(&format!("{informing} metrics of load scenarios that only inform")), "{informing}");
    assert!(page.contains("service-time-p95") && !text.contains("service-time-p95"));
}

#[test]
fn the_terminal_shows_the_table_within_its_width() {
    insta::assert_snapshot!(anstream::adapter::strip_str(&terminal::render(&sample::loaded())).to_string());
}

#[test]
fn hostile_names_of_requests_stay_names() {
    let rows = sample::HOSTILE.iter().flat_map(|name| {
        let of =
            [("latency-p50", Unit::Seconds, false, (0.1, 0.2)), ("throughput", Unit::PerSecond, false, (1.0, 2.0))];
        metrics(name, name, &of)
    });
    let judgement = sample::judgement(RunVerdict::Pass, rows.collect());
    assert!(!View::of(&judgement).loads.is_empty());
    for text in [markdown::render(&judgement, markdown::LIMIT), html::render(&judgement)] {
        assert!(!text.contains("<script") && !text.contains("<img") && !text.contains(['\u{1b}', '\u{202e}']));
    }
    let text = anstream::adapter::strip_str(&terminal::render(&judgement)).to_string().replace('\n', "");
    assert_eq!(escape::visible(&text), text);
}
