//! Another tool that makes the load: runs it against the service of this round, and reads what it leaves. Refuses to take its exit status for a
//! verdict: a threshold of the tool's own that was crossed is a note, and its times are judged by our rules.
#![expect(clippy::disallowed_methods, reason = "reads the tool's result file")]

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::config::Suite;
use crate::config::placeholder::fill_all;
use crate::config::scenario::{Address, External, LoadFormat, Origin};

use super::super::bench::Parsed;
use super::super::bench::load::{self, HEAD_BYTES};
use super::super::process::{self, Finished, ProcessSpec, shown};
use super::super::surroundings::Surroundings;
use super::{PartError, Place, spec, target, unusable};

/// The name of what a tool is asked to write.
const OUTPUT: &str = "results";
/// What Gatling calls its log, somewhere in the folder that it is given.
const GATLING_LOG: &str = "simulation.log";
/// What Locust puts behind the name that it is given.
const LOCUST_TABLE: &str = "_stats.csv";

/// Runs the tool once against these addresses, and reads its result. `{port}` and `{url}` stand for the first of them, `{output}` for the file, or
/// the beginning of its name, that the tool is to write: where the command line does not hold it, standard output is read.
pub fn run(
    suite: &Suite,
    external: &External,
    addresses: &[Address],
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Parsed, PartError> {
    let output = place.scratch.join(OUTPUT);
    let command = command(suite, external, addresses, place, &output)?;
    let spec = ProcessSpec { timeout: external.timeout, ..spec(suite, command, place) };
    let finished = process::run(&spec, surroundings)?;
    let crossed = finished.status.filter(|status| threshold(external.format) == Some(*status));
    let finished = finished.expect_status(crossed.unwrap_or_default(), &spec.command)?;
    let unreadable =
        |message: String| PartError::Unreadable { command: shown(&spec.command), message, tail: finished.tail.clone() };
    let written = external.run.iter().any(|word| word.contains("{output}"));
    let source = if written { file(external.format, &output) } else { stdout(&finished) };
    let source = source.map_err(|error| unreadable(error.to_string()))?;
    let mut parsed = load::read(external.format, vec![source], &suite.name).map_err(|error| {
        let hint = error.hint().map(|hint| format!("; {hint}"));
        unreadable(format!("{error}{}", hint.unwrap_or_default()))
    })?;
    if let Some(status) = crossed {
        let tool = load::tool(external.format);
        parsed.notes.push(format!("{tool} ended with {status}: a threshold or request of its own failed"));
    }
    Ok(parsed)
}

/// The exit status by which a tool says that its own rules were broken and its result is whole.
fn threshold(format: LoadFormat) -> Option<i32> {
    match format {
        LoadFormat::K6 => Some(99),
        LoadFormat::Gatling => Some(2),
        LoadFormat::Locust => Some(1),
        LoadFormat::Jmeter
        | LoadFormat::Vegeta
        | LoadFormat::Oha
        | LoadFormat::Wrk
        | LoadFormat::H2load
        | LoadFormat::Autocannon => None,
    }
}

fn command(
    suite: &Suite,
    external: &External,
    addresses: &[Address],
    place: &Place,
    output: &Path,
) -> Result<Vec<String>, PartError> {
    let wrong = |message: String| unusable(suite, message);
    let output = output.to_str().ok_or_else(|| wrong(format!("the path {} is not UTF-8", output.display())))?;
    let mut values = vec![("output", output), ("target", target(suite, place)?)];
    let first = addresses.first().map(|address| &address.origin);
    let (port, url) = match first {
        Some(Origin::Tcp { tls, host, port }) => {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            (port.to_string(), format!("{}://{host}:{port}", if *tls { "https" } else { "http" }))
        }
        Some(Origin::Unix(_)) => return Err(wrong("another tool cannot be sent to a Unix socket".to_owned())),
        None => (String::new(), String::new()),
    };
    if first.is_some() {
        values.extend([("port", port.as_str()), ("url", url.as_str())]);
    }
    fill_all(&external.run, &values).map_err(wrong)
}

/// What the tool wrote, to be read piece by piece: raw results have gigabytes.
fn file(format: LoadFormat, output: &Path) -> io::Result<Box<dyn BufRead>> {
    let place = written(format, output);
    // A pipe in its place would never end.
    let known = fs::metadata(&place).map_err(|error| io::Error::other(format!("{}: {error}", place.display())))?;
    if !known.is_file() {
        return Err(io::Error::other(format!("{} is not a file", place.display())));
    }
    Ok(Box::new(BufReader::with_capacity(HEAD_BYTES, fs::File::open(&place)?)))
}

/// Where the tool wrote: some make a folder or a longer name of what they are given.
fn written(format: LoadFormat, output: &Path) -> PathBuf {
    match format {
        LoadFormat::Gatling if output.is_dir() => {
            let files = WalkDir::new(output).max_depth(3).sort_by_file_name().into_iter().filter_map(Result::ok);
            let log = files.map(walkdir::DirEntry::into_path).find(|path| path.ends_with(GATLING_LOG));
            log.unwrap_or_else(|| output.join(GATLING_LOG))
        }
        LoadFormat::Locust if !output.exists() => output.with_file_name(format!("{OUTPUT}{LOCUST_TABLE}")),
        _ => output.to_owned(),
    }
}

/// All of standard output, or an error where not all of it was kept.
fn stdout(finished: &Finished) -> io::Result<Box<dyn BufRead>> {
    if finished.stdout_bytes > finished.stdout.len() as u64 {
        let message = format!(
            "{} bytes on standard output, more than are kept; let the tool write to `{{output}}`",
            finished.stdout_bytes
        );
        return Err(io::Error::other(message));
    }
    Ok(Box::new(io::Cursor::new(finished.stdout.clone())))
}
