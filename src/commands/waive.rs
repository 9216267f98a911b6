//! `tollgate waive`: writes a reviewed exception for one metric. Refuses to replace one, and to say whether the metric exists.
#![expect(clippy::disallowed_methods, reason = "reads the waiver file of the working tree")]

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

use crate::baseline::store::write_atomically;
use crate::cli::WaiveArgs;
use crate::config::{ConfigError, WAIVER_FILE, parse_waivers, waiver_entry};
use crate::git::Repository;

use super::{Code, Context, Failure};

const NOT_WRITTEN: &str = "nothing written";
/// A waiver file is written by people; a larger one is not one.
const BYTES_MAX: u64 = 1 << 20;

/// Appends one waiver to the waiver file beside tollgate.toml.
pub(super) fn run(args: &WaiveArgs, context: &Context) -> Result<Code, Failure> {
    let until = last_day(&args.until, today(context.now_s))?;
    let entry = waiver_entry(&args.id, &args.ceiling, until, &args.reason, args.owner.as_deref());
    parse_waivers(&entry, "the command line").map_err(|error| bad_argument(&error))?;

    let repository = Repository::discover(&context.directory)
        .map_err(|error| Failure::new(Code::Usage, NOT_WRITTEN, &error, error.hint()))?;
    let path = repository.root().join(WAIVER_FILE);
    let before = read(&path).map_err(|error| unreadable(&path, &error))?;
    let config = |error: ConfigError| Failure::new(Code::Config, NOT_WRITTEN, &error, error.hint());
    let existing = parse_waivers(&before, WAIVER_FILE).map_err(config)?;
    if let Some(waiver) = existing.iter().find(|waiver| waiver.id == args.id) {
        let message = format!("`{}` is already waived in {WAIVER_FILE}, line {}", args.id.escape_debug(), waiver.line);
        return Err(Failure::usage(message, Some("change that entry, or delete it first".to_owned())));
    }
    let after = appended(&before, &entry);
    parse_waivers(&after, WAIVER_FILE).map_err(config)?;
    write_atomically(&path, after.as_bytes()).map_err(|error| unwritable(&path, &error))?;

    context.print(&format!("Added to {WAIVER_FILE}:\n{entry}\n"));
    context.say("It counts once it is on the base branch: a pull request cannot waive its own regression.");
    Ok(Code::Pass)
}

/// The last day on which the waiver counts: written as YYYY-MM-DD, today or later.
fn last_day(text: &str, today: Date) -> Result<Date, Failure> {
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    let Some(day) = day else {
        let message = format!("`--until`: `{}` is not a day", text.escape_debug());
        return Err(Failure::usage(message, Some("write it as YYYY-MM-DD".to_owned())));
    };
    if day < today {
        let message = format!("`--until`: {day} has passed; today is {today} (UTC)");
        return Err(Failure::usage(message, Some("name today or a later day".to_owned())));
    }
    Ok(day)
}

/// The day in UTC. A clock that no calendar has is before all days.
pub(super) fn today(now_s: i64) -> Date {
    Timestamp::from_second(now_s).map_or(Date::MIN, |now| Offset::UTC.to_datetime(now).date())
}

/// What is wrong with what was typed, without lines of a file that does not exist.
fn bad_argument(error: &ConfigError) -> Failure {
    let messages: Vec<&str> = error.problems().iter().map(|problem| problem.message.as_str()).collect();
    Failure::usage(messages.join("; "), error.problems().iter().find_map(|problem| problem.help.clone()))
}

/// The text of the waiver file; empty where there is none.
fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    match fs::File::open(path) {
        Ok(file) => file.take(BYTES_MAX + 1).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    if text.len() as u64 > BYTES_MAX {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB"));
    }
    Ok(text)
}

/// `entry` at the end of what was there, every byte of which stays.
pub(super) fn appended(before: &str, entry: &str) -> String {
    match before {
        "" => entry.trim_start().to_owned(),
        before if before.ends_with('\n') => format!("{before}{entry}"),
        before => format!("{before}\n{entry}"),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let hint = Some("it is a plain text file in TOML; take it back from git".to_owned());
    let message = format!("read {}: {error}", path.display());
    Failure { code: Code::Config, consequence: NOT_WRITTEN, message, hint }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let hint = Some("check the free space and your permissions; the file is as it was".to_owned());
    let message = format!("write {}: {error}", path.display());
    Failure { code: Code::Internal, consequence: NOT_WRITTEN, message, hint }
}
