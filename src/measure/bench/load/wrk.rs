//! wrk and wrk2: the text that they print. Refuses to take the one for the other: only wrk2 counts from when a request was due.

use crate::measure::load::record::ErrorKind;
use crate::model::sample::Summary;

use super::tally::{Step, Tally, Times};

/// Reads a text, or says what is missing.
pub(super) fn read(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let (mut said, mut kinds) = (Vec::new(), Vec::new());
    let (mut requests, mut bytes_in) = (None, None);
    let mut of_wrk2 = false;
    for line in text.lines().map(str::trim) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            // Only the first: wrk2 prints the uncorrected distribution too where it is asked for.
            ["Latency", mean, _, max, ..] if said.is_empty() => {
                said.extend([(Summary::Mean, time_s(mean)), (Summary::Max, time_s(max))]);
            }
            [share, value] if share.ends_with('%') => {
                said.extend(
                    quantile(share).filter(|summary| !has(&said, *summary)).map(|summary| (summary, time_s(value))),
                );
            }
            // A row of wrk2's spectrum, in milliseconds.
            [value, "0.950000", _, _] if !has(&said, Summary::P95) => {
                said.push((Summary::P95, value.parse::<f64>().ok().map(|milliseconds| milliseconds / 1e3)));
            }
            [count, "requests", "in", seconds, size, "read"] => {
                requests = count.parse::<u64>().ok();
                bytes_in = size_bytes(size);
                tally.lasted(time_s(seconds.trim_end_matches(',')).unwrap_or_default());
            }
            ["Socket", "errors:", "connect", connect, "read", read, "write", write, "timeout", timeout] => {
                let whole = |word: &str| word.trim_end_matches(',').parse::<u64>().unwrap_or_default();
                let broken = whole(connect).saturating_add(whole(read)).saturating_add(whole(write));
                kinds.extend([(ErrorKind::Connect, broken), (ErrorKind::Timeout, whole(timeout))]);
            }
            ["Non-2xx", "or", "3xx", "responses:", count] => {
                kinds.push((ErrorKind::Status, count.parse().unwrap_or_default()));
            }
            _ if line.starts_with("Latency Distribution (HdrHistogram") => of_wrk2 = true,
            _ => {}
        }
    }
    let mut step = Step::said(said);
    step.ended = requests.ok_or("no line `… requests in …`")?;
    step.bytes_in = bytes_in;
    for (kind, times) in kinds.into_iter().filter(|(_, times)| *times > 0) {
        if kind != ErrorKind::Status {
            step.ended = step.ended.saturating_add(times);
        }
        step.fail(kind, times);
    }
    notes(&step, of_wrk2, tally);
    tally.all(step);
    Ok(())
}

fn has(said: &[(Summary, Option<f64>)], summary: Summary) -> bool {
    said.iter().any(|(known, _)| *known == summary)
}

fn notes(step: &Step, of_wrk2: bool, tally: &mut Tally) {
    if matches!(&step.times, Times::Said(said) if !said.contains_key(&Summary::P99)) {
        tally.note("there are no quantiles: run wrk with `--latency`");
    } else if of_wrk2 {
        tally.note("wrk2 leaves its first ten seconds out of the times and not out of the requests, and takes its own delays for the service's");
    } else {
        tally.note("wrk has no p95 and no raw data, waits for a reply before it sends again, and corrects its times afterwards: stalls look shorter");
    }
}

/// The summary that a share such as `99.900%` is.
fn quantile(share: &str) -> Option<Summary> {
    let share: f64 = share.trim_end_matches('%').parse().ok()?;
    let near =
        |summary: &Summary| summary.probability().is_some_and(|probability| (probability * 100.0 - share).abs() < 1e-6);
    Summary::ALL.into_iter().find(near)
}

/// A time such as `5.52ms`, in seconds.
pub(super) fn time_s(word: &str) -> Option<f64> {
    scaled(word, &[("us", 1e-6), ("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3600.0)])
}

/// A size such as `2.11MB`, in bytes. Both tools mean powers of 1024.
pub(super) fn size_bytes(word: &str) -> Option<u64> {
    let units = [("KB", 1024.0), ("MB", 1_048_576.0), ("GB", 1_073_741_824.0), ("TB", 1_099_511_627_776.0), ("B", 1.0)];
    scaled(word, &units).map(super::k6::whole)
}

fn scaled(word: &str, units: &[(&str, f64)]) -> Option<f64> {
    let (number, scale) = units.iter().find_map(|(unit, scale)| Some((word.strip_suffix(unit)?, scale)))?;
    number.parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number * scale)
}
