//! Statements as `pg_stat_statements` counts them, and what was added between two looks.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryRow;

use crate::measure::probe::sql::{Counted, Pass, folded};
use crate::model::Name;
use crate::model::exhibit::EXHIBIT_BYTES_MAX;

use super::access::Access;
use super::link::{Link, Trouble};

/// Stands in everything that the probe asks between two looks, so that it can be left out.
pub(super) const MARK: &str = "tollgate_probe";

/// Which statement of which role.
pub(super) type Id = (String, String);

/// All counters at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Look {
    /// When they were reset, and how often statements were dropped: others than before mean that counts are lost.
    pub(super) epoch: (String, String),
    counters: BTreeMap<Id, Counted>,
}

/// One walk of one step by the database's own numbers.
pub(super) type RawPass = BTreeMap<Id, Counted>;

/// Asks for all counters: those of this database, of the role or of all, of statements that are not inside of others. This question is none of them.
pub(super) fn look(link: &Link, access: &Access) -> Result<Look, Trouble> {
    let Access { schema, role, .. } = access;
    let of_role = role.as_ref().map_or(String::new(), |role| format!("and s.userid = {role}"));
    let rows = link.rows(&format!(
        "select {MARK}.stats_reset, {MARK}.dealloc, s.userid, s.queryid, s.calls, s.rows, s.total_exec_time \
         from {schema}.pg_stat_statements_info {MARK} left join {schema}.pg_stat_statements(false) s \
         on s.toplevel and s.dbid = (select oid from pg_database where datname = current_database()) {of_role} \
         and s.queryid is distinct from (select query_id from pg_stat_get_activity(pg_backend_pid()))"
    ))?;
    let text = |row: &SimpleQueryRow, at: usize| row.get(at).unwrap_or_default().to_owned();
    let mut look = Look::default();
    for row in &rows {
        look.epoch = (text(row, 0), text(row, 1));
        let number = |at: usize| row.get(at).and_then(|text| text.parse::<u64>().ok());
        let (Some(calls), Some(rows)) = (number(4), number(5)) else { continue };
        let seconds = row.get(6).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / 1e3;
        let counted = Counted { calls, rows, rows_examined: None, seconds };
        look.counters.entry((text(row, 2), text(row, 3))).or_default().add(&counted);
    }
    Ok(look)
}

impl Look {
    /// What was added since `before`; `None` where counts were lost in between.
    pub(super) fn since(&self, before: &Self) -> Option<RawPass> {
        let added = |(id, now): (&Id, &Counted)| {
            let then = before.counters.get(id).cloned().unwrap_or_default();
            let calls = now.calls.checked_sub(then.calls).filter(|calls| *calls > 0)?;
            let rows = now.rows.saturating_sub(then.rows);
            let seconds = (now.seconds - then.seconds).max(0.0);
            Some((id.clone(), Counted { calls, rows, rows_examined: None, seconds }))
        };
        let goes_on = |(id, then): (&Id, &Counted)| self.counters.get(id).is_some_and(|now| now.calls >= then.calls);
        let complete = self.epoch == before.epoch && before.counters.iter().all(goes_on);
        complete.then(|| self.counters.iter().filter_map(added).collect())
    }

    /// How many statements ran so far.
    pub(super) fn calls(&self) -> u64 {
        self.counters.values().map(|counted| counted.calls).sum()
    }
}

/// The texts of statements, as the database gives them.
pub(super) fn texts<'i>(
    link: &Link,
    access: &Access,
    ids: impl Iterator<Item = &'i Id>,
) -> Result<BTreeMap<Id, String>, Trouble> {
    // They are numbers that the database gave; what is none would be foreign text in a query.
    let numbers = ids.filter_map(|(_, id)| id.parse::<i64>().ok()).map(|id| id.to_string());
    let numbers: Vec<String> = numbers.collect();
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = link.rows(&format!(
        "select userid, queryid, left(query, {}) from {}.pg_stat_statements where toplevel and queryid in ({})",
        4 * EXHIBIT_BYTES_MAX,
        access.schema,
        numbers.join(",")
    ))?;
    let text = |row: &SimpleQueryRow, at: usize| row.get(at).unwrap_or_default().to_owned();
    Ok(rows.iter().map(|row| ((text(row, 0), text(row, 1)), text(row, 2))).collect())
}

/// A walk by the texts of its statements, without the probe's own. Statements that differ in nothing that can be seen are one.
pub(super) fn by_text(raw: &RawPass, texts: &BTreeMap<Id, String>) -> Pass {
    let mut pass = Pass::new();
    for (id, counted) in raw {
        let text = texts.get(id).map_or("a statement that the database forgot", String::as_str);
        if !text.contains(MARK) {
            pass.entry(folded(text)).or_default().add(counted);
        }
    }
    pass
}

/// All walks, in their order.
pub(super) type Walks = Vec<(Name, RawPass)>;

#[cfg(test)]
mod tests {
    use super::*;

    fn look(epoch: &str, of: &[(&str, u64)]) -> Look {
        let counted = |calls| Counted { calls, rows: calls, rows_examined: None, seconds: calls as f64 };
        let id = |id: &str| ("10".to_owned(), id.to_owned());
        let counters = of.iter().map(|(text, calls)| (id(text), counted(*calls))).collect();
        Look { epoch: (epoch.to_owned(), "0".to_owned()), counters }
    }

    #[test]
    fn what_was_added_counts_and_nothing_else() {
        let before = look("a", &[("1", 5), ("2", 7)]);
        let added = look("a", &[("1", 5), ("2", 9), ("3", 1)]).since(&before).unwrap();
        let calls: Vec<_> = added.iter().map(|((_, id), counted)| (id.as_str(), counted.calls)).collect();
        assert_eq!(calls, [("2", 2), ("3", 1)]);
        assert_eq!(look("b", &[("1", 6), ("2", 7)]).since(&before), None, "reset in between");
        assert_eq!(look("a", &[("1", 6)]).since(&before), None, "one of them was reset");
        assert_eq!(look("a", &[("1", 6), ("2", 1)]).since(&before), None, "and ran again");
    }

    #[test]
    fn the_probes_own_questions_are_left_out_and_equal_statements_are_one() {
        let raw = look("a", &[("1", 2), ("2", 3), ("3", 4)])
            .since(&Look { epoch: ("a".into(), "0".into()), ..Look::default() });
        let text = |id: &str, text: &str| (("10".to_owned(), id.to_owned()), text.to_owned());
        let texts = [text("1", "select  1"), text("2", "select 1 /* x */"), text("3", "select tollgate_probe")];
        let pass = by_text(&raw.unwrap(), &texts.into_iter().collect());
        assert_eq!(
            pass.iter().map(|(text, counted)| (text.as_str(), counted.calls)).collect::<Vec<_>>(),
            [("select 1", 5)]
        );
    }
}
