//! Load: requests at intended times, their replies, and what they say of the service. Refuses to judge.

pub mod drive;
pub mod exchange;
pub mod profile;
pub mod readings;
pub mod record;
pub mod schedule;
pub mod work;

mod arrivals;
mod body;
mod check;
mod connect;
mod cookies;
mod crew;
mod data;
mod flow;
#[cfg(test)]
mod hostile;
mod http1;
mod http2;
mod location;
mod pace;
mod pool;
mod shared;
mod step;
mod tally;
mod template;
mod tls;
mod total;
mod windows;
mod worker;

#[cfg(test)]
mod sample;
