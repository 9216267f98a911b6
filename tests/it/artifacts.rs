//! The second stage for pull requests from forks: what an honest artifact comes to, and that a hostile one comes to nothing.

mod hostile;
mod posted;
mod second;
mod verdicts;
mod zips;
