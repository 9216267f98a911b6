//! Rules about statements of a database.

use crate::model::exhibit::{Scan, Statement, UNNAMED_STATEMENTS};
use crate::model::finding::{Location, Plans};
use crate::model::{Unit, Words, probe};

use super::case::{Beside, Case, rose};
use super::found::Found;

/// From so many calls of one statement in one request on it is a loop over rows, as detectors of N+1 take it; fewer may be a handful of different things.
const LOOP_CALLS_MIN: f64 = 10.0;
/// A statement of a loop fetches one thing each time: hardly ever more than two rows.
const LOOP_ROWS_MAX: f64 = 2.0;
/// Base has it too, unless it had at most this part of the calls.
const MORE_CALLS: f64 = 2.0;
/// One call a request of difference is the least that somebody wrote.
const ADDED_CALLS_MIN: f64 = 0.5;
/// A smaller table is read from end to end rightly: an index would not be faster.
const SCAN_ROWS_MIN: f64 = 1_000.0;
/// The usual limit for one statement of a service that answers people.
const SLOW_S: f64 = 0.050;
/// A statement that takes so many times as long is another one for its user.
const SLOWER: f64 = 2.0;
/// Below this time nobody feels a statement, however much slower it became.
const FELT_S: f64 = 0.001;

/// A statement that runs once for each row of another, where base's does not.
pub(super) fn n_plus_one<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let looped =
        |it: &Beside<'a>| it.head.calls >= LOOP_CALLS_MIN && it.head.rows <= LOOP_ROWS_MAX && has_more_calls(*it);
    let worst = most(case.statements().filter(looped).filter(|_| case.has_base() || case.slower().is_some()))?;
    let before = worst.base.map_or(0.0, |base| base.calls);
    let what =
        Words::default().name(&worst.head.text).say(" runs ").count(worst.head.calls).say(" times a request of ");
    let what = what.name(worst.head.benchmark.to_string()).say(" (N+1)");
    let calls =
        Words::new("calls a request: ").count(before).say(" in base, ").count(worst.head.calls).say(" in head; ");
    let calls = calls.count(worst.head.rows).say(" rows a call");
    Some(
        at_statement(case, worst, what)?
            .sure_if(case.has_base())
            .seen(calls)
            .moved([queries(case, worst.head)])
            .because(Words::new("the statement stands in a loop over the rows of another: one call for each of them"))
            .advise(
                "fetch all of them in one statement: a join, `WHERE key = ANY(…)`, or the eager loading of the mapper",
            ),
    )
}

/// A table that head reads from end to end and base does not, with an index that may help.
pub(super) fn missing_index<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (worst, scan) =
        scanned(case, |it| it.head.index.as_ref().is_some_and(|index| index.would_be_used != Some(false)))?;
    let advice = worst.head.index.as_ref()?;
    let planner = match advice.would_be_used {
        Some(true) => "; the planner would use it",
        Some(false) | None => "",
    };
    Some(
        scan_found(case, worst, scan)?
            .because(Words::new("no index fits the columns that rows are chosen by"))
            .advise(format!("create the index{planner}"))
            .paste(&advice.create),
    )
}

/// The same where no index is known that may help.
pub(super) fn full_scan<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let (worst, scan) = scanned(case, |_| true)?;
    let found = scan_found(case, worst, scan)?.sure_if(false);
    Some(
        found
            .because(Words::new("the condition of the statement fits no index, or most rows match it"))
            .advise("choose fewer rows, or by a column that has an index; compare the plans"),
    )
}

/// More statements a request, where it is no loop over rows.
pub(super) fn repeated<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let added = |it: &Beside<'a>| it.head.calls - it.base.map_or(0.0, |base| base.calls) >= ADDED_CALLS_MIN;
    if let Some(worst) = most(case.statements().filter(|it| case.has_base() && added(it) && has_more_calls(*it))) {
        let before = worst.base.map_or(0.0, |base| base.calls);
        let what =
            Words::default().name(&worst.head.text).say(" runs ").count(worst.head.calls).say(" times a request of ");
        let what = what.name(worst.head.benchmark.to_string()).say(", ").count(before).say(" in base");
        let why = if before > 0.0 { "the same statement is run again" } else { "base does not run this statement" };
        return Some(
            at_statement(case, worst, what)?
                .moved([queries(case, worst.head)])
                .because(Words::new(why))
                .advise("run it once and keep the answer, or fetch it with another"),
        );
    }
    let moved = case.named(probe::QUERIES).find_map(|row| rose(row, 0.0))?;
    let what = Words::default().name(moved.row.metric.id.benchmark.to_string()).say(" runs more statements: ");
    let what = what.count(moved.head).say(" a request, ").count(moved.base).say(" in base");
    let found = Found::possible(moved.row, what).moved([Some(moved)]);
    Some(found.because(Words::new("requests ask the database for more")).advise("look for what asks the database anew"))
}

/// A statement that takes longer than one should, or far longer than base's.
pub(super) fn slow<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let slower = |it: &Beside<'a>| {
        it.base.is_some_and(|base| it.head.seconds >= FELT_S && it.head.seconds >= SLOWER * base.seconds)
    };
    let new = |it: &Beside<'a>| it.base.is_none() && case.has_base() && it.head.seconds >= SLOW_S;
    let worst =
        case.statements().filter(|it| slower(it) || new(it)).max_by(|a, b| spent(a.head).total_cmp(&spent(b.head)));
    let Some(worst) = worst else { return slowest(case) };
    let what = Words::default()
        .name(&worst.head.text)
        .say(" takes ")
        .number(worst.head.seconds, &Unit::Seconds)
        .say(" a call");
    let what = match worst.base {
        Some(base) => what.say(", ").number(base.seconds, &Unit::Seconds).say(" in base"),
        None => what.say(", and base does not run it"),
    };
    let examined = worst.head.rows_examined.map(|rows| {
        Words::new("rows looked at: ").count(rows).say(" a call, for ").count(worst.head.rows).say(" given")
    });
    let found = at_statement(case, worst, what)?.because(Words::new(
        "the statement itself is slow: its plan, the rows that it looks at, or a wait in the database",
    ));
    let found = found.advise("compare the plans; look at fewer rows, or by an index");
    Some(examined.into_iter().fold(found, Found::seen))
}

/// The slowest statement of a request by its time alone, where no statement is known.
fn slowest<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let slow = |row| {
        rose(row, 0.0)
            .filter(|moved| moved.head >= FELT_S && (moved.head >= SLOW_S || moved.head >= SLOWER * moved.base))
    };
    let moved = case.named(probe::SLOWEST_QUERY).find_map(slow)?;
    let what = Words::new("the slowest statement of ").name(moved.row.metric.id.benchmark.to_string()).say(" takes ");
    let what = what.number(moved.head, &Unit::Seconds).say(", ").number(moved.base, &Unit::Seconds).say(" in base");
    let found = Found::possible(moved.row, what).moved([Some(moved), case.rose(probe::QUERY_TIME, 0.0)]);
    Some(found.because(Words::new("one statement of the database became slow")).advise("look at its plan"))
}

/// The statement with the most calls beyond base's.
fn most<'a>(all: impl Iterator<Item = Beside<'a>>) -> Option<Beside<'a>> {
    let added = |it: &Beside<'a>| it.head.calls - it.base.map_or(0.0, |base| base.calls);
    all.max_by(|a, b| added(a).total_cmp(&added(b)))
}

fn has_more_calls(it: Beside<'_>) -> bool {
    it.base.is_none_or(|base| it.head.calls >= MORE_CALLS * base.calls)
}

/// The time of a statement in a request.
fn spent(statement: &Statement) -> f64 {
    statement.seconds * statement.calls
}

/// The statement of head with the largest table that is scanned by it and not by base's.
fn scanned<'a>(case: &Case<'a>, fits: impl Fn(&Beside<'a>) -> bool) -> Option<(Beside<'a>, &'a Scan)> {
    // A planner that chose otherwise and is no slower for it is no fault.
    let slower = |it: &Beside<'a>| it.base.is_none_or(|base| it.head.seconds >= SLOWER * base.seconds);
    let fits = |it: &Beside<'a>| case.has_base() && slower(it) && fits(it);
    let of = |it: Beside<'a>| {
        let new = move |scan: &&Scan| {
            let had = it.base.is_some_and(|base| base.scans.iter().any(|old| old.table == scan.table));
            scan.rows >= SCAN_ROWS_MIN && !had
        };
        it.head.scans.iter().filter(new).map(move |scan| (it, scan))
    };
    case.statements().filter(fits).flat_map(of).max_by(|a, b| a.1.rows.total_cmp(&b.1.rows))
}

fn scan_found<'a>(case: &Case<'a>, worst: Beside<'a>, scan: &Scan) -> Option<Found<'a>> {
    let what = Words::default()
        .name(&worst.head.text)
        .say(" reads all ")
        .count(scan.rows)
        .say(" rows of ")
        .name(scan.table.as_str());
    let columns: Vec<&str> = scan.columns.iter().map(crate::model::Name::as_str).collect();
    let time = |statement: &Statement| Words::default().number(statement.seconds, &Unit::Seconds).say(" a call, ");
    let times = worst.base.map_or_else(Words::default, |base| Words::new("base: ").then(time(base)));
    let times = times.say("head: ").then(time(worst.head)).count(worst.head.calls).say(" calls a request");
    let found = at_statement(case, worst, what)?.seen(times);
    if columns.is_empty() {
        return Some(found);
    }
    Some(found.seen(Words::new("rows are chosen by ").name(columns.join(", "))))
}

/// A cause that lies in a statement, named by the row of its request that says most of it.
fn at_statement<'a>(case: &Case<'a>, it: Beside<'a>, what: Words) -> Option<Found<'a>> {
    let request = it.head.benchmark.benchmark.as_str();
    let of_request = [probe::QUERIES, probe::SLOWEST_QUERY, probe::ROWS_SCANNED, probe::QUERY_TIME];
    let failing = of_request.iter().filter_map(|metric| case.of(request, metric)).find(|row| row.outcome.fails());
    let row =
        failing.or_else(|| case.slower()).or_else(|| case.of(request, probe::QUERIES)).or_else(|| case.all().next())?;
    let plan = |statement: &Statement| statement.plan.clone();
    let plans = Plans { statement: it.head.text.clone(), base: it.base.and_then(plan), head: plan(it.head) };
    // What stands for several statements may be one that runs often, or many that run once.
    let found = Found::sure(row, what).sure_if(it.head.text != UNNAMED_STATEMENTS);
    let found = found.at(Location::Query(it.head.text.clone()));
    Some(Found { plans: (plans.base.is_some() || plans.head.is_some()).then_some(plans), ..found })
}

/// How the statements of a request rose.
fn queries<'a>(case: &Case<'a>, statement: &Statement) -> Option<super::case::Moved<'a>> {
    rose(case.of(statement.benchmark.benchmark.as_str(), probe::QUERIES)?, 0.0)
}
