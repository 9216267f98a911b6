//! What scrapes say of one round: counters by how much they rose, gauges by what they were. Numbers in, numbers out; refuses to know where they come from.

use std::collections::BTreeMap;

use crate::config::expression::{Expression, Operator, Reading, Selector};

use super::buckets::quantile;
use super::text::{Format, Kind, Said, Sample, read};

/// The most series of one instance that expressions may ask for.
const SERIES_MAX: usize = 20_000;

/// Where in the round a scrape is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// What counts begins: what counters say now is what they rise from.
    Begin,
    /// It goes on, or has ended.
    Later,
}

/// Why an expression has no value in this round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// Something that it asks for is not there: never 0.
    Missing(String),
    /// All is there, and it still is no number: 0 divided by 0.
    Undefined(String),
}

/// The scrapes of one round, of all instances.
#[derive(Debug)]
pub(super) struct Window {
    wanted: Vec<Wanted>,
    instances: Vec<Instance>,
}

/// Series that some expression asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    selector: Selector,
    /// Whether the buckets of histograms are asked for.
    buckets: bool,
}

/// One instance.
#[derive(Debug, Default)]
struct Instance {
    /// How many scrapes it has given.
    scrapes: u64,
    began_s: f64,
    last_s: f64,
    /// By place among what is wanted.
    followed: Vec<Followed>,
}

/// What one selector matched in one instance.
#[derive(Clone, Debug, Default)]
struct Followed {
    is_counter: bool,
    series: BTreeMap<Key, Series>,
    /// What the series summed up to, scrape by scrape; a gauge's.
    sums: Vec<f64>,
}

type Key = (String, Vec<(String, String)>);

/// One series.
#[derive(Clone, Copy, Debug)]
struct Series {
    /// The scrape that saw it last.
    scrape: u64,
    last: f64,
    /// By how much it rose, where it is a counter.
    increase: f64,
}

/// A sample that is wanted.
struct Found {
    wanted: usize,
    key: Key,
    is_counter: bool,
    value: f64,
}

impl Window {
    /// No scrapes yet, of so many instances, for these expressions.
    pub(super) fn new<'e>(expressions: impl IntoIterator<Item = &'e Expression>, instances: usize) -> Self {
        let mut wanted: Vec<Wanted> = Vec::new();
        for (reading, selector) in expressions.into_iter().flat_map(Expression::selectors) {
            let one = Wanted { selector: selector.clone(), buckets: reading.is_none() };
            if !wanted.contains(&one) {
                wanted.push(one);
            }
        }
        let instance = || Instance { followed: vec![Followed::default(); wanted.len()], ..Instance::default() };
        Self { instances: (0..instances).map(|_| instance()).collect(), wanted }
    }

    /// Takes in what one instance says at a time in seconds. Nothing of a text that cannot be read counts; why, in words.
    pub(super) fn take(
        &mut self,
        instance: usize,
        (bytes, format): (&[u8], Format),
        (when, at_s): (When, f64),
    ) -> Result<(), String> {
        let found = self.found(bytes, format)?;
        let Some(instance) = self.instances.get_mut(instance) else { return Ok(()) };
        instance.take(found, when, at_s)
    }

    /// The samples that are wanted.
    fn found(&self, bytes: &[u8], format: Format) -> Result<Vec<Found>, String> {
        let (mut found, mut family) = (Vec::new(), ("", Kind::Unknown));
        read(bytes, format, |said| match said {
            Said::Kind(name, kind) => family = (name, kind),
            Said::Sample(sample) => {
                let is_counter = is_counter(sample.name, family);
                for (at, wanted) in self.wanted.iter().enumerate() {
                    if wanted.matches(&sample, is_counter) {
                        found.push(Found { wanted: at, key: key(&sample), is_counter, value: sample.value });
                    }
                }
            }
        })?;
        Ok(found)
    }

    /// The value of an expression in this round.
    pub(super) fn value(&self, expression: &Expression, requests: u64) -> Result<f64, Without> {
        let value = match expression {
            Expression::Number(number) => *number,
            Expression::Series(reading, selector) => self.series(*reading, selector)?,
            Expression::Quantile(of, selector) => {
                let all = self.followed(selector, true)?;
                let rises = all.iter().flat_map(|(_, followed)| &followed.series);
                quantile(*of, rises.filter_map(|((_, labels), series)| Some((bound(labels)?, series.increase))))
                    .ok_or_else(|| Without::Undefined(format!("{selector} observed nothing")))?
            }
            Expression::PerRequest(_) if requests == 0 => {
                return Err(Without::Undefined("no request is known to have ended".to_owned()));
            }
            Expression::PerRequest(inner) => self.value(inner, requests)? / requests as f64,
            Expression::Both(one, operator, other) => {
                let (one, other) = (self.value(one, requests)?, self.value(other, requests)?);
                match operator {
                    Operator::Plus => one + other,
                    Operator::Minus => one - other,
                    Operator::Times => one * other,
                    Operator::Over if other == 0.0 => {
                        return Err(Without::Undefined("it is divided by 0".to_owned()));
                    }
                    Operator::Over => one / other,
                }
            }
        };
        if value.is_finite() { Ok(value) } else { Err(Without::Undefined("it is no finite number".to_owned())) }
    }

    fn series(&self, reading: Reading, selector: &Selector) -> Result<f64, Without> {
        let all = self.followed(selector, false)?;
        let counts = all.iter().any(|(_, followed)| followed.is_counter);
        let other = |is: &str, functions: &str| Without::Missing(format!("{selector} is {is}: {functions} it has not"));
        match (reading, counts) {
            (Reading::Plain | Reading::Increase, true) => Ok(all.iter().map(|(_, one)| one.increase()).sum()),
            (Reading::Rate, true) => {
                if all.iter().any(|(instance, _)| instance.seconds() <= 0.0) {
                    return Err(Without::Undefined("no time passed".to_owned()));
                }
                Ok(all.iter().map(|(instance, one)| one.increase() / instance.seconds()).sum())
            }
            (Reading::Plain | Reading::Mean | Reading::Max, false) => {
                let sums: Vec<f64> = all.iter().flat_map(|(_, one)| one.sums.iter().copied()).collect();
                if sums.is_empty() {
                    return Err(Without::Undefined(format!("{selector} was no number")));
                }
                Ok(match reading {
                    Reading::Max => sums.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    _ => sums.iter().sum::<f64>() / sums.len() as f64,
                })
            }
            (Reading::Rate | Reading::Increase, false) => Err(other("a gauge", "an increase and a rate")),
            (Reading::Mean | Reading::Max, true) => Err(other("a counter", "a mean and a maximum")),
        }
    }

    /// What a selector matched, in the instances where it matched something.
    fn followed(&self, selector: &Selector, buckets: bool) -> Result<Vec<(&Instance, &Followed)>, Without> {
        let at = self.wanted.iter().position(|wanted| wanted.selector == *selector && wanted.buckets == buckets);
        let all: Vec<(&Instance, &Followed)> = self
            .instances
            .iter()
            .filter_map(|instance| Some((instance, instance.followed.get(at?)?)))
            .filter(|(_, followed)| !followed.series.is_empty())
            .collect();
        if all.is_empty() {
            let what = if buckets { "histogram" } else { "series" };
            return Err(Without::Missing(format!("no {what} {selector} is there")));
        }
        Ok(all)
    }
}

impl Instance {
    fn take(&mut self, found: Vec<Found>, when: When, at_s: f64) -> Result<(), String> {
        self.scrapes += 1;
        match when {
            When::Begin => {
                self.followed.iter_mut().for_each(|followed| *followed = Followed::default());
                (self.began_s, self.last_s) = (at_s, at_s);
            }
            When::Later => self.last_s = at_s,
        }
        let mut sums: BTreeMap<usize, f64> = BTreeMap::new();
        for Found { wanted, key, is_counter, value } in found {
            let Some(followed) = self.followed.get_mut(wanted) else { continue };
            followed.is_counter = is_counter;
            if followed.series.len() >= SERIES_MAX {
                return Err(format!("more than {SERIES_MAX} series of one name"));
            }
            let shown = key.0.clone();
            // A series that was not there at the begin rises from 0: its first event made it.
            let from = if when == When::Begin { value } else { 0.0 };
            let fresh = Series { scrape: 0, last: from, increase: 0.0 };
            let series = followed.series.entry(key).or_insert(fresh);
            if series.scrape == self.scrapes {
                return Err(format!("a series of {shown} is there twice"));
            }
            series.scrape = self.scrapes;
            if value.is_finite() {
                series.rise(value);
                *sums.entry(wanted).or_default() += value;
            }
        }
        for (wanted, sum) in sums {
            if let Some(followed) = self.followed.get_mut(wanted) {
                followed.sums.push(sum);
            }
        }
        Ok(())
    }

    /// The time between its first and its last scrape.
    fn seconds(&self) -> f64 {
        self.last_s - self.began_s
    }
}

impl Followed {
    fn increase(&self) -> f64 {
        self.series.values().map(|series| series.increase).sum()
    }
}

impl Series {
    /// What a counter says now. One that says less has started anew, from 0.
    fn rise(&mut self, value: f64) {
        let from = if value < self.last || !self.last.is_finite() { 0.0 } else { self.last };
        self.increase += value - from;
        self.last = value;
    }
}

impl Wanted {
    fn matches(&self, sample: &Sample<'_>, is_counter: bool) -> bool {
        let Self { selector, buckets } = self;
        let rest = sample.name.strip_prefix(selector.name.as_str());
        let is_named = match rest {
            Some("_bucket") => *buckets,
            Some("") => !*buckets,
            Some("_total") => !*buckets && is_counter,
            _ => false,
        };
        // As Prometheus has it, a label that is not there is empty.
        let value = |name: &str| sample.labels.iter().find(|(own, _)| *own == name).map_or("", |(_, value)| value);
        is_named && selector.labels.iter().all(|(name, wanted)| value(name) == wanted)
    }
}

/// Whether a series only rises: as its family says, else as names by custom tell.
fn is_counter(name: &str, (family, kind): (&str, Kind)) -> bool {
    let of_family = name.strip_prefix(family).filter(|_| !family.is_empty());
    match (kind, of_family) {
        (Kind::Counter, Some("" | "_total")) => true,
        (Kind::Histogram, Some(suffix)) => matches!(suffix, "_bucket" | "_count" | "_sum"),
        (Kind::Summary, Some(suffix)) => matches!(suffix, "_count" | "_sum"),
        (Kind::Gauge, Some("")) => false,
        _ => ["_total", "_count", "_sum", "_bucket"].iter().any(|suffix| name.ends_with(suffix)),
    }
}

fn key(sample: &Sample<'_>) -> Key {
    let labels = sample.labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_owned()));
    let mut labels: Vec<(String, String)> = labels.collect();
    labels.sort();
    (sample.name.to_owned(), labels)
}

/// The upper bound of a bucket.
fn bound(labels: &[(String, String)]) -> Option<f64> {
    let (_, bound) = labels.iter().find(|(name, _)| name == "le")?;
    bound.parse().ok().filter(|bound: &f64| !bound.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = include_str!("../../../../tests/fixtures/prometheus/python-client-first.txt");
    const SECOND: &str = include_str!("../../../../tests/fixtures/prometheus/python-client-second.txt");
    const OPEN: &str = include_str!("../../../../tests/fixtures/prometheus/python-client-openmetrics.txt");
    const NODE: &str = include_str!("../../../../tests/fixtures/prometheus/node-prom-client.txt");

    /// The value of an expression after scrapes of each instance, 10 s apart; 1000 requests.
    fn value(text: &str, instances: &[&[&str]]) -> Result<f64, Without> {
        let expression = Expression::parse(text).unwrap();
        let mut window = Window::new([&expression], instances.len());
        for (at, scrapes) in instances.iter().enumerate() {
            for (number, scrape) in scrapes.iter().enumerate() {
                let when = if number == 0 { When::Begin } else { When::Later };
                let format = if scrape.contains("# EOF") { Format::OpenMetrics } else { Format::Text };
                window.take(at, (scrape.as_bytes(), format), (when, 10.0 * number as f64)).unwrap();
            }
        }
        window.value(&expression, 1000)
    }

    fn check(text: &str, instances: &[&[&str]], expected: f64) {
        let value = value(text, instances).unwrap_or_else(|without| panic!("{text}: {without:?}"));
        assert!((value - expected).abs() < 1e-9, "{text}: {value}, not {expected}");
    }

    #[test]
    fn a_hit_rate_is_that_of_the_round_and_not_of_the_life_of_the_service() {
        let both: &[&[&str]] = &[&[FIRST, SECOND]];
        check(
            "cache_hits_total{cache='sessions'} / (cache_hits_total{cache='sessions'} + cache_misses_total{cache='sessions'})",
            both,
            0.9,
        );
        check("cache_hits_total", both, 910.0);
        check("cache_hits", both, 910.0);
        check("rate(cache_hits_total)", both, 91.0);
        check("per_request(increase(cache_hits_total))", both, 0.91);
        // A series that its first event made after the begin.
        check("cache_misses_total{cache='pages'}", both, 30.0);
        // Two instances.
        check("cache_hits_total", &[&[FIRST, SECOND], &[FIRST, FIRST]], 910.0);
        check("cache_hits_total", &[&[FIRST, OPEN]], 910.0);
    }

    #[test]
    fn gauges_are_means_and_maxima_over_scrapes_and_instances() {
        check("pool_in_use", &[&[FIRST, SECOND]], 5.0);
        check("max(pool_in_use) / 10", &[&[FIRST, SECOND], &[FIRST]], 0.6);
        check("mean(pool_in_use)", &[&[FIRST, SECOND], &[FIRST, FIRST]], 4.5);
        check("nodejs_active_resources", &[&[NODE]], 2.0);
        check("nodejs_active_resources_total{type=''}", &[&[NODE]], 2.0);
        assert_eq!(
            value("last_gc_seconds", &[&[FIRST, SECOND]]),
            Err(Without::Undefined("last_gc_seconds was no number".to_owned()))
        );
    }

    #[test]
    fn a_counter_that_starts_anew_rises_from_zero() {
        check("a_total", &[&["a_total 10", "a_total 15", "a_total 3", "a_total 4"]], 9.0);
        check("a_total", &[&["a_total 10", "b 1", "a_total 12"]], 2.0);
        check("a_total", &[&["a_total +Inf", "a_total NaN", "a_total 12"]], 12.0);
    }

    #[test]
    fn a_histogram_gives_quantiles_of_the_round() {
        // A hundred observations between: 40 to 59 ms, then 0 to 59 ms, then 0 to 19 ms.
        let p50 = value("quantile(0.5, request_seconds{code='200'})", &[&[FIRST, SECOND]]).unwrap();
        assert!((0.020..0.035).contains(&p50), "{p50}");
        check("request_seconds_sum{code='200'}", &[&[FIRST, SECOND]], 2.95);
        assert_eq!(
            value("quantile(0.9, request_seconds{code='500'})", &[&[FIRST, SECOND]]),
            Err(Without::Undefined("request_seconds{code=\"500\"} observed nothing".to_owned()))
        );
    }

    #[test]
    fn what_is_not_there_is_missing_and_never_zero() {
        let missing = |text: &str| match value(text, &[&[FIRST, SECOND]]) {
            Err(Without::Missing(why)) => why,
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(missing("1 + nothing"), "no series nothing is there");
        assert_eq!(missing("cache_hits{cache='c'}"), "no series cache_hits{cache=\"c\"} is there");
        assert_eq!(missing("quantile(0.5, pool_in_use)"), "no histogram pool_in_use is there");
        assert_eq!(missing("rate(pool_in_use)"), "pool_in_use is a gauge: an increase and a rate it has not");
        assert_eq!(missing("max(cache_hits)"), "cache_hits is a counter: a mean and a maximum it has not");
    }

    #[test]
    fn nothing_divided_by_nothing_is_no_value() {
        let undefined = Err(Without::Undefined("it is divided by 0".to_owned()));
        assert_eq!(value("cache_hits / (cache_hits + cache_misses)", &[&[FIRST, FIRST]]), undefined);
    }

    #[test]
    fn a_series_that_is_there_twice_is_refused() {
        let expression = Expression::parse("a").unwrap();
        let mut window = Window::new([&expression], 1);
        let twice = b"a{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n";
        let refused = window.take(0, (twice, Format::Text), (When::Begin, 0.0));
        assert_eq!(refused, Err("a series of a is there twice".to_owned()));
    }
}
