//! What `baseline update` says of the runs that it stored: how far they lie apart, what they could show, how to keep them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::baseline::summary::summaries;
use crate::baseline::{BaselineFile, comparable};
use crate::config::{Config, Policy};
use crate::judge::sights;
use crate::measure::rounds::Ended;
use crate::model::{Environment, MetricId, StoredMetric};
use crate::report::escape::terminal;
use crate::report::number::{duration, plural};
use crate::stats::summary::median;

use super::text::percent;

/// What was stored.
pub(super) struct Stored {
    /// How many runs were asked for.
    pub(super) asked: u32,
    /// How many were stored.
    pub(super) runs: usize,
    /// How measuring ended.
    pub(super) ended: Ended,
    /// The time limit of one run, in seconds.
    pub(super) limit_s: u64,
    /// The files, from the root of the repository.
    pub(super) written: Vec<String>,
    /// What was not understood, for a terminal.
    pub(super) unparsed: Vec<String>,
}

/// The median and the worst of a ratio over the metrics that have one.
struct Spread {
    median: f64,
    worst: (MetricId, f64),
}

/// Everything that is said.
pub(super) struct Told {
    pub(super) stored: Stored,
    /// How many metrics the suites have.
    metrics: usize,
    /// How far the runs of a metric lie apart: (largest − smallest) / median.
    spread: Option<Spread>,
    /// The smallest change for the worse that the stored runs could show.
    detectable: Option<Spread>,
}

impl Told {
    /// Sums up the baselines of the suites as they are now on disk.
    pub(super) fn new(
        stored: Stored,
        files: &[BaselineFile],
        here: &Environment,
        config: &Config,
        policy: &Policy,
    ) -> Self {
        let metrics: BTreeMap<MetricId, StoredMetric> = comparable(files, here, &config.loads())
            .into_iter()
            .filter_map(|(id, stored)| Some((id, stored.ok()?)))
            .collect();
        let detectable = sights(&metrics, policy).into_iter().map(|(id, sight)| (id, sight.detectable_ratio));
        let spreads = files.iter().filter(|file| file.class == here.class()).flat_map(summaries);
        let spreads = spreads.filter_map(|(id, summary)| Some((id, summary.spread_ratio?)));
        Self {
            stored,
            metrics: metrics.len(),
            spread: Spread::of(spreads.collect()),
            detectable: Spread::of(detectable.collect()),
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Stored { asked, runs, ended, limit_s, written, unparsed } = &self.stored;
        let mut lines: Vec<String> = written.iter().map(|path| terminal(path)).collect();
        let of = if *runs == *asked as usize { String::new() } else { format!(" of {asked}") };
        lines.push(format!("Stored {}{of} of {}.", plural(*runs, "run"), plural(self.metrics, "metric")));
        match ended {
            Ended::Complete => {}
            Ended::TimeLimit => lines.push(format!(
                "The next run was cut short by the time limit of {} and is not stored.",
                duration(*limit_s)
            )),
            Ended::Interrupted => lines.push("Interrupted; the run that was cut short is not stored.".to_owned()),
        }
        if !unparsed.is_empty() {
            lines.push(format!("Not understood, and not stored:\n  {}", unparsed.join("\n  ")));
        }
        if let Some(spread) = &self.spread {
            lines.push(format!("Between the stored runs, metrics differ by {}.", spread.text()));
        }
        if let Some(detectable) = &self.detectable {
            let text = detectable.text();
            lines.push(format!("`check --against baseline` would now show a change for the worse of {text}."));
        }
        if *asked > 1 {
            lines
                .push("They were measured one after another: runs of other days say more about the spread.".to_owned());
        }
        lines.push("To keep them:\n  git add baselines\n  git commit -m \"Update baselines\"\n".to_owned());
        lines.join("\n")
    }

    /// For machines.
    pub(super) fn json(&self) -> String {
        let Stored { asked, runs, ended, limit_s: _, written, unparsed } = &self.stored;
        let ended = match ended {
            Ended::Complete => "complete",
            Ended::TimeLimit => "time-limit",
            Ended::Interrupted => "interrupted",
        };
        let spread = |of: &Option<Spread>| of.as_ref().map(Spread::json);
        let told = json!({
            "schema": 1,
            "asked": asked,
            "runs": runs,
            "ended": ended,
            "written": written,
            "unparsed": unparsed,
            "metrics": self.metrics,
            "spread": spread(&self.spread),
            "detectable": spread(&self.detectable),
        });
        format!("{told:#}\n")
    }
}

impl Spread {
    fn of(ratios: Vec<(MetricId, f64)>) -> Option<Self> {
        let middle = median(&ratios.iter().map(|(_, ratio)| *ratio).collect::<Vec<_>>())?;
        let worst = ratios.into_iter().max_by(|a, b| a.1.total_cmp(&b.1).then_with(|| b.0.cmp(&a.0)))?;
        Some(Self { median: middle, worst })
    }

    fn text(&self) -> String {
        let (id, worst) = &self.worst;
        let id = terminal(&id.to_string());
        format!("{} (median) to {} (worst, `{id}`)", percent(self.median), percent(*worst))
    }

    fn json(&self) -> Value {
        let (id, worst) = &self.worst;
        json!({ "median_ratio": self.median, "worst_ratio": worst, "worst": id.to_string() })
    }
}
