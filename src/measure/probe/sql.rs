//! Databases: what the statements of walks come to, whatever database counted them. No I/O; refuses to know how a database is asked.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::placeholder::fill;
use crate::config::probe::{Database, DatabaseUrl};
use crate::config::service::Service;
use crate::measure::bench::metric::{Benchmark, Shape};
use crate::model::exhibit::{EXHIBIT_BYTES_MAX, EXHIBITS_MAX, IndexAdvice, Scan, Statement};
use crate::model::{BenchmarkId, Direction, Exhibit, Kind, Name, Role, Unit, probe};

use super::{ProbeError, Probed, Seen};

/// So many statements of a step are exhibits for their number, and as many for their time.
const STATEMENTS_OF_STEP_MAX: usize = 10;
/// Statements that are explained, all steps together.
const EXPLAINED_MAX: usize = 50;

/// What a database counted of one statement in one walk of one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    /// How often it ran.
    pub(super) calls: u64,
    /// Rows that it gave or changed.
    pub(super) rows: u64,
    /// Rows that it looked at, where the database says so.
    pub(super) rows_examined: Option<u64>,
    /// Its time in the database, in seconds.
    pub(super) seconds: f64,
}

/// One walk of one step: its statements by their text, as [`folded`] gives it.
pub(super) type Pass = BTreeMap<String, Counted>;

/// How a statement is carried out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Explained {
    /// The plan, a line a step.
    pub(super) plan: Option<String>,
    /// The tables that it reads from one end to the other.
    pub(super) scans: Vec<Scan>,
    /// An index that may help.
    pub(super) index: Option<IndexAdvice>,
}

/// What was counted in all walks.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Walked {
    steps: BTreeMap<Name, Vec<Pass>>,
}

/// Where a database is: what the config says, or what the variable holds. No error shows it.
pub(super) fn url(
    database: &Database,
    service: &Service,
    environment: &BTreeMap<String, String>,
) -> Result<String, ProbeError> {
    let variable = match &database.url {
        DatabaseUrl::Written(url) => return Ok(url.clone()),
        DatabaseUrl::Variable(variable) => variable,
    };
    // What stands for something an instance has is not known here.
    let own = service.environment.get(variable).and_then(|value| fill(value, &[]).ok());
    let url = own.or_else(|| environment.get(variable).cloned()).filter(|url| !url.is_empty());
    let begins = |url: &String| database.kind.schemes().iter().any(|scheme| url.starts_with(scheme));
    let hint = format!("set it to an address such as `{}user@host:port/database`", database.kind.schemes()[0]);
    match url {
        None => Err(ProbeError { message: format!("the variable `{variable}` of the database is not set"), hint }),
        Some(url) if begins(&url) => Ok(url),
        Some(_) => {
            Err(ProbeError { message: format!("the variable `{variable}` holds no address of a database"), hint })
        }
    }
}

impl Counted {
    /// Takes in what else was counted of the same statement.
    pub(super) fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.rows += other.rows;
        self.rows_examined = match (self.rows_examined, other.rows_examined) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0) + other.unwrap_or(0)),
        };
        self.seconds += other.seconds;
    }
}

impl Walked {
    /// Adds one walk of a step. A statement that did not run is not in it.
    pub(super) fn add(&mut self, step: &Name, pass: Pass) {
        self.steps.entry(step.clone()).or_default().push(pass);
    }

    /// The statements that are worth a look at their plan, most of all those that ran most often or took longest.
    pub(super) fn worth_explaining(&self) -> BTreeSet<String> {
        let mut texts = BTreeSet::new();
        for text in self.steps.values().flat_map(|passes| leading(&together(passes))) {
            if texts.len() < EXPLAINED_MAX {
                texts.insert(text);
            }
        }
        texts
    }

    /// Metrics and exhibits. `database` is what it calls itself; `explained` is by text.
    pub(super) fn probed(&self, seen: &Seen, database: &str, explained: &BTreeMap<String, Explained>) -> Probed {
        let mut probed = Probed::default();
        for (step, passes) in self.steps.iter().filter(|(step, _)| !seen.unwalked.contains(step)) {
            let mut benchmark = Benchmark::new(&seen.suite, step.as_str());
            metrics(&mut benchmark, passes);
            probed.readings.extend(benchmark.readings());
            let counts: BTreeSet<u64> = passes.iter().map(queries).collect();
            if counts.len() > 1 {
                probed.notes.push(format!("{step}: the number of its statements differs from walk to walk"));
            }
            let id = BenchmarkId { suite: seen.suite.clone(), benchmark: step.clone() };
            probed.exhibits.extend(exhibits(&id, passes, database, explained));
        }
        probed.exhibits.truncate(EXHIBITS_MAX);
        probed
    }
}

/// A statement in the form that is equal for equal statements: without comments, with one space where there is any, and a list of placeholders after `IN`
/// as one, however long. What is quoted stays as it is. `text` holds no literals any more.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let (length, keeps) = token(rest, first);
        let (token, after) = rest.split_at(length);
        rest = after;
        match keeps {
            Keeps::Nothing if !folded.ends_with([' ', '(']) && !folded.is_empty() => folded.push(' '),
            Keeps::Nothing => {}
            Keeps::Text => folded.push_str(token),
        }
        if first == ')' {
            shorten_list(&mut folded);
        }
    }
    folded.truncate(folded.floor_char_boundary(EXHIBIT_BYTES_MAX));
    folded.truncate(folded.trim_end_matches([' ', ';']).len());
    folded
}

/// What is kept of a part of a statement.
enum Keeps {
    Nothing,
    Text,
}

/// How long the first part of `rest` is, in bytes, and what is kept of it.
fn token(rest: &str, first: char) -> (usize, Keeps) {
    let until = |end: &str, skip: usize| {
        let body = rest.get(skip..).unwrap_or_default();
        body.find(end).map_or(rest.len(), |at| skip + at + end.len())
    };
    if first.is_whitespace() {
        let end = rest.find(|c: char| !c.is_whitespace());
        return (end.unwrap_or(rest.len()), Keeps::Nothing);
    }
    match first {
        '\'' | '"' | '`' => (until(&first.to_string(), 1), Keeps::Text),
        '-' if rest.starts_with("--") => (until("\n", 2), Keeps::Nothing),
        '/' if rest.starts_with("/*") => (until("*/", 2), Keeps::Nothing),
        _ => (first.len_utf8(), Keeps::Text),
    }
}

/// `… IN ($1, $2, $3)` at the end → `… IN ($1, …)`.
fn shorten_list(folded: &mut String) {
    let Some(open) = folded.rfind('(') else { return };
    let (before, list) = folded.split_at(open);
    let before = before.trim_end();
    let after_in =
        before.len() >= 3 && before.get(before.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case(" in"));
    let mut items = list.trim_matches(['(', ')']).split(',').map(str::trim);
    let placeholder = |item: &str| {
        item == "?" || item.strip_prefix('$').is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    if !after_in || !items.clone().all(placeholder) || items.clone().count() < 2 {
        return;
    }
    let first = items.next().unwrap_or_default().to_owned();
    folded.truncate(open);
    folded.extend(["(", first.as_str(), ", …)"]);
}

fn metrics(benchmark: &mut Benchmark, passes: &[Pass]) {
    let lower = |unit, kind, role| Shape(unit, kind, Direction::LowerIsBetter, role);
    let counts = passes.iter().map(|pass| queries(pass) as f64).collect();
    benchmark.exact(probe::QUERIES, counts, lower(Unit::Count, Kind::Count, Role::Gated));
    // Where a database does not say what it looked at, nothing is said; a request without statements looked at nothing.
    let examined = |pass: &Pass| pass.values().map(|counted| counted.rows_examined).sum::<Option<u64>>();
    let says = passes.iter().any(|pass| !pass.is_empty());
    let scanned: Option<Vec<f64>> = passes.iter().map(|pass| examined(pass).map(|rows| rows as f64)).collect();
    let informs = |unit, kind| lower(unit, kind, Role::Informative);
    if let Some(scanned) = scanned.filter(|_| says) {
        benchmark.values(probe::ROWS_SCANNED, scanned, informs(Unit::Count, Kind::Count));
    }
    let times = passes.iter().map(|pass| pass.values().map(|counted| counted.seconds).sum()).collect();
    benchmark.values(probe::QUERY_TIME, times, informs(Unit::Seconds, Kind::Time));
    let slowest = |pass: &Pass| pass.values().map(mean_seconds).max_by(f64::total_cmp).unwrap_or(0.0);
    benchmark.values(probe::SLOWEST_QUERY, passes.iter().map(slowest).collect(), informs(Unit::Seconds, Kind::Time));
}

fn queries(pass: &Pass) -> u64 {
    pass.values().map(|counted| counted.calls).sum()
}

fn mean_seconds(counted: &Counted) -> f64 {
    counted.seconds / counted.calls.max(1) as f64
}

/// All walks of a step as one.
fn together(passes: &[Pass]) -> Pass {
    let mut all = Pass::new();
    for (text, counted) in passes.iter().flatten() {
        all.entry(text.clone()).or_default().add(counted);
    }
    all
}

/// The statements of a step that ran most often or took longest.
fn leading(all: &Pass) -> BTreeSet<String> {
    let mut by_calls: Vec<_> = all.iter().collect();
    let mut by_time = by_calls.clone();
    by_calls.sort_by_key(|(text, counted)| (std::cmp::Reverse(counted.calls), *text));
    by_time.sort_by(|a, b| b.1.seconds.total_cmp(&a.1.seconds).then_with(|| a.0.cmp(b.0)));
    let first = |list: Vec<(&String, &Counted)>| {
        list.into_iter().take(STATEMENTS_OF_STEP_MAX).map(|(text, _)| text.clone()).collect::<Vec<_>>()
    };
    first(by_calls).into_iter().chain(first(by_time)).collect()
}

fn exhibits(
    id: &BenchmarkId,
    passes: &[Pass],
    database: &str,
    explained: &BTreeMap<String, Explained>,
) -> Vec<Exhibit> {
    let all = together(passes);
    let walks = passes.len() as f64;
    let statement = |text: String| {
        let counted = all.get(&text)?;
        let calls = counted.calls.max(1) as f64;
        let how = explained.get(&text).cloned().unwrap_or_default();
        Some(Exhibit::Statement(Statement {
            benchmark: id.clone(),
            database: database.to_owned(),
            calls: counted.calls as f64 / walks,
            rows: counted.rows as f64 / calls,
            rows_examined: counted.rows_examined.map(|rows| rows as f64 / calls),
            seconds: counted.seconds / calls,
            plan: how.plan,
            scans: how.scans,
            index: how.index,
            text,
        }))
    };
    leading(&all).into_iter().filter_map(statement).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(calls: u64, rows: u64, seconds: f64) -> Counted {
        Counted { calls, rows, rows_examined: None, seconds }
    }

    fn seen(unwalked: &[&str]) -> Seen {
        let name = |text: &str| Name::new(text).unwrap();
        let unwalked = unwalked.iter().map(|text| name(text)).collect();
        Seen { suite: name("shop"), whole: name("list"), requests: 100, unwalked }
    }

    fn walked(calls: &[u64]) -> Walked {
        let mut walked = Walked::default();
        for calls in calls {
            let pass = Pass::from([
                ("select id from orders".to_owned(), counted(1, 50, 1e-3)),
                ("select name from customer where id = $1".to_owned(), counted(*calls, *calls, 5e-4)),
            ]);
            walked.add(&Name::new("list").unwrap(), pass);
        }
        walked
    }

    fn number<'p>(probed: &'p Probed, name: &str) -> &'p [f64] {
        let of = |reading: &&crate::measure::bench::Reading| reading.metric.id.metric.as_str() == name;
        probed.readings.iter().find(of).map(|reading| reading.sample.values()).unwrap_or_default()
    }

    #[test]
    fn statements_of_a_request_are_counted_exactly_and_gated() {
        let probed = walked(&[50, 50, 50]).probed(&seen(&[]), "PostgreSQL 15", &BTreeMap::new());
        assert_eq!(number(&probed, "queries"), [51.0; 3]);
        assert_eq!(number(&probed, "query-time"), [1.5e-3; 3]);
        assert_eq!(number(&probed, "slowest-query"), [1e-3; 3]);
        assert_eq!(number(&probed, "rows-scanned"), [0.0; 0], "this database does not say");
        let gated = probed.readings.iter().filter(|reading| reading.metric.role == Role::Gated);
        let gated: Vec<_> =
            gated.map(|reading| (reading.metric.id.metric.as_str(), reading.metric.determinism)).collect();
        assert_eq!(gated, [("queries", crate::model::Determinism::Exact)]);
        assert_eq!(probed.notes, [""; 0]);
        let Exhibit::Statement(statement) = &probed.exhibits[1];
        assert_eq!((statement.calls, statement.rows, statement.seconds), (50.0, 1.0, 1e-5));
    }

    #[test]
    fn a_step_that_was_not_walked_to_the_end_has_no_counts() {
        let probed = walked(&[50, 2]).probed(&seen(&["list"]), "PostgreSQL 15", &BTreeMap::new());
        assert_eq!(probed, Probed::default());
    }

    #[test]
    fn counts_that_differ_from_walk_to_walk_are_said_to() {
        let probed = walked(&[2, 3, 2]).probed(&seen(&[]), "PostgreSQL 15", &BTreeMap::new());
        assert_eq!(probed.notes, ["list: the number of its statements differs from walk to walk"]);
    }

    #[test]
    fn equal_statements_have_one_text() {
        assert_eq!(folded("  select  a\n\tfrom b -- where\n where c = $1 ;"), "select a from b where c = $1");
        assert_eq!(folded("/*trace='1'*/ select 'a  b', \"c  d\""), "select 'a  b', \"c  d\"");
        assert_eq!(
            folded("select 1 where a in ($1, $2,$3) and b IN ( ?,? )"),
            "select 1 where a in ($1, …) and b IN (?, …)"
        );
        assert_eq!(
            folded("select f($1, $2) where a in ($1) and b in (select c)"),
            "select f($1, $2) where a in ($1) and b in (select c)"
        );
        for hostile in ["", "'", "/*", "--", "((((", ")", "é'é", "in (", "\u{0}$$"] {
            assert!(folded(hostile).len() <= hostile.len(), "{hostile:?}");
        }
    }

    #[test]
    fn of_many_statements_those_that_count_most_are_kept() {
        let mut walked = Walked::default();
        let of = |at: u32| (format!("select {at:03}"), counted(u64::from(at), 1, 1.0 / f64::from(at)));
        walked.add(&Name::new("list").unwrap(), (1..=100).map(of).collect());
        let probed = walked.probed(&seen(&[]), "PostgreSQL 15", &BTreeMap::new());
        let texts: Vec<&str> = probed.exhibits.iter().map(|exhibit| exhibit.key().1).collect();
        assert_eq!(texts.len(), 20);
        assert_eq!((texts[0], texts[19]), ("select 001", "select 100"));
    }
}
