//! What is allowed: the gate, rules per metric, budgets and waivers, and what they come to for one metric.

use std::time::Duration;

use crate::model::{Budget, Direction, Metric, Thresholds, Waiver};

/// What head is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Stored baselines where they can carry a verdict, else base measured here.
    Auto,
    /// Base, measured here in pairs.
    Base,
    /// Stored baselines alone: head alone is measured.
    Baseline,
}

/// What an inconclusive or a missing metric means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTrouble {
    /// It blocks.
    Fail,
    /// It is shown as a warning.
    Warn,
}

/// Whether a regression blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// It blocks.
    Blocking,
    /// It is shown as a warning.
    Advisory,
    /// It is shown among the rest; the metric takes no part in the test.
    Ignored,
}

/// Settings of the whole gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// Tolerance for every metric that no rule names; `None` means the default of the metric's kind.
    pub tolerance_ratio: Option<f64>,
    /// Must-detect for every metric that no rule names; `None` means the default of the metric's kind.
    pub must_detect_ratio: Option<f64>,
    /// Floors by base unit; `None` means the default of the metric's kind.
    pub floors: Vec<crate::model::Quantity>,
    /// The largest probability, in (0, 0.5], that a run of unchanged code is red.
    pub false_alarm_rate: f64,
    /// When measuring ends, decided or not.
    pub time_limit: Duration,
    /// The most rounds of one metric.
    pub rounds_max: u32,
    /// What an inconclusive metric means.
    pub inconclusive: OnTrouble,
    /// What a missing benchmark means.
    pub missing: OnTrouble,
    /// The revision that pull requests are merged into, such as `origin/main`; `None` means: find it.
    pub base: Option<String>,
    /// The release against which slow drift adds up.
    pub anchor: Option<String>,
    /// What head is compared with.
    pub against: Against,
}

/// Selects metrics by name.
#[derive(Clone, Debug)]
pub struct Selector {
    /// The glob over `suite/benchmark`, as written; `*` also matches `/`.
    pub benchmark: String,
    /// The glob over the metric's name, as written.
    pub metric: String,
    benchmark_glob: globset::GlobMatcher,
    metric_glob: globset::GlobMatcher,
}

/// A rule for the metrics that it selects. Later rules override earlier ones, setting by setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Which metrics.
    pub selector: Selector,
    /// Their tolerance.
    pub tolerance_ratio: Option<f64>,
    /// Their must-detect.
    pub must_detect_ratio: Option<f64>,
    /// Their floor, in base units.
    pub floor: Option<f64>,
    /// Their better direction.
    pub direction: Option<Direction>,
    /// Whether a regression blocks.
    pub severity: Option<Severity>,
    /// Who answers for them.
    pub owner: Option<String>,
}

/// A budget for the metrics that it selects. The last one that selects a metric counts.
#[derive(Clone, Debug, PartialEq)]
pub struct BudgetRule {
    /// Which metrics.
    pub selector: Selector,
    /// The limits.
    pub budget: Budget,
    /// The base unit that the limits were written in: a metric of another unit is a config problem that is found when it is measured.
    pub unit: crate::model::Unit,
}

/// Everything that decides what is allowed.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The whole gate.
    pub gate: Gate,
    /// The rules, in the order in which they are written.
    pub rules: Vec<Rule>,
    /// The budgets, in the order in which they are written.
    pub budgets: Vec<BudgetRule>,
    /// The reviewed exceptions.
    pub waivers: Vec<Waiver>,
}

/// What the policy comes to for one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved<'a> {
    /// Tolerance, must-detect and floor.
    pub thresholds: Thresholds,
    /// The better direction.
    pub direction: Direction,
    /// Whether a regression blocks.
    pub severity: Severity,
    /// Who answers for it.
    pub owner: Option<&'a str>,
    /// Its budget, where the unit fits.
    pub budget: Option<&'a BudgetRule>,
    /// Its waiver, expired or not.
    pub waiver: Option<&'a Waiver>,
}

impl Selector {
    /// A selector from two globs.
    pub fn new(benchmark: &str, metric: &str) -> Result<Self, globset::Error> {
        let glob = |pattern: &str| globset::Glob::new(pattern).map(|glob| glob.compile_matcher());
        Ok(Self {
            benchmark: benchmark.to_owned(),
            metric: metric.to_owned(),
            benchmark_glob: glob(benchmark)?,
            metric_glob: glob(metric)?,
        })
    }

    /// Whether it selects `metric`.
    pub fn selects(&self, metric: &Metric) -> bool {
        self.benchmark_glob.is_match(metric.id.benchmark.to_string())
            && self.metric_glob.is_match(metric.id.metric.as_str())
    }
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        (&self.benchmark, &self.metric) == (&other.benchmark, &other.metric)
    }
}
