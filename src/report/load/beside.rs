//! Two drives of load beside each other as text. Refuses to compare what was not sent alike, and says so.

use anstyle::Style;

use crate::config::scenario::Level;
use crate::judge::windows::{self, Beside, FALSE_ALARM_RATE, Finding, Model, Moment, Quantity, Row};
use crate::stats::windows::WINDOWS_MIN;

use super::super::escape::terminal;
use super::super::number::{percent, plural, quantity};
use super::super::terminal::paragraph;
use super::super::text::append;
use super::result::{LoadResult, Standing};
use super::tables::Table;
use super::terminal::write;

/// What two results came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// They were compared. Whatever was found advises: one drive a side cannot carry a verdict.
    Done,
    /// One of them says nothing, or is too short.
    Inconclusive,
    /// They were sent under different conditions.
    NotComparable,
}

/// Compares two results, named as they were given.
pub fn beside(base: (&str, &LoadResult), head: (&str, &LoadResult)) -> (Comparison, String) {
    let mut out = String::new();
    let different = differences(base.1, head.1);
    if !different.is_empty() {
        headline(&mut out, "Not compared: the load was not the same");
        for line in different {
            paragraph(&mut out, "  ", &terminal(&line));
        }
        return (Comparison::NotComparable, out);
    }
    for (name, result) in [base, head] {
        if let Some(why) = worthless(result.standing()) {
            headline(&mut out, &format!("Inconclusive: {why} in `{}`", terminal(name)));
            return (Comparison::Inconclusive, out);
        }
    }
    let Some(found) = windows::beside(&moments(base.1), &moments(head.1), model(base.1)) else {
        let least = plural(WINDOWS_MIN, "window");
        headline(&mut out, &format!("Inconclusive: a drive is too short to be cut into {least}"));
        return (Comparison::Inconclusive, out);
    };
    headline(&mut out, &summary(&found));
    paragraph(&mut out, "", &terminal(&format!("base `{}`, head `{}`", base.0, head.0)));
    out.push('\n');
    write(&mut out, &table(&found));
    let note = format!(
        "Each drive was cut into {}, and the windows were compared by the test of Mann and Whitney, corrected for the number of \
         rows, at {}. It is one drive a side: what changes from drive to drive is not seen. Take it as advice; `tollgate check` gives a verdict.",
        plural(found.windows, "window"),
        percent(FALSE_ALARM_RATE)
    );
    paragraph(&mut out, "note: ", &note);
    if found.rows.is_empty() {
        paragraph(&mut out, "note: ", "There were too few requests in a window to compare anything.");
    }
    (Comparison::Done, out)
}

fn headline(out: &mut String, text: &str) {
    let bold = Style::new().bold();
    append(out, format_args!("{bold}{text}{bold:#}\n"));
}

/// The conditions in which they differ.
fn differences(base: &LoadResult, head: &LoadResult) -> Vec<String> {
    let of = |result: &LoadResult, name: &str| {
        let found = result.conditions.iter().find(|(known, _)| known == name);
        found.map_or_else(|| "not known".to_owned(), |(_, value)| value.clone())
    };
    let mut names: Vec<&String> = base.conditions.iter().chain(&head.conditions).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let lines = names.into_iter().map(|name| (name, of(base, name), of(head, name)));
    lines.filter(|(_, base, head)| base != head).map(|(name, base, head)| format!("{name}: {base} / {head}")).collect()
}

/// Why a result cannot be compared.
fn worthless(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Broken => Some("the service failed"),
        Standing::Nothing => Some("no request succeeded"),
        Standing::Late => Some("the generator was late"),
        Standing::Interrupted | Standing::OverBudget | Standing::Sound => None,
    }
}

fn moments(result: &LoadResult) -> Vec<Moment> {
    let moment = |window: &super::result::Window| Moment {
        response: window.response.histogram(),
        ended: window.ended,
        failed: window.failed,
        seconds: result.window_s,
    };
    result.windows.iter().map(moment).collect()
}

fn model(result: &LoadResult) -> Model {
    if result.stages.iter().any(|stage| matches!(stage.level, Level::Users(_))) { Model::Closed } else { Model::Open }
}

/// The first line.
fn summary(found: &Beside) -> String {
    let of = |finding| {
        found.rows.iter().filter(move |row| row.finding == finding).map(|row| name(row.quantity)).collect::<Vec<_>>()
    };
    let (worse, better) = (of(Finding::Worse), of(Finding::Better));
    match (worse.is_empty(), better.is_empty()) {
        (true, true) => "No difference is shown".to_owned(),
        (false, true) => format!("Head is worse in {}", worse.join(", ")),
        (true, false) => format!("Head is better in {}", better.join(", ")),
        (false, false) => format!("Head is worse in {}, better in {}", worse.join(", "), better.join(", ")),
    }
}

fn name(of: Quantity) -> String {
    match of {
        Quantity::Latency(summary) => format!("{}-{}", crate::model::load::LATENCY, summary.as_str()),
        Quantity::Throughput => crate::model::load::THROUGHPUT.to_owned(),
        Quantity::Errors => crate::model::load::ERRORS.to_owned(),
    }
}

fn table(found: &Beside) -> Table {
    let rows = found.rows.iter().map(|row| {
        let unit = row.quantity.unit();
        let finding = match row.finding {
            Finding::Worse => "worse",
            Finding::Better => "better",
            Finding::NotShown => "no difference shown",
        };
        vec![name(row.quantity), quantity(row.base, &unit), quantity(row.head, &unit), change(row), finding.to_owned()]
    });
    let rows = rows.collect();
    Table::of(&["all requests", "base", "head", "change (95 % interval)", ""], rows)
}

/// A change with the ends of its interval.
fn change(row: &Row) -> String {
    let signed = |value: f64| {
        let size = percent(value);
        match size.as_str() {
            "0 %" => size,
            _ if value < 0.0 => format!("−{size}"),
            _ => format!("+{size}"),
        }
    };
    let (estimate, lower, upper) = row.change;
    let ends = if lower.is_finite() && upper.is_finite() {
        format!("{} … {}", signed(lower), signed(upper))
    } else {
        "too few windows".to_owned()
    };
    let points = if row.quantity == Quantity::Errors { " points" } else { "" };
    format!("{}{points} ({ends})", signed(estimate))
}

#[cfg(test)]
mod tests {
    use super::super::result::{Ended, Window};
    use super::super::sample;
    use super::*;

    /// Thirty seconds whose times differ a little from second to second, `factor` times as long.
    fn drive(factor: f64) -> LoadResult {
        let window = |at: u32| {
            let wobble = 1.0 + 0.02 * f64::from(at.wrapping_mul(2_654_435_761) >> 24) / 256.0;
            Window { response: (&sample::times(1e-3 * factor * wobble, 200)).into(), ended: 200, failed: 0 }
        };
        LoadResult { windows: (0..30).map(window).collect(), ..sample::by_hand() }
    }

    fn compared(base: &LoadResult, head: &LoadResult) -> (Comparison, String) {
        let (comparison, text) = beside(("before.json", base), ("after.json", head));
        (comparison, anstream::adapter::strip_str(&text).to_string())
    }

    #[test]
    fn a_slower_service_is_called_worse_and_the_same_one_is_not() {
        let (comparison, text) = compared(&drive(1.0), &drive(1.1));
        assert_eq!(comparison, Comparison::Done);
        insta::assert_snapshot!(text, @"
        Head is worse in latency-p50, latency-p95, latency-p99
        base `before.json`, head `after.json`

        all requests     base     head    change (95 % interval)
        latency-p50   1.51 ms  1.67 ms  +10 % (+9.7 % … +10.3 %)  worse
        latency-p95   4.09 ms   4.5 ms  +10 % (+9.7 % … +10.3 %)  worse
        latency-p99   13.1 ms  14.4 ms  +10 % (+9.7 % … +10.3 %)  worse

        note: Each drive was cut into 15 windows, and the windows were compared by the test of Mann and
              Whitney, corrected for the number of rows, at 5 %. It is one drive a side: what changes from
              drive to drive is not seen. Take it as advice; `tollgate check` gives a verdict.
        ");
        let (comparison, text) = compared(&drive(1.0), &drive(1.0));
        assert_eq!((comparison, text.lines().next()), (Comparison::Done, Some("No difference is shown")));
    }

    #[test]
    fn another_load_a_late_generator_and_a_short_drive_are_not_compared() {
        let mut other = drive(1.0);
        other.conditions[0].1 = "load 300/s for 10 s".to_owned();
        let (comparison, text) = compared(&drive(1.0), &other);
        assert_eq!(comparison, Comparison::NotComparable);
        assert!(text.contains("profile: load 200/s for 10 s / load 300/s for 10 s"), "{text}");
        for (head, why) in [
            (sample::late(), "Inconclusive: the generator was late in `after.json`"),
            (
                LoadResult { ended: Ended::Broken("x".to_owned()), ..drive(1.0) },
                "Inconclusive: the service failed in `after.json`",
            ),
            (
                LoadResult { windows: Vec::new(), ..drive(1.0) },
                "Inconclusive: a drive is too short to be cut into 10 windows",
            ),
        ] {
            let (comparison, text) = compared(&drive(1.0), &head);
            assert_eq!((comparison, text.lines().next()), (Comparison::Inconclusive, Some(why)));
        }
    }
}
