//! What it would take to decide what is inconclusive: rounds, minutes, and the command. Refuses to say why it is inconclusive.

use std::collections::BTreeMap;

use crate::model::judgement::Method;
use crate::model::{BenchmarkId, Canary, Doubt, Revision, Row, Verdict};

use super::number::{about, plural};
use super::sentence;

/// A command names at most this many benchmarks; a longer one would not be pasted.
const BENCHMARKS_MAX: usize = 6;
/// The most rounds that a check may be asked for, as the command line has it.
const ROUNDS_MAX: u32 = 500;
/// A time limit is this many times what is expected: processes do not take the same time twice.
const TIME_MARGIN: f64 = 1.25;
/// The longest time limit that a check takes, in minutes.
const MINUTES_MAX: u64 = 24 * 60;

/// What one inconclusive metric needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Need {
    /// Rounds beside those that were run.
    more: u32,
    /// The seconds that these take; `None` where nobody knows.
    more_s: Option<u64>,
    /// Rounds in all.
    rounds: u32,
}

impl Need {
    /// What a doubt says about it; `None` where no affordable number of rounds would help, or rounds are not what is missing.
    pub(super) fn new(doubt: &Doubt, method: &Method) -> Option<Self> {
        let run = match method {
            Method::Paired { rounds_total, .. } => *rounds_total,
            Method::Stored { runs } => *runs,
            Method::Single | Method::Alone => 1,
        };
        match doubt {
            Doubt::TooNoisy { rounds_needed: Some(rounds), more_s }
            | Doubt::TimeLimit { rounds_needed: Some(rounds), more_s } => {
                Some(Self { more: rounds.saturating_sub(run).max(1), more_s: *more_s, rounds: *rounds })
            }
            Doubt::TooNoisy { rounds_needed: None, .. }
            | Doubt::TimeLimit { rounds_needed: None, .. }
            | Doubt::TooFewRounds { .. }
            | Doubt::Interrupted
            | Doubt::StoredRunsCannotTell { .. }
            | Doubt::OneProcess
            | Doubt::BudgetInsideInterval
            | Doubt::RoundsLost { .. }
            | Doubt::Untrusted
            | Doubt::TailTooThin { .. }
            | Doubt::GeneratorLate { .. } => None,
        }
    }

    /// The same of a row.
    fn of(row: &Row) -> Option<Self> {
        match &row.verdict {
            Verdict::Inconclusive(doubt) => Self::new(doubt, &row.method),
            _ => None,
        }
    }

    /// `about 40 more rounds, 6 min, would`.
    pub(super) fn would(&self) -> String {
        would(self.more, self.more_s)
    }

    /// The larger of both, number by number.
    fn max(self, other: Self) -> Self {
        Self {
            more: self.more.max(other.more),
            more_s: self.more_s.zip(other.more_s).map(|(one, other)| one.max(other)),
            rounds: self.rounds.max(other.rounds),
        }
    }

    /// The seconds of a check of this benchmark alone, which begins with the first round and has a canary of its own, twice base a round.
    fn alone_s(&self) -> Option<f64> {
        let round_s = self.more_s? as f64 / f64::from(self.more);
        Some(round_s * f64::from(self.rounds.saturating_add(Canary::ROUNDS)))
    }
}

fn would(more: u32, more_s: Option<u64>) -> String {
    let rounds = plural(more as usize, "more round");
    match more_s {
        Some(seconds) => format!("about {rounds}, {}, would", about(seconds)),
        None => format!("about {rounds} would"),
    }
}

/// What these rows need, by benchmark: its metrics share its rounds.
fn needs<'a>(rows: &[&'a Row]) -> BTreeMap<&'a BenchmarkId, Need> {
    let mut needs: BTreeMap<&BenchmarkId, Need> = BTreeMap::new();
    for row in rows {
        let Some(need) = Need::of(row) else { continue };
        needs.entry(&row.metric.id.benchmark).and_modify(|known| *known = known.max(need)).or_insert(need);
    }
    needs
}

/// What would decide these rows together: ` (about 40 more rounds, 6 min, would be enough)`; empty where nothing would.
pub(super) fn together(rows: &[&Row]) -> String {
    let needs = needs(rows);
    let more_s: Option<u64> = needs.values().map(|need| need.more_s).sum();
    match needs.values().map(|need| need.more).max() {
        Some(more) => format!(" ({} be enough)", would(more, more_s)),
        None => String::new(),
    }
}

/// The command that measures these rows again, long enough to decide them; `None` where no check that can be asked for would.
pub(super) fn command(rows: &[&Row], base: Option<&Revision>) -> Option<String> {
    let mut needs = needs(rows);
    needs.retain(|_, need| need.rounds <= ROUNDS_MAX);
    let rounds = needs.values().map(|need| need.rounds).max().filter(|_| needs.len() <= BENCHMARKS_MAX)?;
    let benchmarks: Vec<&BenchmarkId> = needs.keys().copied().collect();
    let command = format!("{} --max-rounds {rounds}", sentence::reproduce(&benchmarks, base));
    let seconds: Option<f64> = needs.values().map(Need::alone_s).sum();
    Some(match seconds {
        Some(seconds) => {
            // Whole minutes, bounded, so that the number fits.
            let minutes = (TIME_MARGIN * seconds / 60.0).ceil().clamp(1.0, MINUTES_MAX as f64);
            format!("{command} --time-limit '{minutes:.0} min'")
        }
        None => command,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{html, markdown, sample, terminal};
    use super::*;

    /// An inconclusive row with 32 rounds behind it.
    fn row(benchmark: &str, metric: &str, rounds: Option<u32>, more_s: Option<u64>) -> Row {
        let mut row = sample::time("io", benchmark, 8.2e-3, 0.031, 0.04);
        row.metric.id = sample::id("io", benchmark, metric);
        row.method = Method::Paired { rounds: 32, rounds_total: 32 };
        row.verdict = Verdict::Inconclusive(Doubt::TooNoisy { rounds_needed: rounds, more_s });
        row
    }

    #[track_caller]
    fn check(rows: &[Row], title: &str, expected: Option<&str>) {
        let rows: Vec<&Row> = rows.iter().collect();
        assert_eq!(together(&rows), title);
        assert_eq!(command(&rows, None).as_deref(), expected);
    }

    #[test]
    fn the_rounds_of_benchmarks_run_together_and_their_times_add_up() {
        let rows = [
            row("fsync", "time", Some(72), Some(240)),
            row("fsync", "user", Some(40), Some(48)),
            row("sync", "time", Some(52), Some(100)),
            row("hopeless", "time", None, None),
        ];
        let command = "tollgate check --only 'io/fsync' --only 'io/sync' --max-rounds 72 --time-limit '17 min'";
        check(&rows, " (about 40 more rounds, 6 min, would be enough)", Some(command));
    }

    #[test]
    fn a_time_that_is_not_known_is_not_said() {
        let rows = [row("fsync", "time", Some(72), Some(240)), row("sync", "time", Some(33), None)];
        let command = "tollgate check --only 'io/fsync' --only 'io/sync' --max-rounds 72";
        check(&rows, " (about 40 more rounds would be enough)", Some(command));
    }

    #[test]
    fn what_no_check_would_decide_gets_no_command() {
        check(&[row("fsync", "time", None, None)], "", None);
        check(&[row("fsync", "time", Some(501), Some(9))], " (about 469 more rounds, 9 s, would be enough)", None);
        let many: Vec<Row> = (0..7).map(|n| row(&format!("b{n}"), "time", Some(40), Some(1))).collect();
        check(&many, " (about 8 more rounds, 7 s, would be enough)", None);
    }

    #[test]
    fn every_report_has_the_rounds_the_minutes_and_the_command() {
        let judgement = sample::mixed();
        let plain = anstream::adapter::strip_str(&terminal::render(&judgement)).to_string();
        for text in [plain, markdown::render(&judgement, markdown::LIMIT), html::render(&judgement)] {
            let text = text.replace("&#39;", "'").replace("&#x27;", "'");
            assert!(text.contains("1 inconclusive (about 40 more rounds, 4 min, would be enough)"), "{text}");
            let command = "tollgate check --only 'io/fsync' --base 9a41c02b9 --max-rounds 72 --time-limit '11 min'";
            assert!(text.contains(command), "{text}");
        }
    }

    #[test]
    fn a_benchmark_that_takes_a_week_is_asked_for_within_the_longest_time_limit() {
        let week = row("fsync", "time", Some(72), Some(604_800));
        let text = command(&[&week], None).unwrap();
        assert!(text.ends_with("--time-limit '1440 min'"), "{text}");
    }
}
