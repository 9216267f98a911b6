//! Rules about instances, connections and errors.

use crate::model::finding::Location;
use crate::model::{Row, Words, load, probe};

use super::case::{Case, Moved, rose};
use super::found::Found;

/// An instance whose p95 is half as much again as the median one's is slow.
const SLOW_INSTANCE_MIN: f64 = 0.5;
/// An instance with so much more than its share takes the requests of others.
const UNEVEN_MIN: f64 = 0.25;
/// What grew to twice as many is another way to use connections.
const CHURN_RATIO: f64 = 1.0;
/// Fewer connections than one in ten requests are those of a pool that is filled.
const OPENED_MIN: f64 = 0.1;
/// Fewer sockets than this that wait to be forgotten are those of any start.
const CLOSED_MIN: f64 = 50.0;
/// What the service leaves behind each connection that it closes first.
const TIME_WAIT: &str = "time-wait";

/// One instance is slower than the others, or has more to do.
pub(super) fn imbalance<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let over = |metric, least: f64| case.rose(metric, 0.0).filter(|moved| moved.head >= least);
    let (slow, uneven) = (over(probe::LATENCY_IMBALANCE, SLOW_INSTANCE_MIN), over(probe::SHARE_IMBALANCE, UNEVEN_MIN));
    let moved = slow.or(uneven)?;
    let which = slowest(case);
    let what = match slow {
        Some(slow) => Words::new("the slowest instance takes ")
            .ratio(slow.head)
            .say(" longer than the median one at p95, ")
            .ratio(slow.base)
            .say(" in base"),
        None => Words::new("one instance has ")
            .ratio(moved.head)
            .say(" more than its share of the requests, ")
            .ratio(moved.base)
            .say(" in base"),
    };
    let why = match slow {
        Some(_) => "one instance is slower than the others, by its machine, its data or its configuration",
        None => "requests are not spread by the weights of the instances",
    };
    let found = Found::sure(moved.row, what).moved([slow, uneven]).because(Words::new(why));
    let found = found.advise("compare this instance with the others; send requests to where fewest are open");
    Some(match which {
        Some(row) => {
            let name = row.metric.id.benchmark.benchmark.as_str();
            found.at(Location::Backend(
                name.strip_prefix(load::TARGET).or(name.strip_prefix(load::BACKEND)).unwrap_or(name).to_owned(),
            ))
        }
        None => found,
    })
}

/// The instance with the highest p95.
fn slowest<'a>(case: &Case<'a>) -> Option<&'a Row> {
    let value = |row: &Row| row.head.as_ref().map_or(0.0, |head| head.value);
    let p95 = |row: &&Row| {
        let id = &row.metric.id;
        let name = id.benchmark.benchmark.as_str();
        (name.starts_with(load::TARGET) || name.starts_with(load::BACKEND)) && id.metric.as_str() == "latency-p95"
    };
    case.all().filter(p95).max_by(|a, b| value(a).total_cmp(&value(b)))
}

/// Connections are made for requests and not used again.
pub(super) fn churn<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let many = |metric: &str, least: f64| case.rose(metric, CHURN_RATIO).filter(|moved| moved.head >= least);
    let opened = many(probe::CONNECTIONS_OPENED, OPENED_MIN);
    let again = many(load::RECONNECTS, CLOSED_MIN);
    let closed = many(&format!("{}{TIME_WAIT}", probe::SOCKETS), CLOSED_MIN);
    let moved: Moved<'_> = opened.or(again).or(closed)?;
    let what = match opened {
        Some(opened) => Words::new("the service opens ")
            .count(opened.head)
            .say(" connections a request, ")
            .count(opened.base)
            .say(" in base"),
        None => Words::new("connections are closed after a request and made again"),
    };
    let why = match opened {
        Some(_) => "a client inside the service is made anew for each request, or keeps no connection",
        None => "the service closes connections after its reply: keep-alive is off, or its limit is low",
    };
    Some(
        Found::sure(moved.row, what)
            .moved([opened, again, closed])
            .because(Words::new(why))
            .advise("make the client once and keep its connections; keep keep-alive on"),
    )
}

/// Requests fail.
pub(super) fn errors<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let failing =
        case.named(load::ERRORS).filter(|row| row.outcome.fails() && row.metric.id.metric.as_str() == load::ERRORS);
    let head = |row: &Row| row.head.as_ref().map_or(0.0, |head| head.value);
    let whole = case.row(load::ERRORS);
    let row = whole.filter(|row| row.outcome.fails()).or_else(|| failing.max_by(|a, b| head(a).total_cmp(&head(b))))?;
    let benchmark = row.metric.id.benchmark.benchmark.as_str();
    let what = Words::default().ratio(head(row)).say(" of the requests fail");
    let what = row.base.as_ref().map_or(what.clone(), |base| what.say(", ").ratio(base.value).say(" in base"));
    let most = KINDS
        .iter()
        .filter_map(|kind| Some((kind, rose(case.of(benchmark, &format!("{}-{}", load::ERRORS, kind.0))?, 0.0)?)));
    let most = most.max_by(|a, b| a.1.head.total_cmp(&b.1.head));
    let Some((kind, moved)) = most else {
        return Some(
            Found::possible(row, what)
                .because(Words::new("the service refuses, or breaks"))
                .advise("read its output under this load"),
        );
    };
    Some(Found::sure(row, what).moved([Some(moved)]).because(Words::new(kind.1)).advise(kind.2))
}

/// The kinds of failures, with what they come from and what to do.
const KINDS: [(&str, &str, &str); 5] = [
    (
        "timeout",
        "no reply comes in time: the service, or what it waits for, is slower than the load",
        "look for what requests wait for",
    ),
    (
        "connect",
        "no connection comes about, or it is cut: the service takes no more of them, or ended",
        "read its output; look at its limits of connections and descriptors",
    ),
    ("dropped", "no connection of the generator was free: replies come too slowly", "look for what requests wait for"),
    ("status", "the service answers with an error", "read its output under this load"),
    ("check", "the service answers something else than is expected", "compare a reply with base's"),
];
