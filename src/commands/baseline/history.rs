//! `tollgate baseline history`: what the stored runs of a suite say over time. Refuses to call a change of stored times a regression.

use std::collections::BTreeMap;

use globset::Glob;
use serde_json::{Value, json};

use crate::baseline::{BaselineFile, comparable};
use crate::cli::BaselineHistoryArgs;
use crate::commands::check::sources::config_at;
use crate::commands::{Code, Context, Failure};
use crate::config::{CONFIG_FILE, Config, Policy};
use crate::git::Repository;
use crate::judge::history::{ChangePoint, Levels, MetricHistory, Outlier, histories, outliers};
use crate::model::effect::{Effect, Precision};
use crate::model::{MetricId, StoredMetric};
use crate::report::escape::terminal;
use crate::report::number::{percent, plural, quantity};

use super::place::{in_work_tree, machine, repository};
use super::text::{change, day, table, time};

const NOT_SHOWN: &str = "nothing shown";
const CAVEAT: &str = "Changes of stored times are a hint where to look, not a verdict.";
/// How many runs a sparkline shows: the newest.
const SPARKS_MAX: usize = 30;
/// Nobody has looked at a baseline for a while when its newest run is older.
pub(crate) const OLD_DAYS: i64 = 90;
const DAY_S: i64 = 86_400;

/// What is said of one baseline file.
struct Told {
    suite: String,
    class: String,
    stored: BTreeMap<MetricId, StoredMetric>,
    histories: BTreeMap<MetricId, MetricHistory>,
    outliers: Vec<Outlier>,
    /// The commits of runs that are not in the history of `HEAD`.
    strays: Vec<String>,
    /// The age of the newest run in days.
    age_days: i64,
}

/// Shows the history of one suite, or of all.
pub(super) fn history(args: &BaselineHistoryArgs, context: &Context) -> Result<Code, Failure> {
    let repository = repository(context, NOT_SHOWN)?;
    let class = args.class.clone().unwrap_or_else(|| machine(context, repository.root()).class());
    let stored = in_work_tree(repository.root(), NOT_SHOWN)?;
    let files = match &args.suite {
        Some(suite) => stored.of(suite, &class, NOT_SHOWN)?,
        None => stored.all(NOT_SHOWN)?.into_iter().map(|(_, file)| file).collect(),
    };
    let glob = Glob::new(&args.metric).map_err(|error| {
        Failure::usage(format!("--metric: {error}"), Some("give a glob such as 'core/parse/*:time'".to_owned()))
    })?;
    let matcher = glob.compile_matcher();
    let policy = policy(&repository)?;
    let told = files.iter().map(|file| Told::new(file, &repository, &policy, context.now_s));
    let told: Vec<Told> = told.map(|told| told.only(|id| matcher.is_match(id.to_string()))).collect();
    if args.json {
        let files: Vec<Value> = told.iter().map(Told::json).collect();
        context.print(&format!("{:#}\n", json!({ "schema": 1, "baselines": files })));
    } else if told.is_empty() {
        context.print("No baselines yet. `tollgate baseline update` measures and stores them.\n");
    } else {
        let texts: Vec<String> = told.iter().map(Told::text).collect();
        context.print(&format!("{}\n{CAVEAT}\n", texts.join("\n")));
    }
    Ok(Code::Pass)
}

/// The policy of the commit that is checked out, which says what change matters; the defaults where it has none.
fn policy(repository: &Repository) -> Result<Policy, Failure> {
    let head = repository.revision("HEAD").ok();
    let config = head.map(|head| config_at(repository, &head)).transpose();
    let config = config.map_err(|failure| Failure { consequence: NOT_SHOWN, ..failure })?.flatten();
    let defaults = || Config::parse("", CONFIG_FILE).expect("an empty config is all defaults");
    Ok(config.unwrap_or_else(defaults).policy)
}

impl Told {
    fn new(file: &BaselineFile, repository: &Repository, policy: &Policy, now_s: i64) -> Self {
        // Runs of one class are comparable with each other: the newest one's machine and load stand for all.
        let stored = file.runs.first().map(|run| {
            let load = run.conditions.iter().map(|load| (file.suite.clone(), load.clone())).collect();
            comparable(std::slice::from_ref(file), &run.environment, &load)
        });
        let stored: BTreeMap<MetricId, StoredMetric> =
            stored.into_iter().flatten().filter_map(|(id, stored)| Some((id, stored.ok()?))).collect();
        let mut strays: Vec<String> = file
            .runs
            .iter()
            .map(|run| run.revision.commit.clone())
            .filter(|commit| repository.is_ancestor(commit, "HEAD") == Some(false))
            .collect();
        strays.dedup();
        let levels = Levels::of(stored.values(), policy);
        let newest_s = file.runs.iter().map(|run| run.taken_at_s).max().unwrap_or(now_s);
        Self {
            suite: file.suite.to_string(),
            class: file.class.clone(),
            histories: histories(&stored, &levels, policy),
            outliers: outliers(&stored, &levels, policy),
            stored,
            strays,
            age_days: now_s.saturating_sub(newest_s).max(0) / DAY_S,
        }
    }

    /// With the metrics that are asked for; what was said of them was said among all.
    fn only(mut self, wanted: impl Fn(&MetricId) -> bool) -> Self {
        self.histories.retain(|id, _| wanted(id));
        self
    }

    fn text(&self) -> String {
        let mut rows =
            vec![["metric", "runs", "history", "level", "trend a run", "changes"].map(str::to_owned).to_vec()];
        rows.extend(self.histories.iter().map(|(id, history)| self.cells(id, history)));
        let changes: Vec<Vec<String>> = self
            .histories
            .iter()
            .flat_map(|(id, history)| history.changes.iter().map(move |point| change_cells(id, point)))
            .collect();
        let mut text = format!("{}, {}\n\n{}", terminal(&self.suite), terminal(&self.class), table(&rows, 1));
        if !changes.is_empty() {
            let header = ["changed", "by", "last before", "first after", "p"].map(str::to_owned).to_vec();
            text = [text, table(&[vec![header], changes].concat(), 5)].join("\n");
        }
        let marks: Vec<String> = self.marks().into_iter().map(|mark| format!("! {mark}\n")).collect();
        if marks.is_empty() { text } else { format!("{text}\n{}", marks.concat()) }
    }

    fn cells(&self, id: &MetricId, history: &MetricHistory) -> Vec<String> {
        let unit = self.stored.get(id).map(|stored| &stored.metric.unit);
        vec![
            terminal(&id.to_string()),
            history.values.len().to_string(),
            sparkline(&history.values),
            unit.map_or_else(String::new, |unit| quantity(history.level, unit)),
            history.trend.as_ref().map_or_else(|| "–".to_owned(), trend),
            history.changes.len().to_string(),
        ]
    }

    /// What a person should look at: old, odd and foreign runs.
    fn marks(&self) -> Vec<String> {
        let mut marks = Vec::new();
        if self.age_days > OLD_DAYS {
            marks.push(format!(
                "the newest run is {} old: `tollgate baseline update`",
                plural(days(self.age_days), "day")
            ));
        }
        for outlier in &self.outliers {
            marks.push(format!(
                "the run of {} from {} lies far outside of the others in {}, most in `{}`",
                terminal(&short(&outlier.commit)),
                day(outlier.taken_at_s),
                plural(outlier.metrics, "metric"),
                terminal(&outlier.worst.to_string())
            ));
        }
        for commit in &self.strays {
            marks.push(format!("the run of {} is of a commit that `HEAD` does not contain", terminal(&short(commit))));
        }
        marks
    }

    fn json(&self) -> Value {
        let metrics = self.histories.iter().map(|(id, history)| {
            json!({
                "benchmark": id.benchmark.benchmark.as_str(),
                "metric": id.metric.as_str(),
                "unit": self.stored.get(id).map(|stored| stored.metric.unit.symbol()),
                "values": history.values,
                "level": history.level,
                "trend": history.trend.as_ref().map(effect_json),
                "changes": history.changes.iter().map(|point| json!({
                    "at": point.at,
                    "last_before": point.before,
                    "first_after": point.after,
                    "change": effect_json(&point.effect),
                    "p_value": point.p_value,
                })).collect::<Vec<_>>(),
            })
        });
        let outliers = self.outliers.iter().map(|outlier| {
            json!({
                "commit": outlier.commit,
                "taken_at": time(outlier.taken_at_s),
                "metrics": outlier.metrics,
                "worst": outlier.worst.to_string(),
            })
        });
        json!({
            "suite": self.suite,
            "class": self.class,
            "age_days": self.age_days,
            "old": self.age_days > OLD_DAYS,
            "outliers": outliers.collect::<Vec<_>>(),
            "not_in_head": self.strays,
            "metrics": metrics.collect::<Vec<_>>(),
        })
    }
}

fn days(days: i64) -> usize {
    usize::try_from(days).unwrap_or(0)
}

fn short(commit: &str) -> String {
    commit.chars().take(9).collect()
}

fn change_cells(id: &MetricId, point: &ChangePoint) -> Vec<String> {
    let size = match point.effect.precision {
        Precision::Exact => format!("{} (exact)", change(point.effect.change.value())),
        Precision::Interval { lower, upper, .. } => {
            format!("{} ({} … {})", change(point.effect.change.value()), change(lower), change(upper))
        }
    };
    let p_value = point.p_value.map_or_else(|| "–".to_owned(), |p_value| format!("{p_value}"));
    let commits = [&point.before, &point.after].map(|commit| terminal(&short(commit)));
    let [before, after] = commits;
    vec![terminal(&id.to_string()), size, before, after, p_value]
}

/// A trend, where it surely is one.
fn trend(effect: &Effect) -> String {
    match effect.precision {
        Precision::Interval { lower, upper, .. } if lower > 0.0 || upper < 0.0 => {
            let sign = if lower > 0.0 { "+" } else { "−" };
            format!("{sign}{}", percent(effect.change.value().abs()))
        }
        Precision::Interval { .. } | Precision::Exact => "none".to_owned(),
    }
}

/// The newest runs as bars from the smallest to the largest of them.
pub(super) fn sparkline(values: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = &values[values.len().saturating_sub(SPARKS_MAX)..];
    let least = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let most = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let bar = |value: &f64| {
        let share = if most > least { (value - least) / (most - least) } else { 0.5 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 7")]
        BARS.get((share * 7.0).round() as usize).copied().unwrap_or('▁')
    };
    shown.iter().map(bar).collect()
}

fn effect_json(effect: &Effect) -> Value {
    let (lower, upper) = match effect.precision {
        Precision::Exact => (effect.change.value(), effect.change.value()),
        Precision::Interval { lower, upper, .. } => (lower, upper),
    };
    // An end that is infinite is null.
    json!({ "value": effect.change.value(), "lower": lower, "upper": upper, "exact": effect.precision == Precision::Exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_goes_from_the_smallest_to_the_largest_and_stays_short() {
        assert_eq!(sparkline(&[1.0, 2.0, 8.0]), "▁▂█");
        assert_eq!(sparkline(&[3.0, 3.0]), "▅▅");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[1.0; 100]).chars().count(), SPARKS_MAX);
        assert_eq!(sparkline(&[0.0, 1e100, f64::MIN_POSITIVE]).chars().count(), 3);
    }
}
