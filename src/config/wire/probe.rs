//! The grammar of what is read beside a service.

mod prometheus;

pub(in crate::config) use prometheus::{NamedMetric, Prometheus};
