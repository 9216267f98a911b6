//! Rules about caches, pools of connections and locks of a database.

use crate::model::{Row, Words, probe};

use super::case::{Case, Moved, fell, rose};
use super::found::Found;

/// A cache that answers so much less is one that requests feel: at 90 % it means that a third more look-ups miss.
const HIT_RATE_LOST: f64 = 0.03;
/// Evictions that rose by half, or from none, are not those of a cache that holds what it held.
const EVICTIONS_RATIO: f64 = 0.5;
/// Entries that grew by more than this are another set of things to hold.
const ENTRIES_RATIO: f64 = 0.10;
/// A pool or a database of which this much is in use at its peak is full between two looks at it.
const FULL_RATIO: f64 = 0.95;
/// Less than one request that waits on average is a short queue.
const WAITING_MIN: f64 = 1.0;
/// A peak of connections that fell to this part of base's is a smaller pool.
const FEWER_RATIO: f64 = 0.4;
/// So many looks that saw a wait for a lock are no coincidence.
const LOCK_WAITS_MIN: f64 = 0.05;

/// More entries are dropped for want of room while the cache holds no more of them.
pub(super) fn cache_too_small<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let evicted = case.named(probe::CACHE_EVICTIONS).find_map(|row| rose(row, EVICTIONS_RATIO))?;
    let entries = beside(case, evicted.row, probe::CACHE_EVICTIONS, probe::CACHE_ENTRIES);
    if entries.is_some_and(|row| rose(row, ENTRIES_RATIO).is_some()) {
        return None;
    }
    let rate = beside(case, evicted.row, probe::CACHE_EVICTIONS, probe::CACHE_HIT_RATE);
    let lost = rate.and_then(lost);
    let found = Found::sure(
        lost.map_or(evicted.row, |lost| lost.row),
        Words::new("the cache is too small for what it is asked for"),
    );
    Some(
        found
            .sure_if(entries.is_some() && lost.is_some())
            .moved([Some(evicted), lost])
            .because(Words::new(
                "entries are dropped for want of room and asked for again, while no more of them are held than in base",
            ))
            .advise("give the cache room for its working set, or hold less in it"),
    )
}

/// A cache answers less.
pub(super) fn cache_hit_rate<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let lost = case.named(probe::CACHE_HIT_RATE).find_map(lost)?;
    let what =
        Words::new("the cache answers ").ratio(lost.head).say(" of its look-ups, ").ratio(lost.base).say(" in base");
    Some(
        Found::sure(lost.row, what)
            .moved([Some(lost), case.rose(probe::QUERIES, 0.0), case.rose(probe::QUERY_TIME, 0.0)])
            .because(Words::new(
                "keys that differ from request to request, entries that expire sooner, or look-ups that were added",
            ))
            .advise("compare the keys and the life time of entries with base's"),
    )
}

/// Requests wait for a connection of a pool.
pub(super) fn exhausted<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let full = |metric| case.named(metric).find_map(full);
    let waiting =
        case.named(probe::POOL_WAITING).find_map(|row| rose(row, 0.0).filter(|moved| moved.head >= WAITING_MIN));
    let used = full(probe::POOL_USED).or_else(|| full(probe::DATABASE_CONNECTIONS_USED));
    let works_more = case.works_more();
    if works_more == Some(true) {
        return None;
    }
    let fewer = case.row(probe::DATABASE_CONNECTIONS).and_then(|row| fell(row, 1.0 - FEWER_RATIO));
    let seen = waiting.or(used);
    let found = match (seen, fewer, case.slower()) {
        (Some(seen), _, _) => {
            let what = Words::new("requests wait for a connection of a pool that is used up");
            Found::sure(seen.row, what).sure_if(waiting.is_some() || works_more == Some(false))
        }
        (None, Some(fewer), Some(slower)) => {
            let what =
                Words::new("requests wait for a connection: at most ").count(fewer.head).say(" to the database, ");
            Found::possible(slower, what.count(fewer.base).say(" in base"))
        }
        (None, ..) => return None,
    };
    Some(
        found
            .moved([waiting, used, fewer, case.rose(probe::WAITS, 0.0)])
            .because(Words::new(
                "the pool has fewer connections than requests need at once, or they are kept for longer",
            ))
            .advise("give the pool as many connections as requests use at once, or give them back sooner"),
    )
}

/// Statements wait for locks.
pub(super) fn lock_waits<'a>(case: &Case<'a>) -> Option<Found<'a>> {
    let waits =
        case.named(probe::LOCK_WAITS).find_map(|row| rose(row, 0.0).filter(|moved| moved.head >= LOCK_WAITS_MIN))?;
    let what = Words::new("statements wait for locks in ").ratio(waits.head).say(" of the looks at the database, ");
    let what = what.ratio(waits.base).say(" in base");
    let idle = case.rose(probe::IDLE_IN_TRANSACTION, 0.0);
    let why = match idle {
        Some(_) => "transactions are left open while something else is done, and keep their locks",
        None => "transactions change the same rows, or keep their locks for longer",
    };
    let found = Found::sure(waits.row, what).moved([Some(waits), idle, case.rose(probe::QUERY_TIME, 0.0)]);
    Some(found.because(Words::new(why)).advise("make transactions shorter, and change rows in one order"))
}

/// A hit rate that fell by more than requests would not feel.
fn lost(row: &Row) -> Option<Moved<'_>> {
    fell(row, 0.0).filter(|moved| moved.base - moved.head >= HIT_RATE_LOST)
}

/// A share in use that came to its limit.
fn full(row: &Row) -> Option<Moved<'_>> {
    rose(row, 0.0).filter(|moved| moved.head >= FULL_RATIO && moved.base < FULL_RATIO)
}

/// What else is told of the same cache: `cache-entries-sessions` beside `cache-evictions-sessions`.
fn beside<'a>(case: &Case<'a>, row: &Row, of: &str, wanted: &str) -> Option<&'a Row> {
    let id = &row.metric.id;
    let which = id.metric.as_str().strip_prefix(of)?;
    case.of(id.benchmark.benchmark.as_str(), &format!("{wanted}{which}"))
}
