//! Rules about statements.

use crate::model::exhibit::{IndexAdvice, Scan, Statement, UNNAMED_STATEMENTS};
use crate::model::finding::{Finding, Location, Severity};
use crate::model::{Outcome, Row};

use super::{failing, found, name, row, slow, spoken, statement};

/// The rules that are tested here.
pub(in super::super) const RULES_HERE: [&str; 5] =
    ["n-plus-one", "missing-index", "full-scan", "repeated-query", "slow-query"];

const ITEMS: &str = "SELECT * FROM items WHERE order_id = $1";

fn told(base: Vec<Statement>, head: Vec<Statement>) -> Vec<Finding> {
    let mut rows = slow(&[("cpu-per-request", 1e-3, 2e-3)]);
    rows.push(failing(row("list", "queries", 3.0, 23.0)));
    found(&rows, base, head)
}

fn scanned(seconds: f64, rows: f64, index: bool) -> Statement {
    let scan = Scan { table: name("items"), columns: vec![name("order_id")], rows };
    let create = "CREATE INDEX ON items (order_id)".to_owned();
    Statement {
        scans: vec![scan],
        index: index.then_some(IndexAdvice { create, would_be_used: Some(true) }),
        ..statement(ITEMS, 1.0, 5.0, seconds)
    }
}

#[test]
fn a_statement_for_each_row_is_one_finding_with_all_that_follows_from_it() {
    let findings =
        told(vec![statement("SELECT * FROM orders", 1.0, 20.0, 1e-3)], vec![statement(ITEMS, 20.0, 1.0, 1e-3)]);
    assert_eq!(spoken(&findings), [("n-plus-one", true)]);
    assert_eq!(findings[0].row.to_string(), "shop/list:queries");
    assert_eq!(findings[0].others.len(), 1);
    assert_eq!(findings[0].location, Some(Location::Query(ITEMS.to_owned())));
    assert_eq!(findings[0].severity, Severity::Critical);
    assert!(findings[0].plans.as_ref().unwrap().base.is_none());
}

#[test]
fn a_loop_of_statements_that_the_server_does_not_tell_apart_is_possible_at_most() {
    let unnamed = |calls: f64| vec![statement(UNNAMED_STATEMENTS, calls, 1.0, 1e-3)];
    assert_eq!(spoken(&told(unnamed(1.0), unnamed(20.0))), [("n-plus-one", false)]);
}

#[test]
fn a_loop_that_base_has_too_or_that_is_none_is_no_n_plus_one() {
    let of = |base: f64, head: f64, rows: f64| {
        let findings = told(vec![statement(ITEMS, base, rows, 1e-3)], vec![statement(ITEMS, head, rows, 1e-3)]);
        findings.iter().map(|found| found.rule.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(20.0, 20.0, 1.0), ["repeated-query"]);
    assert_eq!(of(9.0, 20.0, 1.0), ["n-plus-one"]);
    assert_eq!(of(1.0, 20.0, 30.0), ["repeated-query"]);
    assert_eq!(of(1.0, 3.0, 1.0), ["repeated-query"]);
}

#[test]
fn a_table_that_is_read_whole_comes_with_an_index_to_create_or_without() {
    let base = || vec![statement(ITEMS, 1.0, 5.0, 1e-4)];
    let findings = told(base(), vec![scanned(20e-3, 50_000.0, true)]);
    assert_eq!(spoken(&findings), [("missing-index", true)]);
    assert_eq!(findings[0].paste.as_ref().unwrap().text, "CREATE INDEX ON items (order_id)");
    let plans = findings[0].plans.as_ref().unwrap();
    assert!(plans.base.is_some() && plans.head.is_some());
    assert_eq!(spoken(&told(base(), vec![scanned(20e-3, 50_000.0, false)])), [("full-scan", false)]);
    let rules = |base: Vec<Statement>, head: Vec<Statement>| {
        told(base, head).iter().map(|found| found.rule.to_string()).collect::<Vec<_>>()
    };
    // Base reads it whole, too; a small table; a plan that is no slower.
    assert_eq!(rules(vec![scanned(20e-3, 50_000.0, true)], vec![scanned(20e-3, 50_000.0, true)]), ["repeated-query"]);
    assert_eq!(rules(base(), vec![scanned(20e-3, 200.0, true)]), ["repeated-query"]);
    assert_eq!(
        rules(vec![statement(ITEMS, 1.0, 5.0, 15e-3)], vec![scanned(20e-3, 50_000.0, true)]),
        ["repeated-query"]
    );
}

#[test]
fn a_missing_index_is_told_where_nothing_fails_yet() {
    let rows: Vec<Row> = slow(&[]).into_iter().map(|row| Row { outcome: Outcome::Pass, ..row }).collect();
    let findings = found(&rows, vec![statement(ITEMS, 1.0, 5.0, 1e-4)], vec![scanned(2e-3, 5_000.0, true)]);
    assert_eq!(spoken(&findings), [("missing-index", true)]);
    assert_eq!(findings[0].severity, Severity::Low);
}

#[test]
fn a_statement_that_became_slow_is_told_and_one_that_was_is_not() {
    let of = |base: f64, head: f64| {
        let findings =
            found(&slow(&[]), vec![statement(ITEMS, 1.0, 5.0, base)], vec![statement(ITEMS, 1.0, 5.0, head)]);
        findings.iter().map(|found| found.rule.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of(2e-3, 60e-3), ["slow-query"]);
    assert_eq!(of(60e-3, 61e-3), ["waiting"]);
    assert_eq!(of(1e-5, 9e-5), ["waiting"]);
    let by_time = slow(&[("slowest-query", 2e-3, 80e-3)]);
    assert_eq!(spoken(&found(&by_time, vec![], vec![])), [("slow-query", false)]);
}

#[test]
fn without_statements_of_base_a_loop_is_possible_at_most() {
    let head = || vec![statement(ITEMS, 20.0, 1.0, 1e-3)];
    assert_eq!(spoken(&found(&slow(&[]), vec![], head())), [("n-plus-one", false)]);
    let calm: Vec<Row> = slow(&[]).into_iter().map(|row| Row { outcome: Outcome::Pass, ..row }).collect();
    assert_eq!(spoken(&found(&calm, vec![], head())), []);
}
