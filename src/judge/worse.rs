//! A change that touches the policy is judged by both policies, and the worse outcome of each row counts.

use std::collections::BTreeMap;

use crate::model::judgement::Notice;
use crate::model::{CanaryCheck, CanaryState, Judgement, Outcome};

/// Joins the judgement by base's policy with the one by head's. Rows are those by base's policy, but where head's policy is stricter its row
/// counts. The notice says what the change of policy would have done.
pub fn by_both(base: Judgement, head: &Judgement) -> Judgement {
    let mut joined = base;
    // By base's policy nothing of this run can be believed: head's, which may allow the canary more, has no say.
    let moved = |check: &CanaryCheck| check.state == CanaryState::Moved;
    if joined.canary.as_ref().is_some_and(moved) {
        return joined;
    }
    let by_head: BTreeMap<_, _> = head.rows.iter().map(|row| (&row.metric.id, row)).collect();
    let (mut stricter, mut laxer) = (0_usize, 0_usize);
    for row in &mut joined.rows {
        let Some(other) = by_head.get(&row.metric.id) else { continue };
        laxer += usize::from(row.outcome.fails() && !other.outcome.fails());
        stricter += usize::from(!row.outcome.fails() && other.outcome.fails());
        if other.outcome > row.outcome.max(Outcome::Waived) {
            *row = (*other).clone();
        }
    }
    joined.verdict = joined.verdict.max(head.verdict);
    if head.canary.as_ref().is_some_and(moved) {
        joined.canary.clone_from(&head.canary);
    }
    if stricter + laxer > 0 {
        let message = format!(
            "this change edits the policy: by its own policy {laxer} failing {} would pass and {stricter} passing {} fail; \
             the worse of both counts",
            if laxer == 1 { "row" } else { "rows" },
            if stricter == 1 { "row would" } else { "rows would" },
        );
        joined.notices.push(Notice::HeadPolicyDiffers { message });
        joined.notices.sort();
    }
    joined
}
