//! What a plan of PostgreSQL says, from its JSON. No I/O. All texts of it are foreign.

use std::fmt::Write as _;

use serde_json::Value;

use crate::model::Name;
use crate::model::exhibit::EXHIBIT_BYTES_MAX;

/// The deepest plan that is read.
const DEPTH_MAX: usize = 64;
/// The most columns of an index that is proposed.
const COLUMNS_MAX: usize = 3;

/// A plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    /// A line a step, those below indented.
    pub(super) text: String,
    /// Where a table is read from one end to the other for some of its rows.
    pub(super) scans: Vec<Filtered>,
    /// The indexes that it uses.
    pub(super) indexes: Vec<String>,
}

/// A table that is read as a whole for some of its rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filtered {
    pub(super) schema: String,
    pub(super) table: String,
    /// The columns that decide about a row.
    pub(super) columns: Vec<String>,
    /// Those of them that must have one value: what an index helps with.
    pub(super) equal: Vec<String>,
}

impl Plan {
    /// Reads what `EXPLAIN (VERBOSE, FORMAT JSON)` gave; `None` where it is something else.
    pub(super) fn read(json: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(json).ok()?;
        let mut plan = Self::default();
        plan.node(value.get(0)?.get("Plan")?, 0);
        plan.text.truncate(plan.text.floor_char_boundary(EXHIBIT_BYTES_MAX));
        Some(plan)
    }

    fn node(&mut self, node: &Value, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        let text = |key: &str| node.get(key).and_then(Value::as_str);
        let number = |key: &str| node.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        let filtered = filtered(node);
        let mut line = format!("{}{}", "  ".repeat(depth), text("Node Type").unwrap_or("?"));
        if let Some(index) = text("Index Name") {
            line.extend([" using ", index]);
            self.indexes.push(index.to_owned());
        }
        if let Some(table) = text("Relation Name") {
            line.extend([" on ", table]);
        }
        if let Some(filtered) = filtered.as_ref().filter(|filtered| !filtered.columns.is_empty()) {
            line.extend([", filter on ", filtered.columns.join(", ").as_str()]);
        }
        let (cost, rows) = (number("Total Cost"), number("Plan Rows"));
        // Writing to a text cannot fail.
        writeln!(self.text, "{line} (cost {cost:.0}, rows {rows:.0})").ok();
        if text("Node Type").is_some_and(|kind| kind.ends_with("Seq Scan")) {
            self.scans.extend(filtered);
        }
        for below in node.get("Plans").and_then(Value::as_array).into_iter().flatten() {
            self.node(below, depth + 1);
        }
    }
}

impl Filtered {
    /// The index that may help, as a statement; `None` where no column must have one value.
    pub(super) fn index(&self) -> Option<String> {
        if self.equal.is_empty() {
            return None;
        }
        let columns: Vec<String> = self.equal.iter().take(COLUMNS_MAX).map(|column| quoted(column)).collect();
        Some(format!("CREATE INDEX ON {}.{} ({})", quoted(&self.schema), quoted(&self.table), columns.join(", ")))
    }

    /// The columns as names.
    pub(super) fn names(&self) -> Vec<Name> {
        self.columns.iter().filter_map(|column| Name::new(column.clone()).ok()).collect()
    }
}

/// The table of a step and how its rows are chosen; `None` for a step without a table or without a filter.
fn filtered(node: &Value) -> Option<Filtered> {
    let text = |key: &str| node.get(key).and_then(Value::as_str);
    let (filter, table) = (text("Filter")?, text("Relation Name")?);
    let alias = text("Alias").unwrap_or(table);
    let mut equal: Vec<String> = Vec::new();
    for condition in conditions(filter) {
        let column = equality(condition, alias).filter(|column| !equal.contains(column));
        equal.extend(column);
    }
    Some(Filtered {
        schema: text("Schema").unwrap_or("public").to_owned(),
        table: table.to_owned(),
        columns: columns(filter, alias),
        equal,
    })
}

/// The conditions that must all hold.
fn conditions(filter: &str) -> Vec<&str> {
    let inner = unwrapped(filter);
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _) in outside(inner).filter(|(at, _)| inner.get(*at..).is_some_and(|rest| rest.starts_with(" AND "))) {
        parts.extend(inner.get(from..at));
        from = at + " AND ".len();
    }
    parts.extend(inner.get(from..));
    parts
}

/// The column that must have one value, where a condition says no more than that.
fn equality(condition: &str, alias: &str) -> Option<String> {
    let inner = unwrapped(condition);
    let at = outside(inner).find(|(at, _)| inner.get(*at..).is_some_and(|rest| rest.starts_with(" = ")))?.0;
    let sides = [inner.get(..at)?, inner.get(at + 3..)?];
    match sides.map(|side| column(side, alias)) {
        [Some(column), None] | [None, Some(column)] => Some(column),
        _ => None,
    }
}

/// A side of a comparison that is a column of `alias`, be it as another kind of text.
fn column(side: &str, alias: &str) -> Option<String> {
    let plain = ["::text", "::character varying", "::bpchar"].iter().find_map(|kind| side.strip_suffix(kind));
    let side = unwrapped(plain.unwrap_or(side));
    let (owner, rest) = identifier(side)?;
    let (name, rest) = identifier(rest.strip_prefix('.')?)?;
    (owner == alias && rest.is_empty()).then_some(name)
}

/// All columns of `alias` in a filter, in their order.
fn columns(filter: &str, alias: &str) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    let mut rest = filter;
    while let Some(first) = rest.chars().next() {
        if first == '\'' {
            rest = after_literal(rest);
            continue;
        }
        let Some((owner, after)) = identifier(rest) else {
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        };
        rest = after;
        if let Some((name, after)) = rest.strip_prefix('.').and_then(identifier) {
            rest = after;
            if owner == alias && !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    columns
}

/// An identifier at the beginning, without its quotes, and what follows.
fn identifier(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut name = String::new();
        let mut rest = quoted;
        loop {
            let (part, after) = rest.split_once('"')?;
            name.push_str(part);
            rest = after.strip_prefix('"').unwrap_or(after);
            if rest.len() == after.len() {
                return Some((name, rest));
            }
            name.push('"');
        }
    }
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    if !text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let (name, rest) = text.split_at(text.find(|c| !inside(c)).unwrap_or(text.len()));
    Some((name.to_owned(), rest))
}

/// What follows a literal at the beginning.
fn after_literal(text: &str) -> &str {
    let body = text.get(1..).unwrap_or_default();
    body.find('\'').and_then(|end| body.get(end + 1..)).unwrap_or_default()
}

/// Without the parentheses around all of it.
fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        // Those of `(a) AND (b)` are not around all of it.
        if outside(text).next().is_some() {
            break;
        }
        text = inner.trim();
    }
    text
}

/// The characters that are in no parentheses, quotes or brackets, with their places.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let (mut depth, mut quote) = (0_usize, None);
    text.char_indices().filter(move |(_, c)| {
        match (quote, c) {
            (Some(end), c) => {
                quote = (end != *c).then_some(end);
                return false;
            }
            (None, '\'' | '"') => quote = Some(*c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => {
                depth = depth.saturating_sub(1);
                return false;
            }
            (None, _) => return depth == 0,
        }
        false
    })
}

/// An identifier that can be pasted.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let is_plain = name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty();
    if is_plain && !RESERVED.contains(&name) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Words that are no names without quotes and are likely to be one with them.
const RESERVED: [&str; 24] = [
    "all",
    "analyse",
    "and",
    "any",
    "array",
    "as",
    "case",
    "check",
    "column",
    "default",
    "desc",
    "end",
    "for",
    "from",
    "grant",
    "group",
    "limit",
    "offset",
    "order",
    "primary",
    "references",
    "select",
    "table",
    "user",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(schema: &str, table: &str, alias: &str, filter: &str) -> Plan {
        let node = serde_json::json!([{"Plan": {
            "Node Type": "Limit", "Total Cost": 12.6, "Plan Rows": 1,
            "Plans": [{"Node Type": "Seq Scan", "Schema": schema, "Relation Name": table, "Alias": alias, "Total Cost": 12.4, "Plan Rows": 3, "Filter": filter}],
        }}]);
        Plan::read(&node.to_string()).unwrap()
    }

    fn index(filter: &str) -> Option<String> {
        scan("public", "orders", "o", filter).scans[0].index()
    }

    #[test]
    fn a_plan_is_a_line_a_step_without_values() {
        let plan = scan("public", "orders", "o", "((o.customer_id = $1) AND (o.note = 'secret'::text))");
        assert_eq!(
            plan.text,
            "Limit (cost 13, rows 1)\n  Seq Scan on orders, filter on customer_id, note (cost 12, rows 3)\n"
        );
        assert_eq!(plan.scans[0].equal, ["customer_id", "note"]);
    }

    #[test]
    fn an_index_is_proposed_for_columns_that_must_have_one_value() {
        let create = |columns: &str| Some(format!("CREATE INDEX ON public.orders ({columns})"));
        assert_eq!(index("(o.customer_id = $1)"), create("customer_id"));
        assert_eq!(index("($1 = o.customer_id)"), create("customer_id"));
        assert_eq!(index("((o.name)::text = ($1)::text)"), create("name"));
        assert_eq!(index("(o.customer_id = ANY ($1))"), create("customer_id"));
        assert_eq!(index("(o.customer_id = c.id)"), create("customer_id"));
        assert_eq!(index("((o.a = $1) AND (o.b > $2) AND (o.c = $3))"), create("a, c"));
        assert_eq!(index("(o.\"Customer Id\" = $1)"), create("\"Customer Id\""));
        for none in [
            "(o.a > $1)",
            "((o.a = $1) OR (o.b = $2))",
            "(lower(o.name) = $1)",
            "(o.a = o.b)",
            "(c.a = $1)",
            "(NOT o.open)",
            "",
            "((",
            "'",
            "\"",
            "(o.a = ",
        ] {
            assert_eq!(index(none).filter(|_| none != "(o.a = "), None, "{none}");
        }
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let plan = scan("My Shop", "user", "user", "(\"user\".\"a\"\"b\" = $1)");
        assert_eq!(plan.scans[0].index().unwrap(), "CREATE INDEX ON \"My Shop\".\"user\" (\"a\"\"b\")");
    }

    #[test]
    fn what_is_no_plan_is_none() {
        for text in ["", "[]", "{}", "[{\"Plan\": 3}]", "[[[["] {
            assert!(Plan::read(text).is_none_or(|plan| plan.scans.is_empty()), "{text}");
        }
    }
}
