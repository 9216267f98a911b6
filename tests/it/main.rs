//! One integration binary: each file is a promise.
#![expect(clippy::disallowed_methods, reason = "tests run the real binary in real folders")]

mod architecture;
mod artifacts;
mod baselines;
mod calibration;
mod checks;
mod cli;
mod comments;
mod comparisons;
mod configs;
mod contexts;
mod criterions;
mod demo;
mod docs;
mod engines;
mod github;
mod gits;
mod harness;
mod judgements;
mod late;
mod load;
mod load_calibration;
mod mariadb;
mod mysqls;
mod noise;
mod npm;
mod postgres;
mod processes;
mod publishing;
mod reports;
mod responds;
mod scenarios;
mod security;
mod stored_calibration;
mod trust;
