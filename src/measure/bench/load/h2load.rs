//! h2load: the text that it prints, or the file of `--log-file`, one line a request. Refuses to make quantiles of the text, which has none.

use std::io::BufRead;

use crate::measure::load::record::ErrorKind;
use crate::model::sample::Summary;

use super::tally::{Request, Step, Tally};
use super::wrk::time_s;
use super::{LoadError, for_each_line};

/// The name of requests of which the log does not say one.
const REQUESTS: &str = "requests";

/// Whether it is a log: start in microseconds, status and microseconds, with tabs between.
pub(super) fn is_log(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').next().is_some_and(|line| logged(line).is_some())
}

fn logged(line: &[u8]) -> Option<(u64, i32, u64)> {
    let text = std::str::from_utf8(line).ok()?;
    let fields: Vec<&str> = text.trim_end().split('\t').collect();
    let [start, status, taken] = fields.as_slice() else { return None };
    Some((start.parse().ok()?, status.parse().ok()?, taken.parse().ok()?))
}

/// Reads a log.
pub(super) fn read(source: &mut dyn BufRead, tally: &mut Tally) -> Result<(), LoadError> {
    for_each_line(source, |number, line| {
        let Some((start_us, status, taken_us)) = logged(line) else {
            tally.refuse(&format!("line {number}: not a start, a status and a time"));
            return Ok(());
        };
        let seconds = taken_us as f64 / 1e6;
        // h2load writes −1 where the stream broke off.
        let failure = match status {
            200..=399 => None,
            400.. => Some(ErrorKind::Status),
            _ => Some(ErrorKind::Connect),
        };
        let end_s = Some(start_us as f64 / 1e6 + seconds);
        tally.request(REQUESTS, &Request { end_s, seconds, failure, ..Request::default() })
    })
}

/// Reads what it prints, or says what is missing.
pub(super) fn summary(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let mut step = None;
    let mut counts = None;
    let mut bytes_in = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("finished in ") {
            tally.lasted(rest.split(',').next().and_then(time_s).unwrap_or_default());
        } else if let Some(rest) = line.strip_prefix("requests: ") {
            counts = Some(rest);
        } else if let Some(rest) = line.strip_prefix("traffic: ") {
            let total = rest.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
            bytes_in = total.and_then(|(total, _)| total.parse().ok());
        } else if let Some(rest) = line.strip_prefix("time for request:") {
            let times: Vec<Option<f64>> = rest.split_whitespace().map(time_s).collect();
            if let [_, max, mean, ..] = times.as_slice() {
                step = Some(Step::said([(Summary::Mean, *mean), (Summary::Max, *max)]));
            }
        }
    }
    let mut step = step.ok_or("no line `time for request:`")?;
    let of = |name: &str| {
        let mut parts = counts.iter().flat_map(|counts| counts.split(','));
        parts.find_map(|part| part.trim().strip_suffix(name)?.trim().parse::<u64>().ok())
    };
    step.ended = of("done").ok_or("no line `requests: … done …`")?;
    let (failed, errored, timeout) =
        (of("failed").unwrap_or_default(), of("errored").unwrap_or_default(), of("timeout").unwrap_or_default());
    // Failed ones have the errored ones among them, and those the ones that took too long.
    let kinds = [
        (ErrorKind::Status, failed.saturating_sub(errored)),
        (ErrorKind::Connect, errored.saturating_sub(timeout)),
        (ErrorKind::Timeout, timeout),
    ];
    for (kind, times) in kinds.into_iter().filter(|(_, times)| *times > 0) {
        step.fail(kind, times);
    }
    step.bytes_in = bytes_in;
    tally.all(step);
    tally.note("what h2load prints has no quantiles and no raw data, only mean and maximum: give `--log-file=FILE`, which has a line for each request");
    Ok(())
}
