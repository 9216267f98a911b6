//! Tollgate: a performance gate for pull requests.

pub mod model;

pub mod stats;

pub mod ci;
pub mod cli;
pub mod config;
pub mod git;

pub mod baseline;
pub mod judge;
pub mod plan;

pub mod measure;
pub mod report;

pub mod commands;
