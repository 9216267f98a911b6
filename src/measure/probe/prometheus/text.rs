//! The text format 0.0.4 of Prometheus and OpenMetrics 1.0: bytes to samples, a line at a time. Refuses to know which samples matter.

use std::borrow::Cow;

/// The most samples of one endpoint.
const SAMPLES_MAX: usize = 200_000;
/// The most labels of one sample.
const LABELS_MAX: usize = 64;

/// Which of the two formats. They differ in what may be cut short: only OpenMetrics says where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Text 0.0.4.
    Text,
    /// OpenMetrics: what has no `# EOF` was cut short.
    OpenMetrics,
}

impl Format {
    /// The format that a reply's `content-type` names; text where it names none.
    pub(super) fn of(content_type: &str) -> Self {
        let media = content_type.split(';').next().unwrap_or_default().trim();
        if media.eq_ignore_ascii_case("application/openmetrics-text") { Self::OpenMetrics } else { Self::Text }
    }
}

/// What kind of series a family has, as its `# TYPE` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only rises, but for starting anew.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Buckets, a count and a sum, all counters.
    Histogram,
    /// Quantiles, which are gauges, and a count and a sum, which are counters.
    Summary,
    /// Not said.
    Unknown,
}

/// One sample, borrowed from the text.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample<'a> {
    /// The name of the series.
    pub(super) name: &'a str,
    /// Its labels, as written.
    pub(super) labels: Labels<'a>,
    /// Its value; may be infinite or not a number.
    pub(super) value: f64,
}

/// Names and values of labels.
type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// What one line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said<'a> {
    /// The kind of a family.
    Kind(&'a str, Kind),
    /// A sample.
    Sample(Sample<'a>),
}

/// Reads a whole text, and gives what each of its lines says to `take`. A problem is a sentence with its line.
pub(super) fn read<'a>(bytes: &'a [u8], format: Format, mut take: impl FnMut(Said<'a>)) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut samples = 0;
    let mut ended = false;
    for (at, line) in text.lines().enumerate() {
        let wrong = |what: &str| format!("line {}: {what}", at + 1);
        let line = line.trim_matches([' ', '\t']);
        if ended && format == Format::OpenMetrics {
            return Err(wrong("there is more after `# EOF`"));
        }
        if let Some(comment) = line.strip_prefix('#') {
            ended |= comment == " EOF";
            if let Some((name, kind)) = kind(comment) {
                take(Said::Kind(name, kind));
            }
        } else if !line.is_empty() {
            samples += 1;
            if samples > SAMPLES_MAX {
                return Err(format!("more than {SAMPLES_MAX} samples"));
            }
            take(Said::Sample(sample(line).map_err(wrong)?));
        }
    }
    if format == Format::OpenMetrics && !ended {
        return Err("it was cut short: `# EOF` is missing".to_owned());
    }
    Ok(())
}

/// Whether a series only rises: as its family says, else as names by custom tell.
pub(super) fn is_counter(name: &str, (family, kind): (&str, Kind)) -> bool {
    let of_family = name.strip_prefix(family).filter(|_| !family.is_empty());
    match (kind, of_family) {
        (Kind::Counter, Some("" | "_total")) => true,
        (Kind::Histogram, Some(suffix)) => matches!(suffix, "_bucket" | "_count" | "_sum"),
        (Kind::Summary, Some(suffix)) => matches!(suffix, "_count" | "_sum"),
        (Kind::Gauge, Some("")) => false,
        _ => ["_total", "_count", "_sum", "_bucket"].iter().any(|suffix| name.ends_with(suffix)),
    }
}

/// What `# TYPE name kind` says; `None` for any other comment.
fn kind(comment: &str) -> Option<(&str, Kind)> {
    let mut words = comment.split_ascii_whitespace();
    if words.next() != Some("TYPE") {
        return None;
    }
    let name = words.next()?;
    let kind = match words.next()? {
        "counter" => Kind::Counter,
        "gauge" | "info" | "stateset" | "gaugehistogram" => Kind::Gauge,
        "histogram" => Kind::Histogram,
        "summary" => Kind::Summary,
        _ => Kind::Unknown,
    };
    Some((name, kind))
}

/// `name{labels} value [time] [# exemplar]`. The time is when the value was taken, which no client of a running service says; it is not used.
fn sample(line: &str) -> Result<Sample<'_>, &'static str> {
    let length = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(line.len());
    let (name, rest) = line.split_at(length);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("no name of a series");
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None if rest.len() == line.len() - length => return Err("no value"),
        None => (Vec::new(), rest),
    };
    // What follows `#` belongs to one observation alone.
    let mut words = rest.split('#').next().unwrap_or_default().split_ascii_whitespace();
    let value = words.next().and_then(number).ok_or("no value")?;
    if words.next().is_some_and(|time| number(time).is_none()) || words.next().is_some() {
        return Err("something after the value that is no time");
    }
    Ok(Sample { name, labels, value })
}

/// Labels up to their closing brace, and what follows it.
fn labels(mut rest: &str) -> Result<(Labels<'_>, &str), &'static str> {
    let mut labels: Labels<'_> = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(rest) = rest.strip_prefix('}') {
            return Ok((labels, rest));
        }
        let (name, after) = rest.split_once('=').ok_or("a label without a value")?;
        let name = name.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(plain) || labels.len() == LABELS_MAX {
            return Err("something that is no label, or too many of them");
        }
        if labels.iter().any(|(other, _)| *other == name) {
            return Err("a label twice");
        }
        let (value, after) = text(after.trim_start())?;
        labels.push((name, value));
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(rest) => rest,
            None if rest.starts_with('}') => rest,
            None => return Err("labels without a `,` between them"),
        };
    }
}

/// A text in quotes, and what follows it. `\\`, `\"` and `\n` are what they stand for; any other `\` is itself.
fn text(rest: &str) -> Result<(Cow<'_, str>, &str), &'static str> {
    let rest = rest.strip_prefix('"').ok_or("the value of a label without quotes")?;
    let mut escaped = false;
    let end = rest.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let (inner, after) = rest.split_at(end.ok_or("the value of a label that does not end")?);
    let after = after.get(1..).unwrap_or_default();
    if !inner.contains('\\') {
        return Ok((Cow::Borrowed(inner), after));
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, chars.as_str().chars().next()) {
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some(c @ ('\\' | '"'))) => plain.push(c),
            _ => {
                plain.push(c);
                continue;
            }
        }
        chars.next();
    }
    Ok((Cow::Owned(plain), after))
}

/// A number as Go writes one: `1e+06`, `+Inf`, `NaN`.
fn number(word: &str) -> Option<f64> {
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PYTHON: &[u8] = include_bytes!("../../../../tests/fixtures/prometheus/python-client-second.txt");
    const PYTHON_OPEN: &[u8] = include_bytes!("../../../../tests/fixtures/prometheus/python-client-openmetrics.txt");
    const NODE: &[u8] = include_bytes!("../../../../tests/fixtures/prometheus/node-prom-client.txt");
    const NODE_OPEN: &[u8] = include_bytes!("../../../../tests/fixtures/prometheus/node-prom-client-openmetrics.txt");

    fn all(bytes: &[u8], format: Format) -> Result<Vec<Said<'_>>, String> {
        let mut said = Vec::new();
        read(bytes, format, |one| said.push(one)).map(|()| said)
    }

    fn value(said: &[Said<'_>], name: &str, label: &str) -> f64 {
        let found = said.iter().find_map(|one| match one {
            Said::Sample(sample) if sample.name == name => {
                let labels: Vec<String> =
                    sample.labels.iter().map(|(name, value)| format!("{name}={value};")).collect();
                labels.concat().contains(label).then_some(sample.value)
            }
            Said::Sample(_) | Said::Kind(..) => None,
        });
        found.unwrap_or_else(|| panic!("no {name} {label}"))
    }

    #[test]
    fn what_real_clients_write_is_read_in_both_formats() {
        for (bytes, format) in [(PYTHON, Format::Text), (PYTHON_OPEN, Format::OpenMetrics)] {
            let said = all(bytes, format).unwrap();
            assert_eq!(value(&said, "cache_hits_total", "cache=sessions").to_string(), "1000");
            assert_eq!(value(&said, "odd_total", "text=a \"quoted\" \\ text\nin two lines;").to_string(), "4");
            assert!(value(&said, "last_gc_seconds", "").is_nan());
            assert!(value(&said, "request_seconds_bucket", "code=200;le=+Inf") >= 200.0);
            assert!(said.contains(&Said::Kind("request_seconds", Kind::Histogram)));
            assert!(said.contains(&Said::Kind("pool_in_use", Kind::Gauge)));
        }
        for (bytes, format, hits) in
            [(NODE, Format::Text, "cache_hits"), (NODE_OPEN, Format::OpenMetrics, "cache_hits_total")]
        {
            let said = all(bytes, format).unwrap();
            assert_eq!(value(&said, hits, "cache=sessions").to_string(), "7");
            assert!(value(&said, "nodejs_eventloop_lag_p99_seconds", "") > 0.0);
            assert!(said.contains(&Said::Kind("cache_hits", Kind::Counter)), "{hits}");
        }
    }

    #[test]
    fn a_line_has_labels_a_time_and_an_exemplar_or_not() {
        let one = |line: &str| match all(line.as_bytes(), Format::Text).map(|mut said| said.pop()) {
            Ok(Some(Said::Sample(sample))) => {
                let labels: Vec<String> = sample.labels.iter().map(|(name, text)| format!("{name}={text}")).collect();
                format!("{} {labels:?} {}", sample.name, sample.value)
            }
            other => format!("{other:?}"),
        };
        assert_eq!(one("a 1"), "a [] 1");
        assert_eq!(one("a:b{ c = \"d\" , e=\"\", } +Inf 1395066363000"), "a:b [\"c=d\", \"e=\"] inf");
        assert_eq!(one("a{b=\"}#\"}\t-1.5e3\t1.5 # {trace=\"x\"} 0.67 1.5"), "a [\"b=}#\"] -1500");
        assert_eq!(one("a{} NaN"), "a [] NaN");
        assert_eq!(one("a{b=\"\\x\\\\n\"} 1"), "a [\"b=\\\\x\\\\n\"] 1");
        for (wrong, why) in [
            ("{a=\"b\"} 1", "no name of a series"),
            ("a", "no value"),
            ("a{} x", "no value"),
            ("a{b} 1", "a label without a value"),
            ("a{b=c} 1", "the value of a label without quotes"),
            ("a{b=\"c} 1", "the value of a label that does not end"),
            ("a{b=\"c\"d=\"e\"} 1", "labels without a `,` between them"),
            ("a{b=\"c\",b=\"d\"} 1", "a label twice"),
            ("a 1 2 3", "something after the value that is no time"),
        ] {
            assert_eq!(one(wrong), format!("Err(\"line 1: {why}\")"), "{wrong}");
        }
    }

    #[test]
    fn only_openmetrics_says_where_it_ends() {
        assert_eq!(Format::of("application/openmetrics-text; version=1.0.0; charset=utf-8"), Format::OpenMetrics);
        assert_eq!(Format::of("text/plain; version=0.0.4"), Format::Text);
        assert_eq!(all(b"a 1\n", Format::OpenMetrics).unwrap_err(), "it was cut short: `# EOF` is missing");
        let more = all(b"a 1\n# EOF\na 2\n", Format::OpenMetrics);
        assert_eq!(more.unwrap_err(), "line 3: there is more after `# EOF`");
        assert_eq!(all(b"a 1\n# EOF\na 2\n", Format::Text).unwrap().len(), 2);
        assert_eq!(all(b"a \xff", Format::Text).unwrap_err(), "it is not UTF-8");
        let many = "a 1\n".repeat(SAMPLES_MAX + 1);
        assert_eq!(all(many.as_bytes(), Format::Text).unwrap_err(), "more than 200000 samples");
    }

    proptest! {
        #[test]
        fn changed_bytes_are_read_or_refused(
            which in 0_usize..4,
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut bytes = [PYTHON, PYTHON_OPEN, NODE, NODE_OPEN][which].to_vec();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes.truncate(cut.index(bytes.len()) + 1);
            for format in [Format::Text, Format::OpenMetrics] {
                for said in all(&bytes, format).into_iter().flatten() {
                    if let Said::Sample(sample) = said {
                        prop_assert!(!sample.name.is_empty() && sample.labels.len() <= LABELS_MAX);
                    }
                }
            }
        }

        #[test]
        fn a_sample_is_read_as_it_was_written(
            name in "[a-z_:][a-z0-9_:]{0,8}",
            text in "[a-z\"\\\\\n{}=,# é]{0,12}",
            value in prop::num::f64::ANY,
        ) {
            let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let line = format!("{name}{{l=\"{escaped}\"}} {value:e}\n");
            let said = all(line.as_bytes(), Format::Text).unwrap();
            let [Said::Sample(sample)] = said.as_slice() else { panic!("{said:?}") };
            prop_assert_eq!(sample.name, name);
            prop_assert_eq!(sample.labels[0].1.as_ref(), text);
            prop_assert!(sample.value.to_bits() == value.to_bits() || (sample.value.is_nan() && value.is_nan()));
        }
    }
}
