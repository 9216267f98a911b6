//! A program that writes the open format. Reads only what this run wrote: an older result is deleted before the program starts.
#![expect(clippy::disallowed_methods, reason = "reads and deletes the program's result file")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use globset::GlobMatcher;

use crate::config::placeholder::fill_all;
use crate::config::{JsonOptions, ResultSource, Suite};
use crate::model::Name;

use super::super::bench::{Parsed, json};
use super::super::process::{self, Finished, shown};
use super::super::proof::Runs;
use super::super::surroundings::Surroundings;
use super::{Only, Part, PartError, Place, build, directory, matcher, spec, target, unusable};

/// The name of the file that a program is asked to write.
const OUTPUT_FILE: &str = "results.json";

/// Prepares the suite: builds it. What it measures is known when it has run.
pub(super) fn prepare(
    suite: &Suite,
    options: &JsonOptions,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Vec<Box<dyn Part>>, PartError> {
    let part = JsonPart { suite: suite.clone(), options: options.clone(), filter: matcher(suite)? };
    part.command(place)?;
    build(suite, place, surroundings)?;
    Ok(vec![Box::new(part)])
}

/// The whole suite: which benchmarks to run cannot be chosen.
struct JsonPart {
    suite: Suite,
    options: JsonOptions,
    filter: Option<GlobMatcher>,
}

impl Part for JsonPart {
    fn key(&self) -> &str {
        self.suite.name.as_str()
    }

    fn expected(&self) -> Option<&BTreeSet<Name>> {
        None
    }

    fn runs(&self, place: &Place) -> Option<Runs> {
        Some(Runs {
            commands: vec![self.command(place).ok()?],
            directory: directory(&self.suite, &place.root),
            values: self.suite.environment.values().cloned().collect(),
            beside: Vec::new(),
        })
    }

    fn run(
        &self,
        _only: Only<'_>,
        _processes: u32,
        place: &Place,
        surroundings: &Surroundings,
    ) -> Result<Parsed, PartError> {
        let spec = spec(&self.suite, self.command(place)?, place);
        let unreadable = |message: String, tail: &str| PartError::Unreadable {
            command: shown(&spec.command),
            message,
            tail: tail.to_owned(),
        };
        let file = self.result_file(place);
        if let Some(file) = &file {
            remove(file).map_err(|error| unreadable(format!("delete the old {}: {error}", file.display()), ""))?;
        }
        let finished = process::run_to_success(&spec, surroundings)?;
        let bytes = match &file {
            Some(file) => read(file).map_err(|error| format!("{}: {error}", file.display())),
            None => stdout(&finished),
        };
        let parsed = bytes.and_then(|bytes| {
            json::parse(&bytes, &self.suite.name, &self.options.better).map_err(|error| error.to_string())
        });
        let mut parsed = parsed.map_err(|message| unreadable(message, &finished.tail))?;
        if let Some(filter) = &self.filter {
            parsed.readings.retain(|reading| filter.is_match(reading.metric.id.benchmark.benchmark.as_str()));
        }
        Ok(parsed)
    }
}

impl JsonPart {
    fn command(&self, place: &Place) -> Result<Vec<String>, PartError> {
        let wrong = |message| unusable(&self.suite, message);
        let output = place.scratch.join(OUTPUT_FILE);
        let output = output.to_str().ok_or_else(|| wrong(format!("the path {} is not UTF-8", output.display())))?;
        let values = [("output", output), ("target", target(&self.suite, place)?)];
        fill_all(&self.options.run, &values).map_err(wrong)
    }

    fn result_file(&self, place: &Place) -> Option<PathBuf> {
        match &self.options.results {
            ResultSource::Stdout => None,
            ResultSource::OutputArgument => Some(place.scratch.join(OUTPUT_FILE)),
            ResultSource::File(path) => Some(directory(&self.suite, &place.root).join(path)),
        }
    }
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The bytes of a result file, one more than allowed where it is too large. A pipe in its place would never end.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(file)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(json::FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// All of standard output, or an error where not all of it was kept.
fn stdout(finished: &Finished) -> Result<Vec<u8>, String> {
    if finished.stdout_bytes > finished.stdout.len() as u64 {
        return Err(format!("{} bytes on standard output, more than {}", finished.stdout_bytes, json::FILE_BYTES_MAX));
    }
    Ok(finished.stdout.clone())
}
