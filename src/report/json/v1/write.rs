//! From the model to schema 1. Refuses to leave anything out.

use crate::model::{self, effect, environment, judgement, verdict};
use crate::report::sentence;
use crate::report::view::View;

use super::{
    BenchmarkId, Bound, BudgetCheck, Ceiling, Change, ConditionDifference, Coverage, CoverageProblem, Difference,
    Doubt, Effect, Environment, Identical, Incomparable, Judgement, Method, MetricId, MoreRuns, Notice, PolicySource,
    Precision, Quantity, Revision, Row, SCHEMA, Side, Thresholds, Trouble, Unit, Verdict, WaiverBearing, WaiverState,
    Warning,
};

impl From<f64> for Bound {
    fn from(value: f64) -> Self {
        Self(value.is_finite().then_some(value))
    }
}

impl From<&model::Judgement> for Judgement {
    fn from(value: &model::Judgement) -> Self {
        let model::Judgement { base, head, environment, policy, promise, coverage, notices, rows, identical, .. } =
            value.clone();
        let model::Judgement { canary, common_shift, order_bias, .. } = value.clone();
        Self {
            schema: SCHEMA,
            verdict: value.verdict.into(),
            message: View::of(value).headline,
            base: base.map(Into::into),
            head: head.into(),
            environment: environment.into(),
            seed: value.seed.to_string(),
            elapsed_s: value.elapsed_s,
            policy: policy.into(),
            promise: promise.into(),
            canary: canary.map(Into::into),
            common_shift: common_shift.map(Into::into),
            order_bias: order_bias.map(Into::into),
            coverage: coverage.into(),
            notices: notices.into_iter().map(Into::into).collect(),
            rows: rows.into_iter().map(Into::into).collect(),
            identical: identical.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<model::Identical> for Identical {
    fn from(value: model::Identical) -> Self {
        let benchmarks = value.benchmarks.iter().map(ToString::to_string).collect();
        Self { suite: value.suite.to_string(), benchmarks }
    }
}

impl From<model::MetricId> for MetricId {
    fn from(value: model::MetricId) -> Self {
        let BenchmarkId { suite, benchmark } = value.benchmark.into();
        Self { suite, benchmark, metric: value.metric.to_string() }
    }
}

impl From<model::BenchmarkId> for BenchmarkId {
    fn from(value: model::BenchmarkId) -> Self {
        Self { suite: value.suite.to_string(), benchmark: value.benchmark.to_string() }
    }
}

impl From<model::Coverage> for Coverage {
    fn from(value: model::Coverage) -> Self {
        let problem = |problem: model::CoverageProblem| CoverageProblem {
            suite: problem.suite.to_string(),
            benchmark: problem.benchmark.map(Into::into),
            trouble: problem.trouble.into(),
        };
        Self {
            expected: value.expected,
            measured: value.measured,
            compared: value.compared,
            proved: value.proved,
            limited: value.limited,
            problems: value.problems.into_iter().map(problem).collect(),
        }
    }
}

impl From<model::Trouble> for Trouble {
    fn from(value: model::Trouble) -> Self {
        match value {
            model::Trouble::New => Self::New,
            model::Trouble::Missing => Self::Missing,
            model::Trouble::Renamed { to } => Self::Renamed { to: to.to_string() },
            model::Trouble::Unparsed { text } => Self::Unparsed { text },
            model::Trouble::Crashed { arm, message, tail } => Self::Crashed { arm: arm.into(), message, tail },
            model::Trouble::TimedOut { arm, limit_s } => Self::TimedOut { arm: arm.into(), limit_s },
            model::Trouble::BuildFailed { arm, message, tail } => Self::BuildFailed { arm: arm.into(), message, tail },
        }
    }
}

impl From<judgement::Notice> for Notice {
    fn from(value: judgement::Notice) -> Self {
        match value {
            judgement::Notice::SecondHand => Self::SecondHand,
            judgement::Notice::Interrupted => Self::Interrupted,
            judgement::Notice::TimeLimit { limit_s } => Self::TimeLimit { limit_s },
            judgement::Notice::SameTree => Self::SameTree,
            judgement::Notice::SuiteChanged { suite } => Self::SuiteChanged { suite },
            judgement::Notice::WaiverUnused { id, line } => Self::WaiverUnused { id, line },
            judgement::Notice::RuleUnused { selector } => Self::RuleUnused { selector },
            judgement::Notice::HeadPolicyDiffers { message } => Self::HeadPolicyDiffers { message },
            judgement::Notice::Note(message) => Self::Note { message },
        }
    }
}

impl From<judgement::Row> for Row {
    fn from(value: judgement::Row) -> Self {
        let message = sentence::row(&value).line(str::to_owned);
        let metric = value.metric;
        Self {
            id: metric.id.into(),
            outcome: value.outcome.into(),
            verdict: value.verdict.into(),
            message,
            unit: metric.unit.into(),
            direction: metric.direction.into(),
            kind: metric.kind.into(),
            determinism: metric.determinism.into(),
            role: metric.role.into(),
            work: metric.work.map(|work| Quantity { value: work.value, unit: work.unit.into() }),
            base: value.base.map(Into::into),
            head: value.head.map(Into::into),
            effect: value.effect.map(Into::into),
            method: value.method.into(),
            thresholds: value.thresholds.into(),
            budget: value.budget.map(Into::into),
            waiver: value.waiver.map(Into::into),
            detectable_ratio: value.detectable_ratio,
            warnings: value.warnings.into_iter().map(Into::into).collect(),
            owner: value.owner,
            drift: value.drift.map(Into::into),
        }
    }
}

impl From<model::Unit> for Unit {
    fn from(value: model::Unit) -> Self {
        match value {
            model::Unit::Seconds => Self::Seconds,
            model::Unit::Bytes => Self::Bytes,
            model::Unit::Count => Self::Count,
            model::Unit::Ratio => Self::Ratio,
            model::Unit::PerSecond => Self::PerSecond,
            model::Unit::BytesPerSecond => Self::BytesPerSecond,
            model::Unit::Other(name) => Self::Other(name.to_string()),
        }
    }
}

impl From<effect::Effect> for Effect {
    fn from(value: effect::Effect) -> Self {
        let change = match value.change {
            effect::Change::Relative(value) => Change::Relative(value),
            effect::Change::Absolute(value) => Change::Absolute(value),
        };
        let precision = match value.precision {
            effect::Precision::Exact => Precision::Exact,
            effect::Precision::Interval { lower, upper, confidence } => {
                Precision::Interval { lower: lower.into(), upper: upper.into(), confidence }
            }
        };
        Self { change, precision }
    }
}

impl From<model::Thresholds> for Thresholds {
    fn from(value: model::Thresholds) -> Self {
        Self {
            tolerance_ratio: value.tolerance_ratio.into(),
            must_detect_ratio: value.must_detect_ratio.into(),
            floor: value.floor.into(),
        }
    }
}

impl From<verdict::Verdict> for Verdict {
    fn from(value: verdict::Verdict) -> Self {
        match value {
            verdict::Verdict::Improved => Self::Improved,
            verdict::Verdict::Unchanged => Self::Unchanged,
            verdict::Verdict::Regressed => Self::Regressed,
            verdict::Verdict::Inconclusive(doubt) => Self::Inconclusive { doubt: doubt.into() },
            verdict::Verdict::OverBudget => Self::OverBudget,
            verdict::Verdict::New => Self::New,
            verdict::Verdict::Missing => Self::Missing,
            verdict::Verdict::NotComparable(because) => Self::NotComparable { because: because.into() },
            verdict::Verdict::LayoutSuspect(verdict::Layout { towards, instructions_ratio, noise_ratio }) => {
                Self::LayoutSuspect { towards: towards.into(), instructions_ratio, noise_ratio }
            }
        }
    }
}

impl From<verdict::Doubt> for Doubt {
    fn from(value: verdict::Doubt) -> Self {
        use verdict::Doubt as Model;
        match value {
            Model::TooFewRounds { have, need } => Self::TooFewRounds { have, need },
            Model::TooNoisy { rounds_needed, more_s } => Self::TooNoisy { rounds_needed, more_s },
            Model::TimeLimit { rounds_needed, more_s } => Self::TimeLimit { rounds_needed, more_s },
            Model::Interrupted => Self::Interrupted,
            Model::StoredRunsCannotTell { runs, detectable_ratio, with_more } => Self::StoredRunsCannotTell {
                runs,
                detectable_ratio: detectable_ratio.into(),
                with_more: with_more
                    .map(|with| MoreRuns { more: with.more, detectable_ratio: with.detectable_ratio.into() }),
            },
            Model::OneProcess => Self::OneProcess,
            Model::BudgetInsideInterval => Self::BudgetInsideInterval,
            Model::RoundsLost { lost, of } => Self::RoundsLost { lost, of },
            Model::Untrusted => Self::Untrusted,
            Model::TailTooThin { beyond, need } => Self::TailTooThin { beyond, need },
            Model::GeneratorLate { rounds, of, worst_share } => Self::GeneratorLate { rounds, of, worst_share },
        }
    }
}

impl From<verdict::Incomparable> for Incomparable {
    fn from(value: verdict::Incomparable) -> Self {
        use verdict::Incomparable as Model;
        let difference =
            |it: environment::Difference| Difference { field: it.field.to_owned(), stored: it.stored, here: it.here };
        let condition = |verdict::ConditionDifference { what, base, head }| ConditionDifference { what, base, head };
        match value {
            Model::Environment(all) => Self::Environment { differences: all.into_iter().map(difference).collect() },
            Model::Unit { base, head } => Self::Unit { base, head },
            Model::NoBaseline => Self::NoBaseline,
            Model::BaseFailed => Self::BaseFailed,
            Model::Conditions(all) => Self::Conditions { differences: all.into_iter().map(condition).collect() },
            Model::StoredConditions(all) => {
                Self::StoredConditions { differences: all.into_iter().map(condition).collect() }
            }
        }
    }
}

impl From<judgement::BudgetCheck> for BudgetCheck {
    fn from(value: judgement::BudgetCheck) -> Self {
        let model::Budget { target, warning, critical } = value.budget;
        Self { target, warning, critical, level: value.level.into(), undecided: value.undecided.map(Into::into) }
    }
}

impl From<judgement::WaiverState> for WaiverState {
    fn from(value: judgement::WaiverState) -> Self {
        let (state, waiver) = match value {
            judgement::WaiverState::Covers(waiver) => (WaiverBearing::Covers, waiver),
            judgement::WaiverState::CeilingExceeded(waiver) => (WaiverBearing::CeilingExceeded, waiver),
            judgement::WaiverState::Expired(waiver) => (WaiverBearing::Expired, waiver),
        };
        let model::Waiver { id, ceiling, until, reason, owner, line } = waiver;
        Self { state, id, ceiling: ceiling.into(), until: until.to_string(), reason, owner, line }
    }
}

impl From<model::Revision> for Revision {
    fn from(value: model::Revision) -> Self {
        Self {
            commit: value.commit,
            tree: value.tree,
            label: value.label,
            title: value.title,
            committed_at_s: value.committed_at_s,
            dirty: value.dirty,
        }
    }
}

impl From<model::Environment> for Environment {
    fn from(value: model::Environment) -> Self {
        Self {
            cpu_model: value.cpu_model,
            cores: value.cores,
            memory_bytes: value.memory_bytes,
            os: value.os,
            kernel: value.kernel,
            hypervisor: value.hypervisor,
            image: value.image,
            toolchain: value.toolchain,
        }
    }
}

impl From<judgement::Side> for Side {
    fn from(value: judgement::Side) -> Self {
        Self { value: value.value, statistics: value.statistics }
    }
}

impl From<judgement::PolicySource> for PolicySource {
    fn from(value: judgement::PolicySource) -> Self {
        match value {
            judgement::PolicySource::Base => Self::Base,
            judgement::PolicySource::BaseAndHead { changed } => Self::BaseAndHead { changed },
            judgement::PolicySource::Head => Self::Head,
            judgement::PolicySource::Given { path } => Self::Given { path },
            judgement::PolicySource::Defaults => Self::Defaults,
        }
    }
}

impl From<judgement::Method> for Method {
    fn from(value: judgement::Method) -> Self {
        match value {
            judgement::Method::Paired { rounds, rounds_total } => Self::Paired { rounds, rounds_total },
            judgement::Method::Stored { runs } => Self::Stored { runs },
            judgement::Method::Single => Self::Single,
            judgement::Method::Alone => Self::Alone,
        }
    }
}

impl From<judgement::Warning> for Warning {
    fn from(value: judgement::Warning) -> Self {
        match value {
            judgement::Warning::SourceChanged => Self::SourceChanged,
            judgement::Warning::NotExact => Self::NotExact,
            judgement::Warning::PseudoReplicated => Self::PseudoReplicated,
            judgement::Warning::RoundsLost { lost } => Self::RoundsLost { lost },
            judgement::Warning::RoundsLate { late } => Self::RoundsLate { late },
            judgement::Warning::Bimodal => Self::Bimodal,
            judgement::Warning::NoSpread => Self::NoSpread,
            judgement::Warning::OrderBias { second } => Self::OrderBias { second_ratio: second.0 },
            judgement::Warning::Drifting { ratio } => Self::Drifting { ratio: ratio.0 },
            judgement::Warning::HeavyTails { far, of } => Self::HeavyTails { far, of },
            judgement::Warning::Ties { equal, of } => Self::Ties { equal, of },
            judgement::Warning::BimodalAlone { arm } => Self::BimodalAlone { arm: arm.into() },
            judgement::Warning::Bursts => Self::Bursts,
            judgement::Warning::ShortProcesses { processes, apart } => {
                Self::ShortProcesses { processes, ratio: apart.0 }
            }
        }
    }
}

impl From<model::Ceiling> for Ceiling {
    fn from(value: model::Ceiling) -> Self {
        match value {
            model::Ceiling::Change { ratio } => Self::Change { ratio },
            model::Ceiling::Value { value, unit } => Self::Value { value, unit: unit.into() },
        }
    }
}
