//! The grammar of what is read beside a service.

mod database;
mod prometheus;

pub(in crate::config) use database::{Database, DatabaseUrl};
pub(in crate::config) use prometheus::{NamedMetric, Prometheus};
