//! Whether a slower time did more work or the same work more slowly, by the exact count of instructions beside it. Refuses to say why.

use crate::config::policy::{INSTRUCTIONS, counts_instructions};
use crate::model::{Change, Determinism, Kind, Row, Verdict};

use super::number::tenths;
use super::text::Text;

/// From this part of the time's change on, that of the instructions is taken to explain it (`docs/report.md`).
const EXPLAINS: f64 = 0.5;

/// `+6.0 % time, +6.1 % instructions: more work`, for a time that regressed and whose benchmark has an exact count of instructions among `rows`.
/// `None` for any other row, and where either has no ratio.
///
/// By the estimates, not by the ends of intervals: this is where to look, and no verdict.
pub(super) fn note(row: &Row, rows: &[Row]) -> Option<Text> {
    let is_time = row.metric.kind == Kind::Time && row.metric.determinism == Determinism::Noisy;
    if !is_time || row.verdict != Verdict::Regressed {
        return None;
    }
    let same =
        |other: &&Row| other.metric.id.benchmark == row.metric.id.benchmark && counts_instructions(&other.metric);
    let instructions = ratio(rows.iter().find(same)?)?;
    let time = ratio(row)?;
    let said = said(time, instructions);
    Some(Text::prose(format!("{} time, {} instructions: {said}", tenths(time), tenths(instructions))))
}

/// What the two changes come to; `time` is above 0.
fn said(time: f64, instructions: f64) -> &'static str {
    if instructions.abs() < INSTRUCTIONS.tolerance_ratio {
        "the same work, done more slowly: layout or waiting"
    } else if instructions < 0.0 {
        "less work, done more slowly: waiting, for memory most likely"
    } else if instructions >= EXPLAINS * time {
        "more work"
    } else {
        "some more work, and most of the time lost by layout or waiting"
    }
}

/// The estimated change as a ratio.
fn ratio(row: &Row) -> Option<f64> {
    match row.effect.as_ref()?.change {
        Change::Relative(ratio) => Some(ratio),
        Change::Absolute(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::model::{Effect, Judgement, Precision};

    /// A regression whose benchmark counts instructions too.
    fn judgement(time: f64, instructions: f64) -> Judgement {
        let mut judgement = sample::regression();
        let row = judgement.rows.iter_mut().find(|row| row.verdict == Verdict::Regressed).unwrap();
        row.effect.as_mut().unwrap().change = Change::Relative(time);
        let mut count = row.clone();
        count.metric.id.metric = sample::name("instructions");
        (count.metric.kind, count.metric.determinism) = (Kind::Count, Determinism::Exact);
        count.effect = Some(Effect { change: Change::Relative(instructions), precision: Precision::Exact });
        judgement.rows.push(count);
        judgement
    }

    fn told(judgement: &Judgement) -> Option<String> {
        let row = judgement.rows.iter().find(|row| row.verdict == Verdict::Regressed)?;
        note(row, &judgement.rows).map(|text| text.line(str::to_owned))
    }

    #[track_caller]
    fn check(time: f64, instructions: f64, expected: &str) {
        assert_eq!(told(&judgement(time, instructions)).as_deref(), Some(expected));
    }

    #[test]
    fn instructions_say_whether_it_is_more_work() {
        check(0.06, 0.061, "+6.0 % time, +6.1 % instructions: more work");
        check(0.06, 0.03, "+6.0 % time, +3.0 % instructions: more work");
        check(0.06, 0.0, "+6.0 % time, 0.0 % instructions: the same work, done more slowly: layout or waiting");
        check(0.06, 0.0049, "+6.0 % time, +0.5 % instructions: the same work, done more slowly: layout or waiting");
        check(
            0.06,
            0.029,
            "+6.0 % time, +2.9 % instructions: some more work, and most of the time lost by layout or waiting",
        );
        check(
            0.06,
            -0.1,
            "+6.0 % time, −10.0 % instructions: less work, done more slowly: waiting, for memory most likely",
        );
    }

    #[test]
    fn nothing_is_said_without_an_exact_count_of_the_same_benchmark_or_of_what_did_not_regress() {
        assert_eq!(told(&sample::regression()), None);
        let mut noisy = judgement(0.06, 0.06);
        noisy.rows.last_mut().unwrap().metric.determinism = Determinism::Noisy;
        assert_eq!(told(&noisy), None);
        let mut elsewhere = judgement(0.06, 0.06);
        elsewhere.rows.last_mut().unwrap().metric.id.benchmark.benchmark = sample::name("another");
        assert_eq!(told(&elsewhere), None);
        let unchanged = judgement(0.06, 0.06);
        let row = unchanged.rows.iter().find(|row| row.verdict == Verdict::Unchanged).unwrap();
        assert_eq!(note(row, &unchanged.rows), None);
        let mut absolute = judgement(0.06, 0.06);
        absolute.rows.last_mut().unwrap().effect.as_mut().unwrap().change = Change::Absolute(7.0);
        assert_eq!(told(&absolute), None);
    }

    #[test]
    fn it_stands_with_the_finding_in_every_report() {
        let judgement = judgement(0.06, 0.06);
        let expected = "time, +6.0 % instructions: more work";
        let terminal = super::super::terminal::render(&judgement);
        let terminal = anstream::adapter::strip_str(&terminal).to_string();
        assert!(terminal.contains(expected), "{terminal}");
        let markdown = super::super::markdown::render(&judgement, usize::MAX);
        assert!(markdown.contains(expected), "{markdown}");
        assert!(super::super::html::render(&judgement).contains(expected));
    }
}
