//! Which suites may pass by proof. Refuses to look at a program: that needs both builds.

use crate::commands::Failure;
use crate::config::{OnIdentical, Policy};
use crate::git::CHANGED_MAX;
use crate::measure::proof::{Difference, Provable};
use crate::plan::{Plan, PlannedSuite};

use super::sources::{Sources, git};
use super::verdicts::heads_policy;

/// The suites that may pass by proof: those that both revisions define alike and of which nothing is asked but whether they changed. A stored
/// baseline asks for a run of head; a budget for head's own value, of the benchmarks that it may select. Where head changes the policy, it must
/// say so too.
pub(super) fn suites(sources: &Sources, plan: &Plan) -> Result<Provable, Failure> {
    let heads = heads_policy(sources, plan);
    let policies: Vec<&Policy> = std::iter::once(&sources.config.policy).chain(&heads).collect();
    let compared = |suite: &&PlannedSuite| suite.arms.len() == 2 && !suite.changed && !suite.by_stored;
    let budgets = policies.iter().flat_map(|policy| &policy.budgets);
    let budgeted = budgets.map(|rule| rule.selector.clone()).collect();
    if !policies.iter().copied().all(allowed) {
        return Ok(Provable::nothing());
    }
    let suites = plan.suites.iter().filter(compared);
    let changed = sources.repository.changed(&sources.base.tree, &sources.head.tree).map_err(git)?;
    let same_tree = sources.base.tree == sources.head.tree;
    let difference = match Difference::new(&changed, CHANGED_MAX) {
        // Two trees without a difference in files differ in something all the same.
        Difference::None if !same_tree => Difference::Unknown,
        difference => difference,
    };
    Ok(Provable { suites: suites.map(|suite| suite.name.clone()).collect(), budgeted, difference })
}

/// Whether a policy lets anything pass by proof.
pub(crate) fn allowed(policy: &Policy) -> bool {
    policy.gate.identical != OnIdentical::Measure
}
