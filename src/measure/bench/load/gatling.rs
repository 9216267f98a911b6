//! Gatling: the text `simulation.log` that it wrote up to 3.12, and its assertions as `JUnit` XML. Refuses the binary log that came after: its layout is
//! Gatling's own and changes with it.

use std::io::BufRead;

use crate::measure::load::record::ErrorKind;

use super::tally::{Request, Step, Tally};
use super::{LoadError, for_each_line};

/// Whether it is the log in binary: it begins with the number of its first record, 0.
pub(super) fn is_binary(head: &[u8]) -> bool {
    head.first() == Some(&0)
}

/// Whether it is XML.
pub(super) fn is_assertions(head: &[u8]) -> bool {
    head.trim_ascii_start().first() == Some(&b'<')
}

/// Reads the log.
pub(super) fn read(source: &mut dyn BufRead, tally: &mut Tally) -> Result<(), LoadError> {
    if is_binary(source.fill_buf().map_err(LoadError::Read)?) {
        return Err(LoadError::Binary);
    }
    for_each_line(source, |number, line| {
        let line = String::from_utf8_lossy(line);
        let fields: Vec<&str> = line.split('\t').collect();
        match fields.first() {
            Some(&"REQUEST") => match request(&fields) {
                Some((name, request)) => tally.request(&name, &request)?,
                None => tally.refuse(&format!("line {number}: a request without times")),
            },
            Some(&("RUN" | "USER" | "GROUP" | "ERROR" | "ASSERTION" | "")) => {}
            _ => tally.refuse(&format!("line {number}: no record of Gatling's")),
        }
        Ok(())
    })
}

/// The request of a record. Which fields come before the groups depends on Gatling's version; name, start, end and status are always together.
fn request(fields: &[&str]) -> Option<(String, Request)> {
    let at = (3..fields.len()).find(|at| {
        matches!(fields[*at], "OK" | "KO") && [1, 2].iter().all(|before| fields[at - before].parse::<u64>().is_ok())
    })?;
    let milliseconds = |before: usize| fields.get(at - before)?.parse::<u64>().ok();
    let (start, end) = (milliseconds(2)?, milliseconds(1)?);
    let groups = fields.get(at.checked_sub(4)?).filter(|_| at > 4).copied().unwrap_or_default();
    let groups = groups.split(',').filter(|group| !group.is_empty());
    let name = groups.chain([*fields.get(at - 3)?]).collect::<Vec<_>>().join(" / ");
    let message = fields.get(at + 1).copied().unwrap_or_default();
    let failure = (fields.get(at) == Some(&"KO")).then(|| how(message));
    let seconds = end.checked_sub(start)? as f64 / 1e3;
    Some((name, Request { end_s: Some(end as f64 / 1e3), seconds, failure, ..Request::default() }))
}

/// How a request failed, by Gatling's words.
fn how(message: &str) -> ErrorKind {
    let message = message.to_lowercase();
    if message.contains("timeout") {
        ErrorKind::Timeout
    } else if message.contains("status.find") {
        ErrorKind::Status
    } else if message.contains("connect") || message.contains("premature") || message.contains("remotely closed") {
        ErrorKind::Connect
    } else {
        ErrorKind::Check
    }
}

/// Reads assertions: how many failed, which is all that they say.
pub(super) fn assertions(bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let cases: Vec<&str> = text.split("<testcase").skip(1).collect();
    if cases.is_empty() {
        return Err("no `testcase` in the XML".to_owned());
    }
    let failed = cases.iter().filter(|case| case.contains("<failure") || case.contains("<error"));
    tally.checks(failed.count() as u64, cases.len() as u64);
    tally.all(Step::default());
    tally.note(
        "assertions of Gatling say which of them failed and no response times: `errors-check` is failed assertions of all, and nothing else can be judged",
    );
    Ok(())
}
