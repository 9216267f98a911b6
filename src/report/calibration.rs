//! A calibration as text and as JSON: the table, what it means in words, and the rules that it suggests. Refuses to calculate.

mod wire;
mod words;

use unicode_width::UnicodeWidthStr;

use crate::model::calibration::{Calibrated, Calibration, Told};
use crate::model::{CoverageProblem, Metric, MetricId};

use super::escape;
use super::number::{duration, percent, plural, quantity};
use super::sentence;
use super::terminal::{WIDTH, fit, paragraph};
use super::text::append;

pub use wire::schema;

/// Metrics of the table; the JSON has them all.
const ROWS_MAX: usize = 200;
/// The narrowest that the column of benchmarks becomes.
const NAME_MIN: usize = 16;
/// What stands where there is no number.
const NONE: &str = "–";

/// The calibration for a terminal. `patch` is what the rules look like in the config, which is called `config`.
pub fn text(calibration: &Calibration, patch: &str, config: &str) -> String {
    let mut out = String::new();
    words::heading(&mut out, calibration);
    table(&mut out, calibration);
    words::verdict(&mut out, calibration);
    words::advice(&mut out, calibration);
    for problem in &calibration.troubles {
        paragraph(&mut out, "! ", &trouble(problem));
    }
    if !patch.is_empty() {
        append(&mut out, format_args!("\nSuggested for {config} (`tollgate calibrate --write` appends it):\n\n"));
        for line in patch.trim_matches('\n').lines() {
            append(&mut out, format_args!("+ {}\n", escape::terminal(line)));
        }
    }
    out
}

/// What is wrong with the coverage, in one line for a terminal.
pub fn trouble(problem: &CoverageProblem) -> String {
    sentence::trouble(problem).line(escape::terminal)
}

/// A metric's name as it is shown.
fn name(id: &MetricId) -> String {
    format!("`{}`", escape::terminal(&sentence::metric(id)))
}

/// The table. Of the checkpoints, the first, the second, the one before the last and the last are shown.
fn table(out: &mut String, calibration: &Calibration) {
    let checkpoints: Vec<u32> = calibration
        .metrics
        .iter()
        .map(|one| one.reach.iter().map(|reach| reach.rounds).collect::<Vec<_>>())
        .max_by_key(Vec::len)
        .unwrap_or_default();
    let shown: Vec<u32> = match checkpoints.as_slice() {
        [first, second, _middle @ .., third, last] => vec![*first, *second, *third, *last],
        few => few.to_vec(),
    };
    let mut header: Vec<String> = ["benchmark", "value", "noise"].map(str::to_owned).to_vec();
    header.extend(shown.iter().enumerate().map(
        |(at, rounds)| {
            if at == 0 { format!("after {rounds}") } else { rounds.to_string() }
        },
    ));
    header.extend(["allowed", "told in", "could"].map(str::to_owned));
    let rows = calibration.metrics.iter().take(ROWS_MAX).map(|one| cells(one, &shown));
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    for line in grid(&rows) {
        append(out, format_args!("  {line}\n"));
    }
    if calibration.metrics.len() > ROWS_MAX {
        append(out, format_args!("  and {}\n", plural(calibration.metrics.len() - ROWS_MAX, "more metric")));
    }
    out.push('\n');
}

fn cells(one: &Calibrated, checkpoints: &[u32]) -> Vec<String> {
    let Metric { id, unit, .. } = &one.metric;
    let share = |ratio: Option<f64>| ratio.map_or(NONE.to_owned(), percent);
    let after = |rounds: &u32| one.reach.iter().find(|reach| reach.rounds == *rounds).and_then(|r| r.change_ratio);
    let mut cells = vec![
        escape::terminal(&sentence::metric(id)),
        quantity(one.value, unit),
        if one.told == Told::Exactly { "none".to_owned() } else { noise(one.noise_ratio) },
    ];
    cells.extend(checkpoints.iter().map(|rounds| share(after(rounds))));
    cells.push(format!("{} | {}", bare(one.thresholds.tolerance_ratio), percent(one.thresholds.must_detect_ratio)));
    cells.push(match one.told {
        Told::Exactly => "1 round".to_owned(),
        Told::Within { rounds, seconds } => format!("{rounds}: {}", brief(seconds)),
        Told::NotWithin { rounds: Some(rounds), seconds: Some(seconds) } => format!("no; {rounds}: {}", brief(seconds)),
        Told::NotWithin { .. } => "no".to_owned(),
        Told::Unknown => "?".to_owned(),
    });
    cells.push(one.suggested.map_or(NONE.to_owned(), |wanted| percent(wanted.must_detect_ratio)));
    cells
}

/// A share without its sign.
fn bare(ratio: f64) -> String {
    percent(ratio).trim_end_matches(" %").to_owned()
}

/// A spread: what is below a hundredth of a percent is as good as none.
fn noise(ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) if ratio > 0.0 && ratio < 1e-4 => "<0.01 %".to_owned(),
        Some(ratio) => percent(ratio),
        None => NONE.to_owned(),
    }
}

/// A time for planning in one unit, for a table.
fn brief(seconds: f64) -> String {
    match seconds / 60.0 {
        minutes if minutes < 1.5 => format!("{seconds:.0} s"),
        minutes if minutes < 10.0 => format!("{minutes:.1} min"),
        minutes => format!("{minutes:.0} min"),
    }
}

/// A time for planning: seconds, rounded up.
fn about(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast saturates, and times are positive"
    )]
    let whole = seconds.ceil() as u64;
    duration(whole)
}

/// Lines of a table, the names to the left and the numbers to the right, the names giving way where it is too wide.
fn grid(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns).map(width).collect();
    let taken = widths.iter().map(|width| width + 2).sum::<usize>();
    if let Some(first) = widths.first_mut() {
        *first = first.saturating_sub(taken.saturating_sub(WIDTH)).max(NAME_MIN.min(*first));
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
            let cell = fit(cell, *width);
            let pad = " ".repeat(width - cell.width());
            if column == 0 { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// All numbers as JSON; the same calibration gives the same bytes.
///
/// # Panics
/// Never: no wire type has a serializer that fails.
pub fn json(calibration: &Calibration, patch: &str) -> String {
    let document = serde_json::to_value(wire::Calibration::new(calibration, patch))
        .expect("the wire types have text keys and no failing serializer");
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests;
