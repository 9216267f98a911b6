//! Judgements for tests with findings.

use crate::model::finding::{Certainty, Escalation, Finding, Language, Location, Paste, Plans, RuleId, Severity};
use crate::model::*;

use super::{id, judgement, time};

/// A statement for each row of another: one cause, three rows; a row without a cause; and a missing index that nobody feels yet.
pub(in crate::report) fn explained() -> Judgement {
    let failing = |metric: &str, unit: Unit, kind: Kind, ratio: f64| {
        let row = time("shop", "list", 3.0, ratio, 0.01);
        let metric = Metric { id: id("shop", "list", metric), unit, kind, ..row.metric };
        Row { metric, verdict: Verdict::Regressed, outcome: Outcome::FailRegressed, ..row }
    };
    let mut queries = failing("queries", Unit::Count, Kind::Count, 6.666_666_666_666_667);
    queries.effect.as_mut().unwrap().precision = Precision::Exact;
    let latency = failing("latency-p95", Unit::Seconds, Kind::Time, 0.44);
    let growth = failing("memory-growth", Unit::Bytes, Kind::Slope, 85.24);
    let calm = Row { verdict: Verdict::Unchanged, outcome: Outcome::Pass, ..time("shop", "show", 1e-3, 0.0, 0.01) };
    let mut judgement = judgement(RunVerdict::Regressed, vec![queries, latency, growth, calm]);
    judgement.findings = vec![n_plus_one(), missing_index()];
    judgement
}

fn n_plus_one() -> Finding {
    let statement = "SELECT * FROM items WHERE order_id = $1";
    Finding {
        rule: RuleId::new("n-plus-one").unwrap(),
        severity: Severity::Critical,
        certainty: Certainty::Sure,
        row: id("shop", "list", "queries"),
        others: vec![id("shop", "list", "latency-p95")],
        what: Words::default()
            .name(statement)
            .say(" runs ")
            .count(20.0)
            .say(" times a request of ")
            .name("shop/list")
            .say(" (N+1)"),
        impact: Words::default()
            .name("shop/list:latency-p95")
            .say(" went from ")
            .number(0.091, &Unit::Seconds)
            .say(" to ")
            .number(0.131, &Unit::Seconds),
        location: Some(Location::Query(statement.to_owned())),
        evidence: vec![Words::new("calls a request: ").count(0.0).say(" in base, ").count(20.0).say(" in head")],
        cause: Words::new("the statement stands in a loop over the rows of another"),
        advice: Words::new("fetch all of them in one statement"),
        paste: None,
        plans: Some(Plans {
            statement: statement.to_owned(),
            base: None,
            head: Some("Index Scan on items\n  Index Cond: …".to_owned()),
        }),
        owner: Some("@shop-team".to_owned()),
        escalation: Escalation {
            labels: vec!["performance".to_owned()],
            reviewers: vec!["octocat".to_owned()],
            address: None,
        },
    }
}

fn missing_index() -> Finding {
    let statement = "SELECT * FROM orders WHERE customer = $1";
    Finding {
        rule: RuleId::new("missing-index").unwrap(),
        severity: Severity::Low,
        certainty: Certainty::Possible,
        row: id("shop", "show", "time"),
        others: vec![],
        what: Words::default().name(statement).say(" reads all ").count(50_000.0).say(" rows of ").name("orders"),
        impact: Words::new("no check fails by it"),
        location: Some(Location::Source { path: "src/orders.rs".to_owned(), line: Some(118) }),
        evidence: vec![Words::new("the hit rate fell to ").ratio(0.4)],
        cause: Words::new("no index fits"),
        advice: Words::new("create the index"),
        paste: Some(Paste { language: Language::Sql, text: "CREATE INDEX ON orders (customer)".to_owned() }),
        plans: None,
        owner: None,
        escalation: Escalation::default(),
    }
}

/// A finding of which every text from outside is this one, about this row.
pub(super) fn hostile(text: &str, row: MetricId) -> Finding {
    let words = || Words::new("says ").name(text).say(" and ").number(1.0, &Unit::Other(super::name(text)));
    let all = || vec![text.to_owned()];
    Finding {
        row,
        others: vec![],
        what: words(),
        impact: words(),
        location: Some(Location::Source { path: text.to_owned(), line: Some(1) }),
        evidence: vec![words()],
        cause: words(),
        advice: words(),
        paste: Some(Paste { language: Language::Shell, text: text.to_owned() }),
        plans: Some(Plans {
            statement: text.to_owned(),
            base: Some(text.to_owned()),
            head: Some(format!("{text}\n{text}")),
        }),
        owner: Some(text.to_owned()),
        escalation: Escalation { labels: all(), reviewers: all(), address: Some(text.to_owned()) },
        ..n_plus_one()
    }
}
