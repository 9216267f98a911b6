//! The grammar of what is read beside a service.

mod database;

pub(in crate::config) use database::{Database, DatabaseUrl};
