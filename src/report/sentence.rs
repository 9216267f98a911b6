//! The one sentence for a verdict, a notice and a trouble, the same in every report. Refuses to know how it is marked up.

use crate::model::effect::{Change, Effect};
use crate::model::judgement::{Drift, DriftState, Method, Notice, PolicySource, WaiverState};
use crate::model::{
    BenchmarkId, BudgetLevel, CoverageProblem, Direction, Kind, Metric, MetricId, Outcome, Revision, Row, Trouble,
    Verdict,
};

use super::escape::{self, NAME_SHOWN_MAX};
use super::note;
use super::number::{self, plural};
use super::text::Text;

/// A foreign name as it is shown: short enough for a table.
pub(super) fn shown(name: &str) -> String {
    escape::shorten(&escape::visible(name), NAME_SHOWN_MAX)
}

/// A benchmark as `suite/benchmark`, as the command line takes it.
pub(super) fn benchmark(id: &BenchmarkId) -> String {
    shown(&id.to_string())
}

/// A metric as `suite/benchmark:metric`, its time as the benchmark alone.
pub(super) fn metric(id: &MetricId) -> String {
    if is_plain_time(id) { benchmark(&id.benchmark) } else { shown(&id.to_string()) }
}

/// Whether the metric is the one that a benchmark is about when nothing is said.
fn is_plain_time(id: &MetricId) -> bool {
    matches!(id.metric.as_str(), "time" | "wall" | "wall-time")
}

/// What is said of one row.
pub(super) fn row(row: &Row) -> Text {
    let budget = || over_budget(row).filter(|_| row.verdict != Verdict::OverBudget);
    let said = match &row.verdict {
        Verdict::OverBudget => over_budget(row).unwrap_or_else(|| subject(row).say(" is over its budget")),
        Verdict::Regressed | Verdict::Improved => changed(row),
        Verdict::Unchanged => subject(row).say(" is unchanged"),
        Verdict::Inconclusive(reason) => subject(row).say(format!(": {}", note::doubt(reason, &row.method))),
        Verdict::New => subject(row).say(" is new: there is nothing to compare it with"),
        Verdict::Missing => subject(row).say(" is missing: base has it, head has not"),
        Verdict::NotComparable(why) => {
            subject(row).say(" cannot be compared with base: ").then(note::incomparable(why))
        }
        Verdict::LayoutSuspect(layout) => changed(row).say(note::layout(layout, row.outcome)),
    };
    let said = match (&row.verdict, budget()) {
        (
            Verdict::Regressed
            | Verdict::Improved
            | Verdict::New
            | Verdict::Inconclusive(_)
            | Verdict::LayoutSuspect(_),
            Some(budget),
        ) => said.say("; ").then(budget),
        _ => said,
    };
    let said = match drifted(row).filter(|_| matches!(row.outcome, Outcome::FailDrifted | Outcome::Waived)) {
        Some(drift) => said.say("; ").then(drift),
        None => said,
    };
    match &row.waiver {
        Some(state) => said.say(note::waived(state, row.outcome)),
        None => said,
    }
}

/// `suite/benchmark`, with the metric where it is not the time.
fn subject(row: &Row) -> Text {
    Text::literal(metric(&row.metric.id))
}

/// Since `v1.0` +12 % [+11, +13], of 10 % allowed. Only where that is surely too much.
pub(super) fn drifted(row: &Row) -> Option<Text> {
    let drift = row.drift.as_ref().filter(|drift| drift.state == DriftState::Beyond)?;
    Some(Text::prose("since ").code(shown(&drift.since)).say(format!(" {}", since(drift, row))))
}

/// A drift with what is allowed: `+9.1 % [+8, +10], of 10 % allowed`.
pub(super) fn since(drift: &Drift, row: &Row) -> String {
    format!("{}, of {} allowed", number::change(&drift.effect, &row.metric.unit), number::percent(drift.allowed_ratio))
}

/// `core/parse` is 6.3 % slower than base.
fn changed(row: &Row) -> Text {
    let Metric { id, kind, unit, .. } = &row.metric;
    let Some(effect) = &row.effect else { return subject(row).say(" changed") };
    let (size, more) = (number::change_size(effect, unit), effect.change.value() > 0.0);
    let bench = Text::literal(benchmark(&id.benchmark));
    let name = shown(id.metric.as_str());
    if let Change::Absolute(_) = effect.change {
        return bench
            .say(format!(" has {size} {} ", if more { "more" } else { "less" }))
            .code(name)
            .say(" than base, which has none");
    }
    if let Some(times) = number::as_times(effect, unit) {
        return match kind {
            Kind::Time if is_plain_time(id) => bench.say(format!(" takes {times} as long as base")),
            _ => bench.say(format!(" has {times} the ")).code(name).say(" of base"),
        };
    }
    match kind {
        Kind::Time if is_plain_time(id) => bench.say(format!(" is {size} {} than base", slower(more))),
        Kind::Time => bench.say(format!(" is {size} {} than base in ", slower(more))).code(name),
        Kind::Bytes if is_memory(&name) => bench
            .say(format!(" uses {size} {} memory than base (", if more { "more" } else { "less" }))
            .code(name)
            .say(")"),
        Kind::Bytes => {
            bench.say(format!(" is {size} {} than base in ", if more { "larger" } else { "smaller" })).code(name)
        }
        Kind::Count => {
            bench.say(format!(" needs {size} {} ", if more { "more" } else { "fewer" })).code(name).say(" than base")
        }
        Kind::Rate | Kind::Ratio | Kind::Slope => {
            bench.say(format!(" has a {size} {} ", if more { "higher" } else { "lower" })).code(name).say(" than base")
        }
    }
}

/// The word for a longer or shorter time.
fn slower(more: bool) -> &'static str {
    if more { "slower" } else { "faster" }
}

/// Whether a size is one of memory, not of a file.
fn is_memory(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["rss", "heap", "mem", "alloc"].iter().any(|word| name.contains(word))
}

/// `checkout:latency-p95` is 131 ms, over its critical budget of 120 ms.
fn over_budget(row: &Row) -> Option<Text> {
    let check = row.budget.as_ref().filter(|check| check.level > BudgetLevel::Within)?;
    let limit = number::limit_at(&check.budget, check.level)?;
    let unit = &row.metric.unit;
    let (word, which) = match (row.metric.direction, check.level) {
        (Direction::LowerIsBetter, BudgetLevel::Critical) => ("over", "critical budget"),
        (Direction::HigherIsBetter, BudgetLevel::Critical) => ("under", "critical budget"),
        (Direction::LowerIsBetter, BudgetLevel::Warning) => ("over", "warning limit"),
        (Direction::HigherIsBetter, BudgetLevel::Warning) => ("under", "warning limit"),
        (Direction::LowerIsBetter, _) => ("over", "target"),
        (Direction::HigherIsBetter, _) => ("under", "target"),
    };
    let value = row.head.as_ref().map_or(f64::NAN, |head| head.value);
    let value = if value.is_finite() { number::quantity(value, unit) } else { "unknown".to_owned() };
    let said = if row.verdict == Verdict::OverBudget { subject(row).say(" is ") } else { Text::prose("it is ") };
    Some(said.say(format!("{value}, {word} its {which} of {}", number::quantity(limit, unit))))
}

/// The words of the verdict column.
pub(super) fn label(row: &Row) -> Text {
    let words = match &row.verdict {
        Verdict::Improved => "improved",
        Verdict::Unchanged => "unchanged",
        Verdict::Regressed => "regressed",
        Verdict::Inconclusive(_) => "inconclusive",
        Verdict::OverBudget => "over budget",
        Verdict::New => "new",
        Verdict::Missing => "missing",
        Verdict::NotComparable(_) => "not comparable",
        Verdict::LayoutSuspect(_) => "layout suspect",
    };
    let level = row.budget.as_ref().map_or(BudgetLevel::Within, |check| check.level);
    let budget = match level {
        BudgetLevel::Critical => "over budget",
        BudgetLevel::Warning => "over warning limit",
        BudgetLevel::Target => "over target",
        BudgetLevel::Within => "",
    };
    let drifted = if drifted(row).is_some() { ", drifted" } else { "" };
    let words = match (&row.verdict, budget) {
        (_, "") => words.to_owned(),
        (Verdict::OverBudget | Verdict::Unchanged, budget) => budget.to_owned(),
        (_, budget) => format!("{budget}, {words}"),
    };
    Text::prose(match (&row.waiver, row.outcome) {
        (_, Outcome::Waived) => format!("{words}, waived"),
        (Some(WaiverState::Expired(_)), _) => format!("{words}, waiver expired"),
        (Some(WaiverState::CeilingExceeded(_)), _) => format!("{words}, beyond its waiver"),
        _ => words,
    })
    .say(drifted)
}

/// What is said about the run as a whole.
pub(super) fn notice(notice: &Notice) -> Text {
    match notice {
        Notice::SecondHand => Text::prose(
            "Measured by untrusted code: the numbers come from a job that ran this change's own code, which could have written any. \
             They were judged here, by the base branch's policy.",
        ),
        Notice::Interrupted => Text::prose("The measurement was interrupted; what was measured is judged. Go on with ")
            .code("tollgate check --resume")
            .say("."),
        Notice::TimeLimit { limit_s } => {
            Text::prose(format!("The time limit of {} ended the measurement.", number::duration(*limit_s)))
        }
        Notice::SameTree => Text::prose("Base and head are the same tree: any difference is noise."),
        Notice::SuiteChanged { suite } => Text::prose("Suite ")
            .code(shown(suite))
            .say(" is defined differently in head; each side ran its own definition."),
        Notice::WaiverUnused { id, line } => Text::prose("The waiver for ")
            .code(shown(id))
            .say(format!(" (line {line} of "))
            .code("tollgate-waivers.toml")
            .say(") names no metric that was measured; delete it."),
        Notice::RuleUnused { selector } => {
            Text::prose("The rule or budget for ").code(shown(selector)).say(" selects no metric that was measured.")
        }
        Notice::HeadPolicyDiffers { message } => {
            Text::prose("Head's own policy would have judged otherwise: ").code(escape::shorten(message, 400))
        }
        Notice::Note(note) => Text::prose(escape::shorten(note, 600)),
    }
}

/// What is wrong with the coverage of a suite or a benchmark.
pub(super) fn trouble(problem: &CoverageProblem) -> Text {
    let what = match &problem.benchmark {
        Some(id) => Text::literal(benchmark(id)),
        None => Text::prose("Suite ").code(shown(problem.suite.as_str())),
    };
    let message = |message: &String| escape::shorten(message, 400);
    match &problem.trouble {
        Trouble::New => what.say(" is new"),
        Trouble::Missing if problem.benchmark.is_none() => {
            what.say(" is missing: base's config has it, and nothing that was measured is of it")
        }
        Trouble::Missing => what.say(" is missing: base has it, head has not"),
        Trouble::Renamed { to } => what.say(" is missing; it is probably called ").code(shown(to.as_str())).say(" now"),
        Trouble::Unparsed { text } => {
            what.say(" gave something that was not understood: ").code(escape::shorten(text, 400))
        }
        Trouble::Crashed { arm, message: said, .. } => {
            what.say(format!(" failed on {}: ", arm.as_str())).code(message(said))
        }
        Trouble::TimedOut { arm, limit_s } => {
            what.say(format!(" did not end within {} on {}", number::duration(*limit_s), arm.as_str()))
        }
        Trouble::BuildFailed { arm, message: said, .. } => {
            what.say(format!(" could not be built on {}: ", arm.as_str())).code(message(said))
        }
    }
}

/// How a row was decided.
pub(super) fn method(row: &Row) -> String {
    match &row.method {
        Method::Paired { rounds, rounds_total } => {
            let pairs = "base and head in pairs on this machine";
            let said = plural(*rounds as usize, "round");
            match (rounds_total.saturating_sub(*rounds), &row.verdict) {
                (0, _) => format!("{said}, {pairs}"),
                // What is called a regression rests on fresh rounds alone.
                (before, Verdict::Regressed | Verdict::LayoutSuspect(_)) => {
                    format!("{said}, {pairs}, after {before} that chose what to look at")
                }
                (_, _) => format!("{said} of {rounds_total}, {pairs}"),
            }
        }
        Method::Stored { runs } => format!("against {} of the baseline", plural(*runs as usize, "stored run")),
        Method::Single => "one result a side".to_owned(),
        Method::Alone => "nothing to compare with".to_owned(),
    }
}

/// Where the policy came from.
pub(super) fn policy(source: &PolicySource) -> Text {
    match source {
        PolicySource::Base => Text::prose("from base (head does not change it)"),
        PolicySource::BaseAndHead { changed } => {
            let names: Vec<_> = changed.iter().map(|name| shown(name)).collect();
            Text::prose("from base; head changes ").list(&names, 10).say(", and was judged by both")
        }
        PolicySource::Head => Text::prose("from head: base has none"),
        PolicySource::Given { path } => Text::prose("from ").code(shown(path)),
        PolicySource::Defaults => Text::prose("the defaults: there is no config"),
    }
}

/// The command that measures some benchmarks again; safe to paste whatever their names are.
pub(super) fn reproduce(ids: &[&BenchmarkId], base: Option<&Revision>) -> String {
    let only = |id: &&BenchmarkId| {
        let only = escape::glob(&id.to_string());
        // Quoted even where a plain word would do: next to each other, all commands look alike.
        format!(" --only {}", if only.contains('\'') { escape::shell(&only) } else { format!("'{only}'") })
    };
    let only: String = ids.iter().map(only).collect();
    let commit = base.map_or("", |base| &base.commit);
    let commit: String = commit.chars().filter(char::is_ascii_hexdigit).take(9).collect();
    let base = if commit.is_empty() { commit } else { format!(" --base {commit}") };
    format!("tollgate check{only}{base}")
}

/// The effect of a row that a reader should compare with its thresholds, where there is one.
pub(super) fn effect(row: &Row) -> Option<String> {
    row.effect.as_ref().map(|effect: &Effect| number::change(effect, &row.metric.unit))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::{Change as Value, Precision, Unit};

    #[test]
    fn a_layout_suspect_says_what_may_have_moved_it_and_what_follows() {
        use crate::model::verdict::{Layout, Towards};
        let said = |towards, ratio: f64, outcome| {
            let mut it = sample::time("core", "parse", 1e-3, ratio, 0.01);
            it.verdict = Verdict::LayoutSuspect(Layout { towards, instructions_ratio: 0.003, noise_ratio: 0.05 });
            it.outcome = outcome;
            row(&it).line(str::to_owned)
        };
        let why = "with the same instructions (+0.3 %): code layout alone moves small benchmarks by up to 5 %";
        assert_eq!(
            said(Towards::Worse, 0.041, Outcome::Warn),
            format!("`core/parse` is 4.1 % slower than base {why}; shown, not blocking")
        );
        assert_eq!(
            said(Towards::Worse, 0.041, Outcome::FailRegressed),
            format!("`core/parse` is 4.1 % slower than base {why}; the policy blocks it all the same")
        );
        assert_eq!(
            said(Towards::Better, -0.03, Outcome::Pass),
            format!("`core/parse` is 3.0 % faster than base {why}")
        );
    }

    /// The sentence for a change of one kind of metric.
    fn said(metric: &str, kind: Kind, unit: Unit, change: Value) -> String {
        let mut it = sample::time("s", "b", 1.0, 0.0, 0.0);
        it.metric = Metric { id: sample::id("s", "b", metric), kind, unit, ..it.metric };
        it.effect = Some(Effect { change, precision: Precision::Exact });
        it.verdict = Verdict::Regressed;
        row(&it).line(str::to_owned)
    }

    #[test]
    fn a_change_is_told_in_the_words_of_its_kind() {
        let relative = Value::Relative;
        assert_eq!(said("time", Kind::Time, Unit::Seconds, relative(0.063)), "`s/b` is 6.3 % slower than base");
        assert_eq!(said("user", Kind::Time, Unit::Seconds, relative(-0.5)), "`s/b` is 50 % faster than base in `user`");
        assert_eq!(
            said("peak-rss", Kind::Bytes, Unit::Bytes, relative(0.2)),
            "`s/b` uses 20 % more memory than base (`peak-rss`)"
        );
        assert_eq!(said("size", Kind::Bytes, Unit::Bytes, relative(-0.2)), "`s/b` is 20 % smaller than base in `size`");
        assert_eq!(
            said("queries", Kind::Count, Unit::Count, relative(-0.25)),
            "`s/b` needs 25 % fewer `queries` than base"
        );
        assert_eq!(said("rps", Kind::Rate, Unit::PerSecond, relative(-0.25)), "`s/b` has a 25 % lower `rps` than base");
        assert_eq!(
            said("allocations", Kind::Count, Unit::Count, Value::Absolute(12.0)),
            "`s/b` has 12 more `allocations` than base, which has none"
        );
    }

    #[test]
    fn the_command_is_safe_to_paste_whatever_the_name_is() {
        let command = |name: &str| reproduce(&[&sample::id("s", name, "time").benchmark], None);
        assert_eq!(command("parse/large"), "tollgate check --only 's/parse/large'");
        assert_eq!(command("it's [x]* @me"), r"tollgate check --only 's/it'\''s [[]x][*] ?me'");
        assert_eq!(command("a\nb"), "tollgate check --only 's/a?b'");
    }
}
