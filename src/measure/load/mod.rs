//! Load: requests at intended times, their replies, and what they say of the service. Refuses to judge.

pub mod drive;
pub mod exchange;
pub mod record;
pub mod schedule;
pub mod work;

mod arrivals;
mod connect;
mod crew;
mod flow;
mod http1;
mod pace;
mod pool;
mod tally;
mod worker;
