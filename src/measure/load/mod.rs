//! Load: requests at intended times, their replies, and what they say of the service. Refuses to judge.

pub mod exchange;
pub mod profile;
pub mod record;
pub mod schedule;
mod total;

#[cfg(test)]
mod sample;
