//! Tables of rows that nobody has to look at. Refuses to know which format folds them.

use serde::Serialize;

use crate::model::{Judgement, Row, Verdict};

use super::super::number::{count, plural};
use super::super::settle;
use super::RowView;

/// Rows of one verdict.
#[derive(Clone, Debug, Serialize)]
pub(in crate::report) struct Group {
    /// `93 unchanged`.
    pub(in crate::report) title: String,
    /// The command that would decide them; empty where there is none.
    pub(in crate::report) command: String,
    /// The rows, in the order of their names.
    pub(in crate::report) rows: Vec<RowView>,
    /// How many of them were left out.
    pub(in crate::report) omitted: usize,
}

/// Whether a verdict belongs to a group.
type Is = fn(&Verdict) -> bool;

/// Rows that are not urgent, by verdict: what a reader may want to know first, the unchanged last.
pub(super) fn groups(rest: &[&Row], judgement: &Judgement) -> Vec<Group> {
    let kinds: [(&str, Is); 7] = [
        ("inconclusive", |v| matches!(v, Verdict::Inconclusive(_))),
        ("not comparable", |v| matches!(v, Verdict::NotComparable(_))),
        ("missing", |v| matches!(v, Verdict::Missing)),
        ("new", |v| matches!(v, Verdict::New)),
        ("within layout noise", |v| matches!(v, Verdict::LayoutSuspect(_))),
        ("improved", |v| matches!(v, Verdict::Improved)),
        // A metric that is only informative may regress and still be nothing to look at.
        ("unchanged", |v| matches!(v, Verdict::Unchanged)),
    ];
    let group = |title: &str, is: &dyn Fn(&Verdict) -> bool| {
        let rows: Vec<&Row> = rest.iter().copied().filter(|row| is(&row.verdict)).collect();
        let measured_here = !judgement.head.commit.is_empty();
        (!rows.is_empty()).then(|| Group {
            title: format!("{} {title}{}", count(rows.len()), settle::together(&rows)),
            command: settle::command(&rows, judgement.base.as_ref()).filter(|_| measured_here).unwrap_or_default(),
            rows: rows.into_iter().map(RowView::of).collect(),
            omitted: 0,
        })
    };
    let worse = |verdict: &Verdict| matches!(verdict, Verdict::Regressed | Verdict::OverBudget);
    group("worse, but not gated", &worse)
        .into_iter()
        .chain(kinds.iter().filter_map(|(title, is)| group(title, is)))
        .collect()
}

/// The many metrics of load scenarios that only inform, in one table; `None` without any.
pub(super) fn quiet(rows: &[&Row]) -> Option<Group> {
    (!rows.is_empty()).then(|| Group {
        title: format!("{} of load scenarios that only inform", plural(rows.len(), "metric")),
        command: String::new(),
        rows: rows.iter().map(|row| RowView::of(row)).collect(),
        omitted: 0,
    })
}
