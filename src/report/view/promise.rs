//! What a run promises of its false alarms, family by family of tests, as one sentence. Refuses to promise for all what one of them cannot keep.

use crate::model::judgement::{PolicySource, Promise, Share, StoredPromise};
use crate::model::{Judgement, TestFamily};
use crate::stats::conformal::runs_needed;

use super::super::number::{self, plural};

/// What a rank reaches is compared with a share that was computed: so much the one may lie above the other and be the same.
const ROUNDING: f64 = 1.0 + 1e-9;

/// The promise; `None` where nothing was tested that could be wrong by chance.
pub(super) fn said(judgement: &Judgement) -> Option<String> {
    let promise = &judgement.promise;
    let mut said = if promise.shares.is_empty() { whole_rate_each(promise) } else { shared(promise) };
    let both = matches!(judgement.policy, PolicySource::BaseAndHead { .. });
    if both && !said.is_empty() {
        said.push("the policy of head, which counts too, has a rate of its own".to_owned());
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// What a file says in which every family has the whole rate.
fn whole_rate_each(promise: &Promise) -> Vec<String> {
    let rate = promise.false_alarm_rate;
    let pairs = Share { family: TestFamily::Pairs, rate, checks: promise.family };
    alone(&pairs).into_iter().chain(promise.stored.map(|stored| by_stored_runs(stored, rate))).collect()
}

/// What is promised of all that share the rate, and then of stored runs that are too few to keep what they have of it.
fn shared(promise: &Promise) -> Vec<String> {
    let of_stored = promise.shares.iter().find(|share| share.family == TestFamily::Stored);
    let share = of_stored.map_or(0.0, |share| share.rate);
    let single = promise.shares.len() == 1;
    let apart = promise.stored.filter(|stored| single || stored.false_alarm_rate > share * ROUNDING);
    let kept: Vec<&Share> =
        promise.shares.iter().filter(|share| apart.is_none() || share.family != TestFamily::Stored).collect();
    let together = match kept.as_slice() {
        [] => None,
        [one] => alone(one),
        several if several.iter().all(|share| share.checks == 0) => None,
        several => {
            let rate: f64 = several.iter().map(|share| share.rate).sum();
            let parts: Vec<String> = several.iter().map(|share| part(share)).collect();
            Some(format!("false alarms in at most {} of runs: {}", number::percent(rate), parts.join(", ")))
        }
    };
    together.into_iter().chain(apart.map(|stored| by_stored_runs(stored, share))).collect()
}

/// One family that has all there is to promise; `None` where it tested nothing.
fn alone(share: &Share) -> Option<String> {
    let rate = number::percent(share.rate);
    let metrics = plural(share.checks, "metric");
    (share.checks > 0).then(|| match share.family {
        TestFamily::Pairs | TestFamily::Stored => {
            format!("a run of unchanged code fails at most {rate} of the time, over {metrics} together")
        }
        TestFamily::Budgets => {
            let budgets = plural(share.checks, "budget");
            format!("a budget that is kept is called missed in at most {rate} of runs, over {budgets} together")
        }
        TestFamily::Drift => format!(
            "unchanged code is blamed for what drifted before in at most {rate} of runs, over {metrics} together"
        ),
    })
}

/// One family among others.
fn part(share: &Share) -> String {
    let rate = number::percent(share.rate);
    let metrics = plural(share.checks, "metric");
    if share.checks == 0 {
        return format!("{rate} set aside for {}", share.family.as_str());
    }
    match share.family {
        TestFamily::Pairs => format!("{rate} over {metrics} in pairs"),
        TestFamily::Stored => {
            format!("{rate} over {metrics} judged by stored runs, if those runs and this one differ by chance alone")
        }
        TestFamily::Budgets => format!("{rate} over {}", plural(share.checks, "budget")),
        TestFamily::Drift => format!("{rate} over the drift of {metrics}"),
    }
}

/// What stored runs promise: as much as their number can.
fn by_stored_runs(stored: StoredPromise, share: f64) -> String {
    let metrics = plural(stored.metrics, "metric");
    if stored.false_alarm_rate >= 1.0 {
        return format!("none for {metrics} judged by {}", plural(stored.runs as usize, "stored run"));
    }
    // The digits of a rate that is one in a number of runs say nothing.
    let actual = number::percent((stored.false_alarm_rate * 1000.0).round() / 1000.0);
    let enough = if share > 0.0 && stored.false_alarm_rate > share * ROUNDING {
        let needed = plural(runs_needed(share), "stored run");
        format!("; {needed} of each would make it {}", number::percent(share))
    } else {
        String::new()
    };
    format!(
        "{metrics} judged by stored runs: at most {actual} of the time, if those runs and this one differ by chance alone{enough}"
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    /// The sentence where these families share 1 %, each with so many tests, and stored runs have so many metrics and runs.
    fn sentence(checks: &[(TestFamily, usize)], stored: Option<(usize, u32)>) -> String {
        let mut judgement = sample::green();
        judgement.promise.shares = sample::shares(checks);
        judgement.promise.stored = stored.map(|(metrics, runs)| StoredPromise {
            metrics,
            runs,
            false_alarm_rate: if runs < 2 { 1.0 } else { 1.0 / (f64::from(runs) + 1.0) },
        });
        said(&judgement).unwrap_or_default()
    }

    use TestFamily::{Budgets, Drift, Pairs, Stored};

    #[test]
    fn one_family_has_the_whole_rate() {
        assert_eq!(
            sentence(&[(Pairs, 60)], None),
            "a run of unchanged code fails at most 1 % of the time, over 60 metrics together"
        );
        assert_eq!(
            sentence(&[(Budgets, 2)], None),
            "a budget that is kept is called missed in at most 1 % of runs, over 2 budgets together"
        );
        assert_eq!(
            sentence(&[(Stored, 4)], Some((4, 99))),
            "4 metrics judged by stored runs: at most 1 % of the time, if those runs and this one differ by chance alone"
        );
        assert_eq!(sentence(&[(Pairs, 0)], None), "");
    }

    #[test]
    fn several_families_share_it_and_each_part_is_said() {
        assert_eq!(
            sentence(&[(Pairs, 60), (Stored, 0), (Budgets, 1), (Drift, 30)], None),
            "false alarms in at most 1 % of runs: 0.7 % over 60 metrics in pairs, 0.1 % set aside for stored runs, 0.1 % over 1 budget, 0.1 % over the drift of 30 metrics"
        );
        assert_eq!(
            sentence(&[(Pairs, 60), (Stored, 4)], Some((4, 999))),
            "false alarms in at most 1 % of runs: 0.9 % over 60 metrics in pairs, 0.1 % over 4 metrics judged by stored runs, if those runs and this one differ by chance alone"
        );
    }

    #[test]
    fn stored_runs_that_are_too_few_for_their_share_are_told_apart() {
        assert_eq!(
            sentence(&[(Pairs, 60), (Stored, 4), (Budgets, 2)], Some((4, 99))),
            "false alarms in at most 0.9 % of runs: 0.8 % over 60 metrics in pairs, 0.1 % over 2 budgets; 4 metrics judged by stored runs: at most 1 % of the time, if those runs and this one differ by chance alone; 999 stored runs of each would make it 0.1 %"
        );
        assert_eq!(
            sentence(&[(Stored, 4), (Budgets, 2)], Some((4, 1))),
            "a budget that is kept is called missed in at most 0.1 % of runs, over 2 budgets together; none for 4 metrics judged by 1 stored run"
        );
    }

    #[test]
    fn a_file_from_before_rates_were_shared_says_that_each_family_had_its_own() {
        let mut judgement = sample::green();
        judgement.promise.shares = Vec::new();
        judgement.promise.stored = Some(StoredPromise { metrics: 2, runs: 99, false_alarm_rate: 0.01 });
        assert_eq!(
            said(&judgement).unwrap(),
            "a run of unchanged code fails at most 1 % of the time, over 3 metrics together; 2 metrics judged by stored runs: at most 1 % of the time, if those runs and this one differ by chance alone"
        );
    }

    #[test]
    fn a_second_policy_is_a_second_rate() {
        let mut judgement = sample::green();
        judgement.policy = PolicySource::BaseAndHead { changed: vec!["tollgate.toml".to_owned()] };
        let said = said(&judgement).unwrap();
        assert!(said.ends_with("together; the policy of head, which counts too, has a rate of its own"), "{said}");
    }
}
