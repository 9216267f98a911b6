//! Plans as MySQL and MariaDB write them: which tables are read from one end to the other, and which index may help. No I/O; refuses to know whether it matters.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::model::Name;
use crate::model::exhibit::{EXHIBIT_BYTES_MAX, IndexAdvice, Scan};

use super::super::sql::Explained;
use super::fingerprint::{Token, TokenKind, fingerprint, joined, tokens};

/// Tables of a plan that are looked at.
const TABLES_MAX: usize = 64;
/// Columns of an index to try.
const INDEX_COLUMNS_MAX: usize = 4;
/// The longest name of an index that a server takes.
const INDEX_NAME_LENGTH_MAX: usize = 64;
/// A call that examines so many rows for each that it gives reads through a table, if it also examines [`EXAMINED_MIN`].
const EXAMINED_PER_ROW_MIN: f64 = 100.0;
/// Fewer rows are read through on purpose.
const EXAMINED_MIN: f64 = 10_000.0;

/// Whether a statement looks at far more rows than it gives: `SUM_NO_INDEX_USED` also counts those that read an index in order and stop early.
pub(super) fn reads_through(examined_per_call: f64, rows_per_call: f64) -> bool {
    examined_per_call >= EXAMINED_MIN && examined_per_call >= EXAMINED_PER_ROW_MIN * rows_per_call.max(1.0)
}

/// What `EXPLAIN FORMAT=JSON` is asked of: the statement as it ran, if nothing but the plan of one query can come of it.
pub(super) fn explainable(statement: &str) -> Option<String> {
    let query = tokens(statement).first().is_some_and(|first| first.is("select") || first.is("with"));
    // Cut, several, or text that a comment makes a server run.
    let doubtful = statement.trim_end().ends_with("...") || statement.contains(';') || statement.contains("/*");
    (query && !doubtful && statement.len() <= EXHIBIT_BYTES_MAX).then(|| statement.to_owned())
}

/// The same of a statement whose literals are gone: `'1'` stands for each, which any type takes, and 1 where a number must be.
pub(super) fn with_values(fingerprint: &str) -> Option<String> {
    let mut filled = tokens(fingerprint);
    let mut counts = false;
    for token in &mut filled {
        counts = token.is("limit") || token.is("offset") || counts && matches!(token.text.as_str(), "?" | ",");
        if token.kind == TokenKind::Value {
            if counts { "1" } else { "'1'" }.clone_into(&mut token.text);
        }
    }
    explainable(&joined(&filled).replace("(...)", "('1')")).filter(|text| !text.contains("..."))
}

/// A plan as a line a table, in the words of the server. Tables are told, and an index to try, only where the statement reads through one.
pub(super) fn explained(statement: &str, json: &str, reads_through: bool) -> Option<Explained> {
    let value: Value = serde_json::from_str(json).ok()?;
    let mut tables = Vec::new();
    collect(&value, &mut tables);
    let mut plan = tables.iter().map(Table::line).collect::<Vec<_>>().join("\n");
    plan.truncate(plan.floor_char_boundary(EXHIBIT_BYTES_MAX));
    let mut explained = Explained { plan: Some(plan).filter(|plan| !plan.is_empty()), ..Explained::default() };
    if !reads_through {
        return Some(explained);
    }
    let statement = tokens(statement);
    let mut largest = 0.0;
    for table in tables.iter().filter(|table| table.access == "ALL") {
        let name = real_name(&statement, table.name);
        let conditions = table.conditions();
        let columns = conditions.columns();
        if table.rows > largest && !conditions.either && !columns.is_empty() {
            largest = table.rows;
            explained.index = Some(IndexAdvice { create: create(&name, &columns), would_be_used: None });
        }
        let columns = columns.iter().filter_map(|column| Name::new(column.as_str()).ok()).collect();
        if let Ok(name) = Name::new(name.replace('`', "")) {
            explained.scans.push(Scan { table: name, columns, rows: table.rows });
        }
    }
    Some(explained)
}

/// A table of a plan.
struct Table<'p> {
    /// What the statement calls it.
    name: &'p str,
    access: &'p str,
    key: Option<&'p str>,
    rows: f64,
    condition: Option<&'p str>,
}

/// The columns that rows of a table are chosen by.
#[derive(Default)]
struct Conditions {
    equal: Vec<String>,
    range: Vec<String>,
    /// Whether one of several conditions is enough.
    either: bool,
}

impl Conditions {
    fn columns(&self) -> Vec<String> {
        let mut told = BTreeSet::new();
        let all = self.equal.iter().chain(self.range.first());
        all.filter(|column| told.insert(*column)).take(INDEX_COLUMNS_MAX).cloned().collect()
    }
}

/// The tables of a plan in the order of the plan; where one holds others, itself first.
fn collect<'p>(value: &'p Value, tables: &mut Vec<Table<'p>>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, tables)),
        Value::Object(fields) => {
            if let Some(table) = table(fields).filter(|_| tables.len() < TABLES_MAX) {
                tables.push(table);
            }
            fields.values().for_each(|value| collect(value, tables));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn table(fields: &Map<String, Value>) -> Option<Table<'_>> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    // What MariaDB calls rows, MySQL calls rows examined a scan.
    let rows = ["rows", "rows_examined_per_scan"].iter().find_map(|name| fields.get(*name)?.as_f64());
    Some(Table {
        name: text("table_name")?,
        access: text("access_type")?,
        key: text("key"),
        rows: rows.unwrap_or(0.0),
        condition: text("attached_condition"),
    })
}

impl Table<'_> {
    /// Without the literals of the condition: they are what a user sent.
    fn line(&self) -> String {
        let key = self.key.map_or_else(|| "no key".to_owned(), |key| format!("key {key}"));
        let condition = self.condition.map(|condition| format!(", {}", fingerprint(condition)));
        format!("{}: {}, {key}, about {:.0} rows{}", self.name, self.access, self.rows, condition.unwrap_or_default())
    }

    fn conditions(&self) -> Conditions {
        let tokens = tokens(self.condition.unwrap_or_default());
        let mut conditions = Conditions::default();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            conditions.either |= token.kind == TokenKind::Word && (token.is("or") || token.is("xor")) || token.is("||");
            let length = name_length(tokens.get(at..).unwrap_or_default());
            let parts: Vec<&Token> = tokens.iter().skip(at).take(length).step_by(2).collect();
            if let [.., table, column] = parts.as_slice()
                && bare(table) == self.name
            {
                let before = at.checked_sub(1).and_then(|before| tokens.get(before));
                let after = tokens.get(at + length);
                let one_of = |token: Option<&Token>, which: &[&str]| {
                    token.is_some_and(|token| which.iter().any(|one| token.is(one)))
                };
                if one_of(after, &["=", "<=>", "in"]) || one_of(before, &["=", "<=>"]) {
                    conditions.equal.push(bare(column));
                } else if one_of(after, &["<", ">", "<=", ">=", "between", "like"])
                    || one_of(before, &["<", ">", "<=", ">="])
                {
                    conditions.range.push(bare(column));
                }
            }
            at += length.max(1);
        }
        conditions
    }
}

/// How many parts a name with dots has at the beginning: 5 of `shop.big.kind`.
fn name_length(tokens: &[Token]) -> usize {
    if !tokens.first().is_some_and(Token::is_name) {
        return 0;
    }
    let more = tokens.get(1..).unwrap_or_default().chunks_exact(2);
    1 + 2 * more.take_while(|pair| matches!(pair, [dot, name] if dot.is(".") && name.is_name())).count()
}

fn bare(token: &Token) -> String {
    match token.kind {
        TokenKind::Quoted => token.text.trim_matches('`').replace("``", "`"),
        TokenKind::Word | TokenKind::Value | TokenKind::Operator | TokenKind::Sign => token.text.clone(),
    }
}

/// The table that a statement means by a name: `FROM items AS i`. Quoted, with its database where the statement says it.
fn real_name(statement: &[Token], alias: &str) -> String {
    let quoted = |token: &Token| format!("`{}`", bare(token).replace('`', "``"));
    let mut at = 0;
    while at < statement.len() {
        let rest = statement.get(at..).unwrap_or_default();
        let length = name_length(rest);
        let introduced = at.checked_sub(1).and_then(|before| statement.get(before));
        let introduced = introduced.is_some_and(|token| ["from", "join", ",", "("].iter().any(|one| token.is(one)));
        if length > 0 && introduced {
            let after = rest.get(length..).unwrap_or_default();
            let other = after.iter().find(|token| !token.is("as"));
            if other.is_some_and(|other| other.is_name() && bare(other) == alias) {
                return rest.iter().take(length).step_by(2).map(quoted).collect::<Vec<_>>().join(".");
            }
        }
        at += length.max(1);
    }
    format!("`{}`", alias.replace('`', "``"))
}

/// A statement that creates an index; can be pasted.
fn create(table: &str, columns: &[String]) -> String {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let of = table.rsplit('.').next().unwrap_or(table);
    let words: Vec<String> = std::iter::once(plain(of)).chain(columns.iter().map(|column| plain(column))).collect();
    let name: String = words.join("_").chars().take(INDEX_NAME_LENGTH_MAX).collect();
    let columns: Vec<String> = columns.iter().map(|column| format!("`{}`", column.replace('`', "``"))).collect();
    format!("CREATE INDEX `{name}` ON {table} ({})", columns.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As MariaDB 10.11 said it.
    const MARIADB: &str = r#"{"query_block": {"select_id": 1, "nested_loop": [{"table": {"table_name": "b", "access_type": "ALL", "rows": 20056,
        "filtered": 100, "attached_condition": "shop.b.kind = 7 and shop.b.`order` > 'alice@example.org'"}}]}}"#;
    /// In the form of MySQL 8.
    const MYSQL: &str = r#"{"query_block": {"select_id": 1, "nested_loop": [
        {"table": {"table_name": "big", "access_type": "ALL", "rows_examined_per_scan": 19950, "attached_condition": "((`shop`.`big`.`kind` = 7) and (`shop`.`big`.`note` is not null))"}},
        {"table": {"table_name": "i", "access_type": "ref", "key": "owner", "rows_examined_per_scan": 20}}]}}"#;

    /// The lines of the plan, the tables with their columns, the index.
    type Told = (Vec<String>, Vec<(String, Vec<String>)>, Option<String>);

    fn all(statement: &str, json: &str) -> Told {
        let explained = explained(statement, json, true).unwrap();
        let plan = explained.plan.unwrap_or_default().lines().map(str::to_owned).collect();
        let names = |names: &[Name]| names.iter().map(|name| name.as_str().to_owned()).collect();
        let scans = explained.scans.iter().map(|scan| (scan.table.as_str().to_owned(), names(&scan.columns))).collect();
        (plan, scans, explained.index.map(|index| index.create))
    }

    #[test]
    fn a_scan_names_the_table_behind_an_alias_its_columns_and_an_index() {
        let (plan, scans, index) = all("select note from shop.big as b where kind = 7 and `order` > 'x'", MARIADB);
        assert_eq!(
            plan,
            ["b: ALL, no key, about 20056 rows, shop.b.kind = ? and shop.b.`order` > ?"],
            "no literal is shown"
        );
        assert_eq!(scans, [("shop.big".to_owned(), vec!["kind".to_owned(), "order".to_owned()])]);
        assert_eq!(index.unwrap(), "CREATE INDEX `big_kind_order` ON `shop`.`big` (`kind`, `order`)");
    }

    #[test]
    fn what_mysql_writes_is_read_as_well() {
        let (plan, scans, index) =
            all("select * from big join items i on i.owner = big.kind where big.kind = 7", MYSQL);
        assert_eq!(plan[1], "i: ref, key owner, about 20 rows");
        assert_eq!(scans, [("big".to_owned(), vec!["kind".to_owned()])]);
        assert_eq!(index.unwrap(), "CREATE INDEX `big_kind` ON `big` (`kind`)");
    }

    #[test]
    fn one_of_several_conditions_has_no_index_and_a_short_read_no_scan() {
        let either = r#"{"table": {"table_name": "t", "access_type": "ALL", "rows": 9, "attached_condition": "s.t.a = 1 or s.t.b = 2"}}"#;
        let (_, scans, index) = all("select * from t where a = 1 or b = 2", either);
        assert_eq!((scans.len(), index), (1, None));
        let short = explained("select * from t where a = 1", either, false).unwrap();
        assert_eq!((short.scans.len(), short.index), (0, None));
        assert!(short.plan.is_some());
        assert!(reads_through(20_000.0, 4.0) && !reads_through(20_000.0, 400.0) && !reads_through(9_999.0, 1.0));
    }

    #[test]
    fn nothing_but_one_query_is_explained() {
        assert!(explainable("select 1").is_some());
        for text in ["delete from t", "select 1; drop table t", "select /*!50000 1 */", "select a, b from ...", ""] {
            assert_eq!(explainable(text), None, "{text}");
        }
        let filled = with_values("SELECT a FROM t WHERE b = ? AND c IN (...) LIMIT ?, ?");
        assert_eq!(filled.unwrap(), "SELECT a FROM t WHERE b = '1' AND c IN ('1') LIMIT 1, 1");
        assert_eq!(with_values("SELECT a FROM t WHERE b = ? ..."), None, "it was cut");
    }

    #[test]
    fn what_is_no_plan_gives_none() {
        assert_eq!(explained("select 1", "{", true), None);
        let empty = explained("select 1", r#"{"query_block": {"message": "No tables used"}}"#, true).unwrap();
        assert_eq!(empty, Explained::default());
        let odd =
            r#"{"table": {"table_name": "`", "access_type": "ALL", "rows": -1, "attached_condition": "`.`.`..a.=.."}}"#;
        assert_eq!(explained("select ` from", odd, true).unwrap().scans.len(), 0);
    }
}
