//! The grammar of `[service.<name>.prometheus]`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::wire::{At, Direction};

/// The service's metrics endpoint, read on every instance while load runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct Prometheus {
    /// The path of the endpoint on each instance. Default: /metrics.
    #[schemars(example = &"/metrics")]
    pub(in crate::config) path: Option<At<String>>,
    /// How often it is read, beside once at the begin and once at the end of what counts. Default: 1 s.
    #[schemars(example = &"1 s")]
    pub(in crate::config) every: Option<At<String>>,
    /// What becomes a metric of the scenario, by its name.
    pub(in crate::config) metric: BTreeMap<At<String>, NamedMetric>,
}

/// One metric from the series of the endpoint.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::config) struct NamedMetric {
    /// What is calculated from the series.
    #[schemars(example = &"cache_hits_total / (cache_hits_total + cache_misses_total)")]
    pub(in crate::config) expression: At<String>,
    /// The unit of its value: `s`, `ms`, `B`, `MiB`, `ratio`, `/s`, `B/s` or `count`. Default: count.
    #[schemars(example = &"ratio")]
    pub(in crate::config) unit: Option<At<String>>,
    /// Which direction is better.
    pub(in crate::config) better: Direction,
    /// Whether a regression blocks. Default: false.
    pub(in crate::config) gate: Option<bool>,
}
