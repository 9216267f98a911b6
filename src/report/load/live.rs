//! One picture of a drive while it runs, and the same as one plain line. Refuses to know a terminal or a clock.

use std::collections::BTreeMap;

use crate::config::scenario::Level;
use crate::model::sample::{Histogram, Summary};

use super::super::number::percent;
use super::super::text::append;
use super::bars::{bar, bars, sparkline};
use super::result::ratio;
use super::words::{at, count, level, time};

/// How wide the bar of time is.
const PROGRESS: usize = 24;
/// How wide a bar of the distribution is.
const BAR: usize = 32;
/// How many bars the distribution has.
const BARS: usize = 8;
/// The most seconds of throughput that are shown.
const SECONDS: usize = 60;

/// What a picture shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame<'a> {
    /// How long it has run, warm-up included, in seconds.
    pub elapsed_s: f64,
    /// How long it will run; `None` where that depends on what it gives.
    pub total_s: Option<f64>,
    /// Whether this is still the warm-up.
    pub warming_up: bool,
    /// The level now.
    pub level: Level,
    /// Requests that ended a second, second by second; the last one first not yet over is left out.
    pub rates: &'a [f64],
    /// Response times of the last seconds, and over how many seconds.
    pub recent: &'a Histogram,
    /// How many seconds `recent` covers.
    pub recent_s: f64,
    /// All response times.
    pub all: &'a Histogram,
    /// Requests that ended.
    pub ended: u64,
    /// Failed ones by the word for how.
    pub errors: &'a BTreeMap<&'static str, u64>,
    /// Requests on their way.
    pub in_flight: u64,
    /// The largest lag of a send in the last seconds.
    pub lag_max_s: f64,
}

/// The picture: some fifteen lines, none wider than 80.
pub fn frame(frame: &Frame<'_>) -> String {
    let mut out = String::new();
    append(&mut out, format_args!("{}\n", clock(frame)));
    let rate = frame.rates.last().copied().unwrap_or(0.0);
    append(&mut out, format_args!("throughput  {rate:>9.1} /s  {}\n", sparkline(frame.rates, SECONDS - 8)));
    append(
        &mut out,
        format_args!("latency     {}\n", columns(&["p50", "p90", "p95", "p99", "max"].map(str::to_owned))),
    );
    let recent = format!("last {:.0} s", frame.recent_s.max(1.0));
    append(&mut out, format_args!("{recent:<12}{}\n", quantiles(frame.recent)));
    append(&mut out, format_args!("in all      {}\n", quantiles(frame.all)));
    append(&mut out, format_args!("errors      {}\n", errors(frame)));
    append(
        &mut out,
        format_args!("in flight   {}, largest send lag {}\n", count(frame.in_flight), time(Some(frame.lag_max_s))),
    );
    let bars = bars(frame.recent, BARS);
    let largest = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    for one in &bars {
        let (middle, drawn) = (time(Some((one.low * one.high).sqrt())), bar(one.count as f64, largest as f64, BAR));
        append(&mut out, format_args!("{middle:>10}  {drawn} {}\n", count(one.count)));
    }
    // As many lines as ever, so that the picture does not jump.
    out.push_str(&"\n".repeat(BARS - bars.len()));
    out
}

/// The same in one line, for where there is no terminal.
pub fn line(frame: &Frame<'_>) -> String {
    let of = frame.total_s.map_or_else(String::new, |total| format!(" of {total:.0} s"));
    let warming = if frame.warming_up { ", warm-up" } else { "" };
    let rate = frame.rates.last().copied().unwrap_or(0.0);
    let tail = format!("p50 {}, p99 {}", at(frame.recent, Summary::P50), at(frame.recent, Summary::P99));
    format!(
        "{:.0} s{of}{warming}: {} at {}, {rate:.1} /s, {tail}, errors {}, {} in flight",
        frame.elapsed_s,
        count(frame.ended),
        level(frame.level),
        errors(frame),
        count(frame.in_flight)
    )
}

/// How far it is.
fn clock(frame: &Frame<'_>) -> String {
    let warming = if frame.warming_up { " · warming up" } else { "" };
    let now = level(frame.level);
    match frame.total_s {
        Some(total) if total > 0.0 => {
            let drawn = bar(frame.elapsed_s, total, PROGRESS);
            let left = (total - frame.elapsed_s).max(0.0);
            format!("▕{drawn:<PROGRESS$}▏ {:.0} s of {total:.0} s, {left:.0} s left · {now}{warming}", frame.elapsed_s)
        }
        _ => format!("{:.0} s · {now}{warming}", frame.elapsed_s),
    }
}

fn quantiles(of: &Histogram) -> String {
    columns(&[Summary::P50, Summary::P90, Summary::P95, Summary::P99, Summary::Max].map(|summary| at(of, summary)))
}

fn columns(cells: &[String; 5]) -> String {
    cells.iter().map(|cell| format!("{cell:>10}")).collect::<Vec<_>>().concat()
}

fn errors(frame: &Frame<'_>) -> String {
    let failed: u64 = frame.errors.values().sum();
    if failed == 0 {
        return "none".to_owned();
    }
    let kinds: Vec<String> = frame
        .errors
        .iter()
        .filter(|(_, times)| **times > 0)
        .map(|(kind, times)| format!("{kind} {}", count(*times)))
        .collect();
    format!("{} ({})", kinds.join(", "), percent(ratio(failed, frame.ended)))
}
