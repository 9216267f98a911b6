//! What a rule looks at: the rows of one scenario (or of one benchmark of another suite) by name, and what was seen beside them in both arms. Refuses to know any rule.

use std::collections::BTreeMap;

use crate::model::exhibit::Statement;
use crate::model::{Change, Exhibit, Name, Precision, Row, Run, Verdict};
use crate::model::{load, probe};

/// So many rounds of each arm, all of them on their side, are no coincidence that a rule has to fear: of twenty orders of three and three, two are like that.
const APART_ROUNDS_MIN: usize = 3;
/// A smaller change than this is none, for a rule that asks what stayed: CPU time of a request varies by about so much between rounds on a shared machine.
const FLAT_RATIO: f64 = 0.10;
/// CPU time explains a longer request where it rose by this part of it at least: the rest may be a queue before a core.
const CPU_PART: f64 = 0.25;
/// From this part of the cores in use on, little more work makes long queues.
const BUSY_PART: f64 = 0.70;

/// What a request takes from its intended send on, on average.
const LATENCY_MEAN: &str = "latency-mean";

/// The rows of one scenario, and what was seen beside them.
pub(super) struct Case<'a> {
    /// The benchmark that stands for all of it.
    whole: &'a str,
    rows: BTreeMap<(&'a str, &'a str), &'a Row>,
    /// The statements of both arms; base's are `None` where base was not measured or saw none.
    base: Option<Vec<&'a Statement>>,
    pub(super) head: Vec<&'a Statement>,
    /// How many cores the machine has.
    pub(super) cores: u32,
}

/// A metric that surely moved.
#[derive(Clone, Copy)]
pub(super) struct Moved<'a> {
    pub(super) row: &'a Row,
    pub(super) base: f64,
    pub(super) head: f64,
}

/// A statement of head beside base's.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    pub(super) head: &'a Statement,
    pub(super) base: Option<&'a Statement>,
}

/// The cases of a judgement: one for each scenario, and one for each benchmark of other suites.
pub(super) fn cases<'a>(rows: &'a [Row], base: Option<&'a Run>, head: &'a Run) -> Vec<Case<'a>> {
    let mut suites: BTreeMap<&Name, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        suites.entry(&row.metric.id.benchmark.suite).or_default().push(row);
    }
    let mut cases = Vec::new();
    for (suite, rows) in suites {
        if load::is_load(rows.iter().map(|row| row.metric.id.metric.as_str())) {
            cases.push(Case::new(suite, &rows, base, head));
            continue;
        }
        let mut benchmarks: BTreeMap<&Name, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            benchmarks.entry(&row.metric.id.benchmark.benchmark).or_default().push(row);
        }
        cases.extend(benchmarks.values().map(|rows| Case::new(suite, rows, None, head)));
    }
    cases
}

impl<'a> Case<'a> {
    fn new(suite: &'a Name, all: &[&'a Row], base: Option<&'a Run>, head: &'a Run) -> Self {
        let statements = |run: &'a Run| -> Vec<&'a Statement> {
            let of_suite = run.exhibits.values().map(|Exhibit::Statement(statement)| statement);
            of_suite.filter(|statement| statement.benchmark.suite == *suite).collect()
        };
        let key = |row: &'a Row| (row.metric.id.benchmark.benchmark.as_str(), row.metric.id.metric.as_str());
        let rows: BTreeMap<_, _> = all.iter().map(|row| (key(row), *row)).collect();
        Self {
            whole: load::whole(rows.keys().map(|(benchmark, _)| *benchmark)).unwrap_or_default(),
            rows,
            base: base.map(statements).filter(|seen| !seen.is_empty()),
            head: statements(head),
            cores: head.environment.cores,
        }
    }

    /// All rows.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Row> {
        self.rows.values().copied()
    }

    /// A metric of all of it.
    pub(super) fn row(&self, metric: &str) -> Option<&'a Row> {
        self.of(self.whole, metric)
    }

    /// A metric of one benchmark.
    pub(super) fn of(&self, benchmark: &str, metric: &str) -> Option<&'a Row> {
        self.rows.get(&(benchmark, metric)).copied()
    }

    /// The rows of any benchmark whose metric has this name, or begins with it and a hyphen.
    pub(super) fn named(&self, metric: &'a str) -> impl Iterator<Item = &'a Row> {
        self.all().filter(move |row| {
            let rest = row.metric.id.metric.as_str().strip_prefix(metric);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    }

    /// Head's value of a metric of all of it.
    pub(super) fn head(&self, metric: &str) -> Option<f64> {
        Some(self.row(metric)?.head.as_ref()?.value)
    }

    /// A metric of all of it that surely rose by more than this fraction.
    pub(super) fn rose(&self, metric: &str, ratio: f64) -> Option<Moved<'a>> {
        rose(self.row(metric)?, ratio)
    }

    /// Whether a metric of all of it did not rise to speak of; `None` where nothing is known of it.
    pub(super) fn flat(&self, metric: &str) -> Option<bool> {
        let row = self.row(metric)?;
        let (base, head) = (row.base.as_ref()?.value, row.head.as_ref()?.value);
        Some(head <= base * (1.0 + FLAT_RATIO) || rose(row, FLAT_RATIO).is_none())
    }

    /// Whether requests do more work, and that is why they take longer. Waiting for a lock or for others takes some CPU time too: that is no cause
    /// of it. `None` where nothing is known of CPU time.
    pub(super) fn works_more(&self) -> Option<bool> {
        if self.flat(probe::CPU_PER_REQUEST)? {
            return Some(false);
        }
        let cpu = self.row(probe::CPU_PER_REQUEST)?;
        let more_s = cpu.head.as_ref()?.value - cpu.base.as_ref()?.value;
        let is_busy = self
            .head(load::SERVICE_CPU)
            .is_some_and(|used| self.cores > 0 && used >= BUSY_PART * f64::from(self.cores));
        let longer_s = self.rose(LATENCY_MEAN, 0.0).map_or(0.0, |mean| mean.head - mean.base);
        Some(is_busy || more_s >= CPU_PART * longer_s)
    }

    /// The worst failing latency, of all of it before a part's.
    pub(super) fn slower(&self) -> Option<&'a Row> {
        let failing = || self.all().filter(|row| row.outcome.fails() && is_latency(row));
        failing().find(|row| row.metric.id.benchmark.benchmark.as_str() == self.whole).or_else(|| failing().next())
    }

    /// Whether head can be compared with base's statements.
    pub(super) fn has_base(&self) -> bool {
        self.base.is_some()
    }

    /// Head's statements, each beside base's of the same request and text.
    pub(super) fn statements(&self) -> impl Iterator<Item = Beside<'a>> {
        self.head.iter().map(|head| {
            let same = |base: &&&Statement| base.benchmark == head.benchmark && base.text == head.text;
            Beside { head, base: self.base.iter().flatten().find(same).copied() }
        })
    }
}

/// Whether a row says how long a request takes.
fn is_latency(row: &Row) -> bool {
    let name = row.metric.id.metric.as_str();
    name.starts_with("latency-p") || name.starts_with("latency-m") || name.starts_with(load::SERVICE_TIME)
}

/// The row, where it surely rose by more than this fraction; from nothing, where it surely rose at all.
pub(super) fn rose(row: &Row, ratio: f64) -> Option<Moved<'_>> {
    moved(row, |base, head| head > base * (1.0 + ratio) && head > base, 1.0)
}

/// The row, where it surely fell by more than this fraction.
pub(super) fn fell(row: &Row, ratio: f64) -> Option<Moved<'_>> {
    moved(row, |base, head| head < base * (1.0 - ratio), -1.0)
}

fn moved(row: &Row, far: impl Fn(f64, f64) -> bool, sign: f64) -> Option<Moved<'_>> {
    let (base, head) = (row.base.as_ref()?, row.head.as_ref()?);
    (far(base.value, head.value) && surely(row, sign)).then_some(Moved { row, base: base.value, head: head.value })
}

/// Whether a row surely moved into this direction: counted exactly, or by its interval, or because all rounds of one arm lie beyond all of the other.
fn surely(row: &Row, sign: f64) -> bool {
    let Some(effect) = &row.effect else { return false };
    let by_effect = match effect.precision {
        Precision::Exact => effect.change.value() * sign > 0.0,
        Precision::Interval { lower, upper, .. } if sign > 0.0 => lower > 0.0 && upper > 0.0,
        Precision::Interval { lower, upper, .. } => lower < 0.0 && upper < 0.0,
    };
    let apart = || {
        let (Some(base), Some(head)) = (&row.base, &row.head) else { return false };
        let of = |values: &[f64], worst: fn(f64, f64) -> f64| values.iter().map(|v| v * sign).reduce(worst);
        let enough = base.statistics.len().min(head.statistics.len()) >= APART_ROUNDS_MIN;
        enough && of(&head.statistics, f64::min) > of(&base.statistics, f64::max)
    };
    by_effect || apart()
}

/// How much worse a row is, as a fraction of base; infinite from nothing, 0 where nothing is known.
pub(super) fn worsening(row: &Row) -> f64 {
    let worse = match row.metric.direction {
        crate::model::Direction::LowerIsBetter => 1.0,
        crate::model::Direction::HigherIsBetter => -1.0,
    };
    match row.effect.as_ref().map(|effect| effect.change) {
        // Half of a rate is as bad as twice a time.
        Some(Change::Relative(ratio)) if worse < 0.0 && ratio < 0.0 => 1.0 / (1.0 + ratio).max(1e-6) - 1.0,
        Some(Change::Relative(ratio)) => (ratio * worse).max(0.0),
        Some(Change::Absolute(change)) if change * worse > 0.0 => f64::INFINITY,
        Some(Change::Absolute(_)) | None => 0.0,
    }
}

/// Whether a row is worse for sure or over its budget, whatever that means to the gate.
pub(super) fn is_worse(row: &Row) -> bool {
    matches!(row.verdict, Verdict::Regressed | Verdict::OverBudget)
}
