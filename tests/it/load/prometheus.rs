//! `tollgate check` with a metrics endpoint, from one end to the other: what it says is judged where the config wants it, and what it lacks is said.
#![cfg(unix)]

use super::gates::{CONFIG, project};
use crate::checks::project::Checked;

/// The endpoint with its hit rate.
const ENDPOINT: &str = r#"
[service.web.prometheus]
every = "100 ms"

[service.web.prometheus.metric.cache-hit-rate]
expression = "cache_hits_total / (cache_hits_total + cache_misses_total)"
unit = "ratio"
better = "higher"
"#;

/// The check of a head whose service is told this, where base's cache answers 90 of a hundred.
#[track_caller]
fn told(endpoint: &str, base: &str, head: &str) -> Checked {
    let project = project(&format!("{CONFIG}{endpoint}"));
    project.commit("words", base);
    project.land();
    project.commit("words", head);
    project.check(&["--max-rounds", "10"])
}

#[test]
fn a_cache_that_answers_less_is_red_where_it_is_gated_and_only_there() {
    let gated = format!("{ENDPOINT}gate = true\n");
    let checked = told(&gated, "hit-percent=90 delay-us=50000", "hit-percent=60 delay-us=50000");
    // Base and head answer the same of a million from before: the rate of a life would not have moved.
    checked.ends(10, &["the cache answers ", "lower `cache-hit-rate` than base"]);
    told(ENDPOINT, "hit-percent=90 delay-us=50000", "hit-percent=60 delay-us=50000").ends(0, &[]);
    told(&gated, "hit-percent=90 delay-us=50000", "hit-percent=90 delay-us=50000").ends(0, &[]);
}

#[test]
fn a_series_that_is_not_there_is_trouble_and_not_zero() {
    let checked = told(ENDPOINT, "hit-percent=90", "hit-percent=90 no-misses=1");
    checked.ends(4, &["cache-hit-rate has no value: no series cache_misses_total is there"]);
    assert!(!checked.rows().iter().any(|row| row.contains("cache-hit-rate:regressed")));
}

#[test]
fn an_endpoint_that_is_not_there_is_said_before_any_load() {
    let elsewhere = ENDPOINT.replace("every", "path = \"/status/404\"\nevery");
    let said = "read the metrics endpoint of `web`: `/status/404`: status 404, not 200";
    told(&elsewhere, "hit-percent=90", "hit-percent=80").ends(6, &[said]);
    // What answers, and is no metrics.
    told(ENDPOINT, "delay-us=1000", "delay-us=2000").ends(6, &["`/metrics`: line 1: no value"]);
}
