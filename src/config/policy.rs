//! What is allowed: the gate, rules per metric, budgets and waivers, and what they come to for one metric.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::finding::{self, Escalation};
use crate::model::{
    BenchmarkId, Budget, Ceiling, Determinism, Direction, Kind, Metric, Name, Quantity, Role, Shares, Thresholds, Unit,
    Waiver,
};
use crate::model::{load, probe};

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

/// What is done with a suite whose programs are the same bytes in base and head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnIdentical {
    /// It passes by proof, without being run.
    Pass,
    /// It is measured like any other.
    Measure,
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
    pub floors: Vec<Quantity>,
    /// The largest probability, in (0, 0.5], that a run of unchanged code is red, and who shares it: all families until a plan says which of
    /// them take part.
    pub shares: Shares,
    /// When measuring ends, decided or not.
    pub time_limit: Duration,
    /// The most rounds of one metric.
    pub rounds_max: u32,
    /// Whether rounds go on, to the most, for those that cannot be told. No key of the file: who asks for a number of rounds by hand wants it.
    pub patient: bool,
    /// What an inconclusive metric means.
    pub inconclusive: OnTrouble,
    /// What a missing benchmark means.
    pub missing: OnTrouble,
    /// The revision that pull requests are merged into, such as `origin/main`; `None` means: find it.
    pub base: Option<String>,
    /// The release against which slow drift adds up.
    pub anchor: Option<String>,
    /// How much may have drifted since the anchor, for every metric that no rule names.
    pub drift_ratio: f64,
    /// Whether base is also measured against itself, to see whether the machine can be trusted.
    pub canary: bool,
    /// Whether suites whose programs are the same bytes in base and head are left out.
    pub identical: OnIdentical,
    /// The largest change of a time that code layout alone is taken to explain, where the instructions did not change.
    pub layout_noise_ratio: f64,
    /// What a change within the layout noise means.
    pub layout_suspect: OnTrouble,
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
    /// Their floor; counts for metrics of its unit.
    pub floor: Option<Quantity>,
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
    pub unit: Unit,
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
    /// Who is told of findings, from which severity on.
    pub escalate: BTreeMap<finding::Severity, Escalation>,
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
    /// Whether a missed budget blocks: also that of a metric that otherwise only informs, for whoever sets a budget wants it kept.
    pub budget_severity: Severity,
    /// Who answers for it.
    pub owner: Option<&'a str>,
    /// Its budget, where the unit fits.
    pub budget: Option<&'a BudgetRule>,
    /// Its waiver, expired or not, where the ceiling's unit fits.
    pub waiver: Option<&'a Waiver>,
}

/// The thresholds of a metric that nobody set, by its kind and by whether equal programs give equal values: tolerance, must-detect, floor.
/// `docs/configuration.md` shows the same table.
const fn defaults(kind: Kind, determinism: Determinism) -> Thresholds {
    let (tolerance_ratio, must_detect_ratio, floor) = match (kind, determinism) {
        (Kind::Time | Kind::Rate | Kind::Count, Determinism::Noisy)
        | (Kind::Slope, _)
        | (Kind::Ratio, Determinism::Exact) => (0.02, 0.05, 0.0),
        // One failed request more or less is no finding; one in a thousand is.
        (Kind::Ratio, Determinism::Noisy) => (0.02, 0.05, 0.001),
        // Peak memory moves in steps of the allocator: a page more or less says nothing.
        (Kind::Bytes, Determinism::Noisy) => (0.03, 0.08, 262_144.0),
        (Kind::Time | Kind::Rate | Kind::Count | Kind::Bytes, Determinism::Exact) => (0.0, 0.0, 0.0),
    };
    Thresholds { tolerance_ratio, must_detect_ratio, floor }
}

/// Instructions count exactly, but a hash seed or an environment variable's length moves them a little: what stays below is no change.
pub const INSTRUCTIONS: Thresholds = Thresholds { tolerance_ratio: 0.005, must_detect_ratio: 0.005, floor: 0.0 };

/// What a soak and the rest after it let pass by default: memory is resolved to some ten bytes a request, and a pool that starts late is no leak.
const GROWTH_BYTES: f64 = 64.0;
const LEFT: f64 = 8.0;
/// One more connection in a hundred requests: fewer come and go as requests happen to meet.
const OPENED_A_REQUEST: f64 = 0.01;

/// The floor of a metric of a scenario that nobody set, where it is not that of its kind.
fn floor(metric: &Metric) -> Option<f64> {
    match (metric.id.metric.as_str(), &metric.unit) {
        (load::MEMORY_GROWTH, Unit::Bytes) => Some(GROWTH_BYTES),
        (probe::DESCRIPTORS_LEFT | probe::THREADS_LEFT | probe::CONNECTIONS_LEFT, Unit::Count) => Some(LEFT),
        (probe::CONNECTIONS_OPENED, Unit::Count) => Some(OPENED_A_REQUEST),
        _ => None,
    }
}

/// Whether a metric is the count of a benchmark's instructions.
pub fn counts_instructions(metric: &Metric) -> bool {
    metric.id.metric.as_str() == "instructions" && metric.determinism == Determinism::Exact
}

impl Policy {
    /// Who is told of a finding of this severity: those of the highest that is named and that it reaches.
    pub fn escalation(&self, severity: finding::Severity) -> Escalation {
        self.escalate.range(..=severity).next_back().map(|(_, told)| told.clone()).unwrap_or_default()
    }

    /// What the policy comes to for `metric`: the defaults of its kind, then the gate's own settings, then the rules in their order.
    pub fn resolve(&self, metric: &Metric) -> Resolved<'_> {
        let mut default =
            if counts_instructions(metric) { INSTRUCTIONS } else { defaults(metric.kind, metric.determinism) };
        default.floor = floor(metric).unwrap_or(default.floor);
        let mut resolved = Resolved {
            thresholds: default,
            direction: metric.direction,
            severity: match metric.role {
                Role::Gated => Severity::Blocking,
                Role::Informative => Severity::Ignored,
            },
            budget_severity: Severity::Blocking,
            owner: None,
            budget: self.budgets.iter().rev().find(|rule| rule.unit == metric.unit && rule.selector.selects(metric)),
            waiver: self.waivers.iter().rev().find(|waiver| waives(waiver, metric)),
        };
        override_ratios(&mut resolved.thresholds, default, self.gate.tolerance_ratio, self.gate.must_detect_ratio);
        if let Some(floor) = self.gate.floors.iter().find(|floor| floor.unit == metric.unit) {
            resolved.thresholds.floor = floor.value;
        }
        for rule in self.rules.iter().filter(|rule| rule.selector.selects(metric)) {
            override_ratios(&mut resolved.thresholds, default, rule.tolerance_ratio, rule.must_detect_ratio);
            if let Some(floor) = rule.floor.as_ref().filter(|floor| floor.unit == metric.unit) {
                resolved.thresholds.floor = floor.value;
            }
            resolved.direction = rule.direction.unwrap_or(resolved.direction);
            resolved.severity = rule.severity.unwrap_or(resolved.severity);
            resolved.budget_severity = rule.severity.unwrap_or(resolved.budget_severity);
            resolved.owner = rule.owner.as_deref().or(resolved.owner);
        }
        resolved
    }

    /// The rules, budgets and waivers that none of the measured metrics is subject to, each as a sentence. A budget whose unit no metric that
    /// it selects has is one of them, and a waiver whose ceiling has another unit than its metric.
    pub fn unused<'m>(&self, metrics: impl IntoIterator<Item = &'m Metric>) -> Vec<String> {
        let metrics: Vec<&Metric> = metrics.into_iter().collect();
        let selected = |selector: &Selector| metrics.iter().any(|metric| selector.selects(metric));
        let rules = self.rules.iter().filter(|rule| !selected(&rule.selector));
        let rules = rules.map(|rule| format!("the rule for {} selects no metric", rule.selector));
        let fits = |rule: &BudgetRule| metrics.iter().any(|m| m.unit == rule.unit && rule.selector.selects(m));
        let budgets = self.budgets.iter().filter(|rule| !fits(rule)).map(|rule| {
            if selected(&rule.selector) {
                format!("the budget for {} is in `{}`, and no metric that it selects is", rule.selector, rule.unit)
            } else {
                format!("the budget for {} selects no metric", rule.selector)
            }
        });
        let waivers = self.waivers.iter().filter(|waiver| !metrics.iter().any(|metric| waives(waiver, metric)));
        let waivers = waivers.map(|waiver| {
            let Waiver { id, line, ceiling, .. } = waiver;
            match (metrics.iter().find(|metric| metric.id.to_string() == *id), ceiling) {
                (Some(metric), Ceiling::Value { unit, .. }) => {
                    format!(
                        "the ceiling of the waiver on line {line} is in `{unit}`, and `{id}` is in `{}`",
                        metric.unit
                    )
                }
                (Some(_) | None, _) => format!("the waiver on line {line} is for no metric: `{id}`"),
            }
        });
        rules.chain(budgets).chain(waivers).collect()
    }
}

/// Whether a waiver is for a metric and can be held against it.
fn waives(waiver: &Waiver, metric: &Metric) -> bool {
    waiver.ceiling.fits(&metric.unit) && waiver.id == metric.id.to_string()
}

/// Takes over what one layer of the policy sets. What it leaves out follows, so that the two keep something between them to tell apart:
/// must-detect stays the default's distance above a tolerance that reaches it, and tolerance stays in the default's proportion below a
/// must-detect that reaches it.
fn override_ratios(thresholds: &mut Thresholds, default: Thresholds, tolerance: Option<f64>, must_detect: Option<f64>) {
    thresholds.tolerance_ratio = tolerance.unwrap_or(thresholds.tolerance_ratio);
    thresholds.must_detect_ratio = must_detect.unwrap_or(thresholds.must_detect_ratio);
    if thresholds.tolerance_ratio < thresholds.must_detect_ratio {
        return;
    }
    let distance = default.must_detect_ratio - default.tolerance_ratio;
    match (tolerance, must_detect) {
        (Some(tolerance), None) => thresholds.must_detect_ratio = tolerance + distance,
        (None, Some(must_detect)) if distance > 0.0 => {
            thresholds.tolerance_ratio = must_detect * default.tolerance_ratio / default.must_detect_ratio;
        }
        (None, Some(must_detect)) => thresholds.tolerance_ratio = must_detect,
        (Some(_), Some(_)) | (None, None) => {}
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` of `{}`", self.metric, self.benchmark)
    }
}

impl Selector {
    /// A selector from two globs.
    pub fn new(benchmark: &str, metric: &str) -> Result<Self, globset::Error> {
        let glob = |pattern: &str| {
            let glob = globset::Glob::new(pattern)?;
            // A set says when a pattern cannot be compiled, such as one of very deep braces; a lone matcher panics.
            globset::GlobSet::builder().add(glob.clone()).build()?;
            Ok::<_, globset::Error>(glob.compile_matcher())
        };
        Ok(Self {
            benchmark: benchmark.to_owned(),
            metric: metric.to_owned(),
            benchmark_glob: glob(benchmark)?,
            metric_glob: glob(metric)?,
        })
    }

    /// The pattern that matches this text and no other, alone and among the alternatives of `{…,…}`.
    pub fn literal(text: &str) -> String {
        let part = |c: char| match c {
            '*' | '?' | '[' | ']' | '{' | '}' | '\\' | ',' => format!("[{c}]"),
            c => c.to_string(),
        };
        text.chars().map(part).collect()
    }

    /// Whether it may select a metric of a suite, whatever its benchmarks are called.
    pub fn may_select(&self, suite: &Name) -> bool {
        may_match(&self.benchmark, suite)
    }

    /// Whether it may select a metric of a benchmark, whatever its metrics are called.
    pub fn may_select_of(&self, benchmark: &BenchmarkId) -> bool {
        self.benchmark_glob.is_match(benchmark.to_string())
    }

    /// Whether it selects `metric`.
    pub fn selects(&self, metric: &Metric) -> bool {
        self.benchmark_glob.is_match(metric.id.benchmark.to_string())
            && self.metric_glob.is_match(metric.id.metric.as_str())
    }
}

/// Whether a glob over `suite/benchmark` may match a benchmark of a suite.
pub fn may_match(glob: &str, suite: &Name) -> bool {
    let literal: String = glob.chars().take_while(|c| !"*?[{\\".contains(*c)).collect();
    let prefix = format!("{suite}/");
    literal.starts_with(&prefix) || prefix.starts_with(&literal)
}

impl PartialEq for Selector {
    fn eq(&self, other: &Self) -> bool {
        (&self.benchmark, &self.metric) == (&other.benchmark, &other.metric)
    }
}

#[cfg(test)]
mod tests;
