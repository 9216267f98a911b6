//! Ten mistakes, each in a few lines. A healthy shop has none: [`FAULT`] is what a pull request changes to see what the gate says.

use std::sync::Mutex;
use std::time::Duration;

use crate::warehouse::Connection;

/// The mistake that is made.
const FAULT: Option<Fault> = None;

#[derive(PartialEq)]
enum Fault {
    NPlusOne,
    MissingIndex,
    Leak,
    SmallCache,
    SmallPool,
    DescriptorLeak,
    NoKeepAlive,
    BusyLoop,
    Lock,
    SlowBackend,
}

fn is(fault: Fault) -> bool {
    FAULT == Some(fault)
}

/// `NPlusOne`: the list asks the database once for its items, and once more for the stars of each of them.
pub fn asks_for_each_item() -> bool {
    is(Fault::NPlusOne)
}

/// `MissingIndex`: reviews are looked up by a column that has no index, so that each page reads the whole table.
pub fn looks_up_without_an_index() -> bool {
    is(Fault::MissingIndex)
}

/// `Leak`: what every visitor has looked at is kept for ever, 32 KiB each time. `Vec` and `Mutex` are innocent; nobody takes anything out.
pub fn after_a_look() {
    static LOOKED_AT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
    if is(Fault::Leak)
        && let Ok(mut all) = LOOKED_AT.lock()
    {
        all.push(vec![1; 32 << 10]);
    }
}

/// `SmallCache`: there is room for fewer deliveries than customers ask for in turn, so that each goes before it is asked for again.
pub fn cache_entries() -> usize {
    if is(Fault::SmallCache) { 20 } else { 2000 }
}

/// `SmallPool`: two connections to the database, one of which an order holds while the warehouse works.
pub fn pool_connections() -> usize {
    if is(Fault::SmallPool) { 2 } else { 8 }
}

/// `DescriptorLeak`: a file for each order that is opened and never closed.
pub fn after_an_order() {
    if is(Fault::DescriptorLeak)
        && let Ok(file) = std::fs::File::open("/dev/null")
    {
        std::mem::forget(file);
    }
}

/// `NoKeepAlive`: each order asks the warehouse over a connection of its own.
pub fn connection_of_an_order() -> Connection {
    if is(Fault::NoKeepAlive) { Connection::Fresh } else { Connection::Kept }
}

/// `BusyLoop`: the list is checked, again and again, by a loop that nobody needs. `Lock`: only one list is made at a time, and it waits while it holds the lock.
pub async fn before_the_list() {
    static LISTS: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    if is(Fault::BusyLoop) {
        let mut sum = 0_u64;
        for number in 0..2_000_000 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
    }
    if is(Fault::Lock) {
        let _only_one = LISTS.lock().await;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// `SlowBackend`: the warehouse is asked for more than it was, and takes more than twice as long for it.
pub fn put_aside() -> &'static str {
    if is(Fault::SlowBackend) { "inspect-and-put-aside" } else { "put-aside" }
}
