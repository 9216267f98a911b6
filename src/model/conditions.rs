//! Under which conditions a load is measured, in words: what must be the same on both sides for their numbers to be comparable. Refuses to know what
//! makes them.

use std::collections::{BTreeMap, BTreeSet};

use super::verdict::ConditionDifference;

/// The conditions of a load by name: `level` is `200/s`, `step home` is `GET / as 1 of flow 1`. Equal maps mean the same load. Foreign text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions(BTreeMap<String, String>);

impl Conditions {
    /// Each as it is: whoever makes them keeps them short.
    pub fn new(named: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(named.into_iter().collect())
    }

    /// Each name with its value, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// What is not the same in base (or in stored runs) and head, by name; empty where their numbers are comparable.
    pub fn differences(base: &Self, head: &Self) -> Vec<ConditionDifference> {
        let names: BTreeSet<&String> = base.0.keys().chain(head.0.keys()).collect();
        let value = |of: &Self, name: &String| of.0.get(name).cloned().unwrap_or_default();
        let sides = names.into_iter().map(|name| (name, value(base, name), value(head, name)));
        let unequal = sides.filter(|(_, base, head)| base != head);
        unequal.map(|(what, base, head)| ConditionDifference { what: what.clone(), base, head }).collect()
    }
}
