//! Results of other load tools: one file a format. Refuses to say more than a result holds: what a summary without raw data cannot support is a
//! note, and what another tool counts otherwise is not given the name of ours in silence.

mod autocannon;
mod gatling;
mod h2load;
mod jmeter;
mod k6;
mod k6_summary;
mod lines;
mod locust;
mod oha;
mod tally;
mod vegeta;
mod wrk;

use std::io::{self, BufRead, Read};

use crate::config::scenario::LoadFormat;
use crate::model::Name;

use super::Parsed;
use lines::for_each_line;
use tally::Tally;

/// The largest result that is read as one document, in bytes. Results of one line a request have no such limit.
pub const DOCUMENT_BYTES_MAX: usize = 64 << 20;
/// How much of a result's beginning tells its format, in bytes: whoever opens a file gives it a buffer of this size.
pub const HEAD_BYTES: usize = 64 << 10;
/// The most named requests of one result: each has its own distribution.
pub const REQUESTS_MAX: usize = 1_000;

/// Why a result of a load tool gives nothing.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read to its end.
    #[error("read the result")]
    Read(#[source] io::Error),
    /// It is a document of more than [`DOCUMENT_BYTES_MAX`].
    #[error("read a result of more than {DOCUMENT_BYTES_MAX} bytes")]
    TooLarge,
    /// It is not what the format says.
    #[error("understand it as a result of {tool} ({message})")]
    NotResults {
        /// The tool.
        tool: &'static str,
        /// What is missing or wrong.
        message: String,
    },
    /// It can only be read by the tool that wrote it.
    #[error("read a binary `simulation.log` (Gatling writes it since 3.13)")]
    Binary,
    /// It has more than [`REQUESTS_MAX`] names of requests.
    #[error("read more than {REQUESTS_MAX} names of requests")]
    TooMany,
    /// Several results are to be one, and one of them has no raw data.
    #[error(
        "merge {count} results of {tool} (a summary has no raw data, and quantiles of parts have no quantile of the whole)"
    )]
    Unmergeable {
        /// The tool.
        tool: &'static str,
        /// How many there are.
        count: usize,
    },
}

impl LoadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read(_) => "check that it is a file and that you may read it".to_owned(),
            Self::TooLarge => "write one line a request: `k6 run --out json=FILE`, `vegeta encode -to json`".to_owned(),
            Self::NotResults { .. } => "name the format with `--format`; which files can be read is in docs/scale.md".to_owned(),
            Self::Binary => {
                "use the assertions that Gatling writes as JUnit XML, or Gatling up to 3.12, which writes text".to_owned()
            }
            Self::TooMany => {
                "give requests that belong together one name: k6 `tags: { name: \"item\" }`, JMeter a label, Locust `name=`".to_owned()
            }
            Self::Unmergeable { .. } => "give the raw results instead: k6 `--out json=FILE`, `vegeta encode -to json`, JTL".to_owned(),
        })
    }
}

/// Reads one result. Never panics, whatever the bytes.
pub fn parse(format: LoadFormat, bytes: &[u8], suite: &Name) -> Result<Parsed, LoadError> {
    read(format, vec![Box::new(bytes)], suite)
}

/// Reads the results of all parts of one run as one, such as one file of each pod. A result with one line a request is never held as a whole.
pub fn read(format: LoadFormat, sources: Vec<Box<dyn BufRead + '_>>, suite: &Name) -> Result<Parsed, LoadError> {
    let count = sources.len();
    let mut tally = Tally::default();
    for mut source in sources {
        let head = source.fill_buf().map_err(LoadError::Read)?.to_vec();
        match raw(format, &head) {
            Some(raw) => raw(&mut *source, &mut tally)?,
            None if count > 1 => return Err(LoadError::Unmergeable { tool: tool(format), count }),
            None => summary(format, &document(&mut *source)?, &mut tally)?,
        }
    }
    if tally.is_empty() {
        return Err(LoadError::NotResults { tool: tool(format), message: "there is not one request in it".to_owned() });
    }
    Ok(tally.into_parsed(suite))
}

/// Reads a result that has one line a request.
type Raw = fn(&mut dyn BufRead, &mut Tally) -> Result<(), LoadError>;

/// What reads it, where it is raw data of this format; `None` for a summary.
fn raw(format: LoadFormat, head: &[u8]) -> Option<Raw> {
    match format {
        LoadFormat::K6 => k6::is_points(head).then_some(k6::read as Raw),
        LoadFormat::Gatling => (!gatling::is_assertions(head)).then_some(gatling::read as Raw),
        LoadFormat::Jmeter => Some(jmeter::read),
        LoadFormat::Vegeta => vegeta::is_lines(head).then_some(vegeta::read as Raw),
        LoadFormat::H2load => h2load::is_log(head).then_some(h2load::read as Raw),
        LoadFormat::Locust => locust::is_json(head).then_some(locust::read as Raw),
        LoadFormat::Oha | LoadFormat::Wrk | LoadFormat::Autocannon => None,
    }
}

fn summary(format: LoadFormat, bytes: &[u8], tally: &mut Tally) -> Result<(), LoadError> {
    let taken = match format {
        LoadFormat::K6 => k6_summary::read(bytes, tally),
        LoadFormat::Gatling => gatling::assertions(bytes, tally),
        LoadFormat::Locust => locust::tables(bytes, tally),
        LoadFormat::Vegeta => vegeta::report(bytes, tally),
        LoadFormat::Oha => oha::read(bytes, tally),
        LoadFormat::Wrk => wrk::read(bytes, tally),
        LoadFormat::H2load => h2load::summary(bytes, tally),
        LoadFormat::Autocannon => autocannon::read(bytes, tally),
        LoadFormat::Jmeter => Err("it is not a table".to_owned()),
    };
    taken.map_err(|message| LoadError::NotResults { tool: tool(format), message })
}

/// All of a document that is small enough.
fn document(source: &mut dyn BufRead) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::new();
    source.take(DOCUMENT_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(LoadError::Read)?;
    if bytes.len() > DOCUMENT_BYTES_MAX { Err(LoadError::TooLarge) } else { Ok(bytes) }
}

/// The tool's own name.
pub fn tool(format: LoadFormat) -> &'static str {
    match format {
        LoadFormat::K6 => "k6",
        LoadFormat::Gatling => "Gatling",
        LoadFormat::Jmeter => "JMeter",
        LoadFormat::Locust => "Locust",
        LoadFormat::Vegeta => "Vegeta",
        LoadFormat::Oha => "oha",
        LoadFormat::Wrk => "wrk",
        LoadFormat::H2load => "h2load",
        LoadFormat::Autocannon => "autocannon",
    }
}

/// The format of a result by its beginning; `None` where nothing speaks for one, and for Tollgate's own open format.
pub fn detect(head: &[u8]) -> Option<LoadFormat> {
    let text = String::from_utf8_lossy(head.get(..HEAD_BYTES).unwrap_or(head));
    let has = |words: &[&str]| words.iter().all(|word| text.contains(word));
    match text.trim_start().chars().next()? {
        '{' if has(&["\"schema\"", "\"benchmarks\""]) || has(&["\"kind\":\"load\""]) => None,
        '{' if k6::is_points(head) => Some(LoadFormat::K6),
        '{' if vegeta::is_lines(head) || has(&["\"latencies\"", "\"bytes_in\""]) => Some(LoadFormat::Vegeta),
        '{' if has(&["\"successRate\"", "\"requestsPerSec\""]) => Some(LoadFormat::Oha),
        '{' if has(&["\"sampleInt\"", "\"pipelining\""]) => Some(LoadFormat::Autocannon),
        '{' if has(&["\"k6Version\""]) || has(&["\"root_group\""]) || has(&["\"metrics\"", "\"http_req"]) => {
            Some(LoadFormat::K6)
        }
        '[' if has(&["\"num_requests\"", "\"response_times\""]) => Some(LoadFormat::Locust),
        '<' if has(&["<testsuite", "<testcase"]) && has(&["Gatling"]) => Some(LoadFormat::Gatling),
        _ if text.starts_with("RUN\t") || gatling::is_binary(head) => Some(LoadFormat::Gatling),
        _ if text.starts_with("Running ") && has(&["test @ "]) => Some(LoadFormat::Wrk),
        _ if h2load::is_log(head) || has(&["finished in ", "status codes: "]) => Some(LoadFormat::H2load),
        _ if locust::is_table(&text) => Some(LoadFormat::Locust),
        _ if jmeter::is_header(text.lines().next().unwrap_or_default()) => Some(LoadFormat::Jmeter),
        _ => None,
    }
}
