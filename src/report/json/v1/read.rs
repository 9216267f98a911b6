//! From schema 1 to the model. Refuses what the model cannot hold: an empty name, a date that is none.

use crate::model::{self, effect, environment, judgement, verdict};
use crate::report::json::JsonError;

use super::{
    BenchmarkId, Bound, BudgetCheck, Ceiling, Change, ConditionDifference, Coverage, CoverageProblem, Difference,
    Doubt, Effect, Environment, Identical, Incomparable, Judgement, Method, MetricId, Notice, PolicySource, Precision,
    Quantity, Revision, Row, Side, Thresholds, Trouble, Unit, Verdict, WaiverBearing, WaiverState, Warning,
};

/// A name, or why it is none.
fn name(text: String) -> Result<model::Name, JsonError> {
    model::Name::new(text).map_err(|error| JsonError::Invalid { what: error.to_string() })
}

/// Each converted, or the first error.
fn each<T, U: TryFrom<T, Error = JsonError>>(all: Vec<T>) -> Result<Vec<U>, JsonError> {
    all.into_iter().map(U::try_from).collect()
}

impl Bound {
    /// The number, or `infinite` where it is null.
    pub(super) fn or(self, infinite: f64) -> f64 {
        self.0.unwrap_or(infinite)
    }
}

impl TryFrom<Judgement> for model::Judgement {
    type Error = JsonError;

    fn try_from(value: Judgement) -> Result<Self, JsonError> {
        Ok(Self {
            base: value.base.map(Into::into),
            head: value.head.into(),
            environment: value.environment.into(),
            seed: value
                .seed
                .parse()
                .map_err(|_| JsonError::Invalid { what: "the seed is not a whole number".to_owned() })?,
            elapsed_s: value.elapsed_s,
            policy: value.policy.into(),
            verdict: value.verdict.into(),
            rows: each(value.rows)?,
            canary: value.canary.map(TryInto::try_into).transpose()?,
            common_shift: value.common_shift.map(Into::into),
            order_bias: value.order_bias.map(Into::into),
            coverage: value.coverage.try_into()?,
            promise: value.promise.try_into()?,
            notices: value.notices.into_iter().map(Into::into).collect(),
            identical: each(value.identical)?,
        })
    }
}

impl TryFrom<Identical> for model::Identical {
    type Error = JsonError;

    fn try_from(value: Identical) -> Result<Self, JsonError> {
        let benchmarks = value.benchmarks.into_iter().map(name).collect::<Result<_, _>>()?;
        Ok(Self { suite: name(value.suite)?, benchmarks })
    }
}

impl TryFrom<MetricId> for model::MetricId {
    type Error = JsonError;

    fn try_from(value: MetricId) -> Result<Self, JsonError> {
        let benchmark = BenchmarkId { suite: value.suite, benchmark: value.benchmark }.try_into()?;
        Ok(Self { benchmark, metric: name(value.metric)? })
    }
}

impl TryFrom<BenchmarkId> for model::BenchmarkId {
    type Error = JsonError;

    fn try_from(value: BenchmarkId) -> Result<Self, JsonError> {
        Ok(Self { suite: name(value.suite)?, benchmark: name(value.benchmark)? })
    }
}

impl TryFrom<Coverage> for model::Coverage {
    type Error = JsonError;

    fn try_from(value: Coverage) -> Result<Self, JsonError> {
        let Coverage { expected, measured, compared, proved, limited, problems } = value;
        Ok(Self { expected, measured, compared, proved, limited, problems: each(problems)? })
    }
}

impl TryFrom<CoverageProblem> for model::CoverageProblem {
    type Error = JsonError;

    fn try_from(value: CoverageProblem) -> Result<Self, JsonError> {
        let benchmark = value.benchmark.map(TryInto::try_into).transpose()?;
        let trouble = match value.trouble {
            Trouble::New => model::Trouble::New,
            Trouble::Missing => model::Trouble::Missing,
            Trouble::Renamed { to } => model::Trouble::Renamed { to: name(to)? },
            Trouble::Unparsed { text } => model::Trouble::Unparsed { text },
            Trouble::Crashed { arm, message, tail } => model::Trouble::Crashed { arm: arm.into(), message, tail },
            Trouble::TimedOut { arm, limit_s } => model::Trouble::TimedOut { arm: arm.into(), limit_s },
            Trouble::BuildFailed { arm, message, tail } => {
                model::Trouble::BuildFailed { arm: arm.into(), message, tail }
            }
        };
        Ok(Self { suite: name(value.suite)?, benchmark, trouble })
    }
}

impl From<Notice> for judgement::Notice {
    fn from(value: Notice) -> Self {
        match value {
            Notice::SecondHand => Self::SecondHand,
            Notice::Interrupted => Self::Interrupted,
            Notice::TimeLimit { limit_s } => Self::TimeLimit { limit_s },
            Notice::SameTree => Self::SameTree,
            Notice::SuiteChanged { suite } => Self::SuiteChanged { suite },
            Notice::WaiverUnused { id, line } => Self::WaiverUnused { id, line },
            Notice::RuleUnused { selector } => Self::RuleUnused { selector },
            Notice::HeadPolicyDiffers { message } => Self::HeadPolicyDiffers { message },
            Notice::Note { message } => Self::Note(message),
        }
    }
}

impl TryFrom<Row> for judgement::Row {
    type Error = JsonError;

    fn try_from(value: Row) -> Result<Self, JsonError> {
        let work = |work: Quantity| Ok(model::Quantity { value: work.value, unit: work.unit.try_into()? });
        let metric = model::Metric {
            id: value.id.try_into()?,
            unit: value.unit.try_into()?,
            direction: value.direction.into(),
            kind: value.kind.into(),
            determinism: value.determinism.into(),
            role: value.role.into(),
            work: value.work.map(work).transpose()?,
        };
        Ok(Self {
            metric,
            base: value.base.map(Into::into),
            head: value.head.map(Into::into),
            effect: value.effect.map(Into::into),
            method: value.method.into(),
            thresholds: value.thresholds.into(),
            verdict: value.verdict.into(),
            budget: value.budget.map(Into::into),
            waiver: value.waiver.map(TryInto::try_into).transpose()?,
            outcome: value.outcome.into(),
            detectable_ratio: value.detectable_ratio,
            warnings: value.warnings.into_iter().map(Into::into).collect(),
            owner: value.owner,
            drift: value.drift.map(Into::into),
        })
    }
}

impl TryFrom<Unit> for model::Unit {
    type Error = JsonError;

    fn try_from(value: Unit) -> Result<Self, JsonError> {
        Ok(match value {
            Unit::Seconds => Self::Seconds,
            Unit::Bytes => Self::Bytes,
            Unit::Count => Self::Count,
            Unit::Ratio => Self::Ratio,
            Unit::PerSecond => Self::PerSecond,
            Unit::BytesPerSecond => Self::BytesPerSecond,
            Unit::Other(text) => Self::Other(name(text)?),
        })
    }
}

impl From<Effect> for effect::Effect {
    fn from(value: Effect) -> Self {
        let change = match value.change {
            Change::Relative(value) => effect::Change::Relative(value),
            Change::Absolute(value) => effect::Change::Absolute(value),
        };
        let precision = match value.precision {
            Precision::Exact => effect::Precision::Exact,
            Precision::Interval { lower, upper, confidence } => effect::Precision::Interval {
                lower: lower.or(f64::NEG_INFINITY),
                upper: upper.or(f64::INFINITY),
                confidence,
            },
        };
        Self { change, precision }
    }
}

impl From<Thresholds> for model::Thresholds {
    fn from(value: Thresholds) -> Self {
        Self {
            tolerance_ratio: value.tolerance_ratio.or(f64::INFINITY),
            must_detect_ratio: value.must_detect_ratio.or(f64::INFINITY),
            floor: value.floor.or(f64::INFINITY),
        }
    }
}

impl From<Verdict> for verdict::Verdict {
    fn from(value: Verdict) -> Self {
        match value {
            Verdict::Improved => Self::Improved,
            Verdict::Unchanged => Self::Unchanged,
            Verdict::Regressed => Self::Regressed,
            Verdict::Inconclusive { doubt } => Self::Inconclusive(doubt.into()),
            Verdict::OverBudget => Self::OverBudget,
            Verdict::New => Self::New,
            Verdict::Missing => Self::Missing,
            Verdict::NotComparable { because } => Self::NotComparable(because.into()),
            Verdict::LayoutSuspect { towards, instructions_ratio, noise_ratio } => {
                Self::LayoutSuspect(verdict::Layout { towards: towards.into(), instructions_ratio, noise_ratio })
            }
        }
    }
}

impl From<Doubt> for verdict::Doubt {
    fn from(value: Doubt) -> Self {
        match value {
            Doubt::TooFewRounds { have, need } => Self::TooFewRounds { have, need },
            Doubt::TooNoisy { rounds_needed, more_s } => Self::TooNoisy { rounds_needed, more_s },
            Doubt::TimeLimit { rounds_needed, more_s } => Self::TimeLimit { rounds_needed, more_s },
            Doubt::Interrupted => Self::Interrupted,
            Doubt::StoredRunsCannotTell { runs, detectable_ratio, with_more } => Self::StoredRunsCannotTell {
                runs,
                detectable_ratio: detectable_ratio.or(f64::INFINITY),
                with_more: with_more.map(|with| verdict::MoreRuns {
                    more: with.more,
                    detectable_ratio: with.detectable_ratio.or(f64::INFINITY),
                }),
            },
            Doubt::OneProcess => Self::OneProcess,
            Doubt::BudgetInsideInterval => Self::BudgetInsideInterval,
            Doubt::RoundsLost { lost, of } => Self::RoundsLost { lost, of },
            Doubt::Untrusted => Self::Untrusted,
            Doubt::TailTooThin { beyond, need } => Self::TailTooThin { beyond, need },
            Doubt::GeneratorLate { rounds, of, worst_share } => Self::GeneratorLate { rounds, of, worst_share },
        }
    }
}

impl From<Incomparable> for verdict::Incomparable {
    fn from(value: Incomparable) -> Self {
        let condition = |ConditionDifference { what, base, head }| verdict::ConditionDifference { what, base, head };
        match value {
            Incomparable::Environment { differences } => {
                Self::Environment(differences.into_iter().map(Into::into).collect())
            }
            Incomparable::Unit { base, head } => Self::Unit { base, head },
            Incomparable::NoBaseline => Self::NoBaseline,
            Incomparable::BaseFailed => Self::BaseFailed,
            Incomparable::Conditions { differences } => {
                Self::Conditions(differences.into_iter().map(condition).collect())
            }
            Incomparable::StoredConditions { differences } => {
                Self::StoredConditions(differences.into_iter().map(condition).collect())
            }
        }
    }
}

impl From<Difference> for environment::Difference {
    fn from(value: Difference) -> Self {
        // The model holds the name of a field of its own; one of a later version keeps its values under a general name.
        let known = ["CPU model", "cores", "image", "toolchain"];
        let field = known.into_iter().find(|known| *known == value.field).unwrap_or("environment");
        Self { field, stored: value.stored, here: value.here }
    }
}

impl From<BudgetCheck> for judgement::BudgetCheck {
    fn from(value: BudgetCheck) -> Self {
        let BudgetCheck { target, warning, critical, level, undecided } = value;
        let budget = model::Budget { target, warning, critical };
        Self { budget, level: level.into(), undecided: undecided.map(Into::into) }
    }
}

impl TryFrom<WaiverState> for judgement::WaiverState {
    type Error = JsonError;

    fn try_from(value: WaiverState) -> Result<Self, JsonError> {
        let until = value
            .until
            .parse()
            .map_err(|_| JsonError::Invalid { what: "the last day of a waiver is not a date".to_owned() })?;
        let WaiverState { state, id, ceiling, reason, owner, line, .. } = value;
        let waiver = model::Waiver { id, ceiling: ceiling.try_into()?, until, reason, owner, line };
        Ok(match state {
            WaiverBearing::Covers => Self::Covers(waiver),
            WaiverBearing::CeilingExceeded => Self::CeilingExceeded(waiver),
            WaiverBearing::Expired => Self::Expired(waiver),
        })
    }
}

impl From<Revision> for model::Revision {
    fn from(value: Revision) -> Self {
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

impl From<Environment> for model::Environment {
    fn from(value: Environment) -> Self {
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

impl From<Side> for judgement::Side {
    fn from(value: Side) -> Self {
        Self { value: value.value, statistics: value.statistics }
    }
}

impl From<PolicySource> for judgement::PolicySource {
    fn from(value: PolicySource) -> Self {
        match value {
            PolicySource::Base => Self::Base,
            PolicySource::BaseAndHead { changed } => Self::BaseAndHead { changed },
            PolicySource::Head => Self::Head,
            PolicySource::Given { path } => Self::Given { path },
            PolicySource::Defaults => Self::Defaults,
        }
    }
}

impl From<Method> for judgement::Method {
    fn from(value: Method) -> Self {
        match value {
            Method::Paired { rounds, rounds_total } => Self::Paired { rounds, rounds_total },
            Method::Stored { runs } => Self::Stored { runs },
            Method::Single => Self::Single,
            Method::Alone => Self::Alone,
        }
    }
}

impl From<Warning> for judgement::Warning {
    fn from(value: Warning) -> Self {
        match value {
            Warning::SourceChanged => Self::SourceChanged,
            Warning::NotExact => Self::NotExact,
            Warning::PseudoReplicated => Self::PseudoReplicated,
            Warning::RoundsLost { lost } => Self::RoundsLost { lost },
            Warning::RoundsLate { late } => Self::RoundsLate { late },
            Warning::Bimodal => Self::Bimodal,
            Warning::NoSpread => Self::NoSpread,
            Warning::OrderBias { second_ratio } => Self::OrderBias { second: model::Ratio(second_ratio) },
            Warning::Drifting { ratio } => Self::Drifting { ratio: model::Ratio(ratio) },
            Warning::HeavyTails { far, of } => Self::HeavyTails { far, of },
            Warning::Ties { equal, of } => Self::Ties { equal, of },
            Warning::BimodalAlone { arm } => Self::BimodalAlone { arm: arm.into() },
            Warning::Bursts => Self::Bursts,
            Warning::ShortProcesses { processes, ratio } => {
                Self::ShortProcesses { processes, apart: model::Ratio(ratio) }
            }
        }
    }
}

impl TryFrom<Ceiling> for model::Ceiling {
    type Error = JsonError;

    fn try_from(value: Ceiling) -> Result<Self, JsonError> {
        Ok(match value {
            Ceiling::Change { ratio } => Self::Change { ratio },
            Ceiling::Value { value, unit } => Self::Value { value, unit: unit.try_into()? },
        })
    }
}
