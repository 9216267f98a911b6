//! Can the numbers of this run be trusted: base against itself, what moved all benchmarks together, and what disturbs a single row.
//! Refuses to change what the rounds say; what follows from it is decided in `rows` and `decide`.

mod canary;
mod disturbed;
mod machine;
mod together;

pub(super) use canary::check as canary;
pub(super) use disturbed::{Disturbed, level};
pub(super) use machine::disturbed;
pub(super) use together::{common_shift, order_bias};

use crate::stats::signed_rank::{Cap, PairedDifferences};

/// The one test of this room: whether differences lie surely beyond `margin` on either side, at `level` on each of the two. `None` where they
/// cannot be tested at all.
fn beyond(differences: &[f64], margin: f64, level: f64) -> Option<(PairedDifferences, bool)> {
    let test = PairedDifferences::new(differences, Cap::Third).ok()?;
    let beyond = test.p_value_greater(margin) <= level || test.p_value_less(-margin) <= level;
    Some((test, beyond))
}
