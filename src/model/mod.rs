//! The nouns of Tollgate: what a benchmark, a metric, a sample, a run and a verdict are. Refuses to know where they come from or how they are shown.

pub mod budget;
pub mod calibration;
pub mod coverage;
pub mod effect;
pub mod environment;
pub mod judgement;
pub mod metric;
pub mod name;
pub mod protocol;
pub mod revision;
pub mod run;
pub mod sample;
pub mod selftest;
pub mod stored;
pub mod threshold;
pub mod unit;
pub mod verdict;
pub mod waiver;

pub use budget::{Budget, BudgetLevel};
pub use calibration::Calibration;
pub use coverage::{Coverage, CoverageProblem, Trouble};
pub use effect::{Change, Effect, Precision};
pub use environment::Environment;
pub use judgement::{Judgement, Row};
pub use metric::{Determinism, Direction, Kind, Metric, Role};
pub use name::{BenchmarkId, MetricId, Name};
pub use protocol::{Canary, Identical, Protocol};
pub use revision::{Revision, Wanted};
pub use run::{Arm, Run, Series};
pub use sample::Sample;
pub use selftest::Selftest;
pub use stored::{StoredMetric, StoredRun, StoredSeries, StoredValues, Why};
pub use threshold::Thresholds;
pub use unit::{Quantity, Unit};
pub use verdict::{Doubt, Outcome, RunVerdict, Verdict};
pub use waiver::{Ceiling, Waiver};
