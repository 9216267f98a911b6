//! `JMeter`: a JTL file as CSV, with or without a header, one line a sample. Refuses to count a transaction and its requests twice.

use std::collections::BTreeMap;
use std::io::BufRead;

use crate::measure::load::record::ErrorKind;

use super::tally::{Request, Tally};
use super::{LoadError, for_each_line};

/// The columns of a file without a header, as `JMeter` has them where nothing else is asked for.
const COLUMNS: &str = "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,\
                       grpThreads,allThreads,URL,Latency,IdleTime,Connect";
/// How the message of a transaction begins; its requests have lines of their own.
const TRANSACTION: &str = "Number of samples in transaction";

/// Whether this is the first line of a JTL file.
pub(super) fn is_header(line: &str) -> bool {
    let has = |name: &str| line.split([',', ';', '\t', '|']).any(|column| column.trim().trim_matches('"') == name);
    has("timeStamp") && has("elapsed")
}

/// Reads all samples.
pub(super) fn read(source: &mut dyn BufRead, tally: &mut Tally) -> Result<(), LoadError> {
    let head = String::from_utf8_lossy(source.fill_buf().map_err(LoadError::Read)?).into_owned();
    let first = head.lines().next().unwrap_or_default();
    if first.trim_start().starts_with('<') {
        let message = "it is XML: set `jmeter.save.saveservice.output_format=csv`".to_owned();
        return Err(LoadError::NotResults { tool: "JMeter", message });
    }
    let with_header = is_header(first);
    let delimiter =
        [b',', b';', b'\t', b'|'].into_iter().max_by_key(|byte| first.bytes().filter(|b| b == byte).count());
    let names = if with_header { first.replace([';', '\t', '|'], ",") } else { COLUMNS.to_owned() };
    let columns: BTreeMap<String, usize> =
        names.split(',').enumerate().map(|(at, name)| (name.trim().trim_matches('"').to_owned(), at)).collect();
    let mut skip_lines = u64::from(with_header);
    // A quoted field may go over several lines; such a line has an odd number of quotes.
    let mut record: Vec<u8> = Vec::new();
    let mut number = 0;
    for_each_line(source, |at, line| {
        if skip_lines > 0 || (line.is_empty() && record.is_empty()) {
            skip_lines = skip_lines.saturating_sub(1);
            return Ok(());
        }
        if record.is_empty() {
            number = at;
        } else {
            record.push(b'\n');
        }
        record.extend_from_slice(line);
        let open = record.iter().fold(false, |open, byte| open != (*byte == b'"'));
        if open && record.len() < RECORD_BYTES_MAX {
            return Ok(());
        }
        let taken = sample(&record, delimiter.unwrap_or(b','), &columns);
        record.clear();
        match taken {
            Ok(Some((label, request))) => tally.request(&label, &request),
            Ok(None) => {
                tally.note("transactions of JMeter are left out: their requests are counted by themselves");
                Ok(())
            }
            Err(reason) => {
                tally.refuse(&format!("line {number}: {reason}"));
                Ok(())
            }
        }
    })?;
    if !record.is_empty() {
        tally.refuse(&format!("line {number}: a quoted field without an end"));
    }
    Ok(())
}

/// The longest record of several lines, in bytes.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// One sample with its label; `None` for a transaction.
fn sample(
    line: &[u8],
    delimiter: u8,
    columns: &BTreeMap<String, usize>,
) -> Result<Option<(String, Request)>, &'static str> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(line);
    let mut record = csv::ByteRecord::new();
    reader.read_byte_record(&mut record).map_err(|_| "not CSV")?;
    let field = |name: &str| {
        columns.get(name).and_then(|at| record.get(*at)).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    };
    let whole = |name: &str| field(name)?.trim().parse::<u64>().ok();
    let elapsed_ms = whole("elapsed").ok_or("no whole number as `elapsed`")?;
    let message = field("responseMessage").unwrap_or_default();
    if message.starts_with(TRANSACTION) {
        return Ok(None);
    }
    let label = field("label").filter(|label| !label.is_empty()).ok_or("no `label`")?;
    let right = match field("success").as_deref().map(str::trim) {
        Some("true") => true,
        Some("false") => false,
        _ => return Err("`success` is neither `true` nor `false`"),
    };
    let failure = (!right).then(|| how(&field("responseCode").unwrap_or_default(), &message));
    // A time stamp in words says nothing of the time zone; then the throughput is left out.
    let end_s = whole("timeStamp").map(|start_ms| start_ms.saturating_add(elapsed_ms) as f64 / 1e3);
    let request = Request {
        end_s,
        seconds: elapsed_ms as f64 / 1e3,
        failure,
        bytes_in: whole("bytes"),
        bytes_out: whole("sentBytes"),
    };
    Ok(Some((super::k6::named(&label, None), request)))
}

/// How a sample failed: `JMeter` writes the exception's name where there was no reply.
fn how(code: &str, message: &str) -> ErrorKind {
    let status = code.trim().parse::<u16>();
    if code.contains("Timeout") || message.contains("timed out") {
        ErrorKind::Timeout
    } else if status.is_err() {
        ErrorKind::Connect
    } else if status.is_ok_and(|status| status >= 400) {
        ErrorKind::Status
    } else {
        ErrorKind::Check
    }
}
