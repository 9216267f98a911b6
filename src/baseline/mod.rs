//! Accepted runs, kept in git: where they lie, how they are written, which of them may be compared with. Refuses to know how they were measured
//! and what is judged by them.

mod error;
mod file;
pub mod history;
pub mod layout;
pub mod store;
pub mod summary;
pub mod wire;

pub use error::BaselineError;
pub(crate) use error::visible;
pub use file::{BaselineFile, STATISTICS_MAX, Taken, VALUE_MAX, stored_run};
pub use history::comparable;
pub use layout::{ANY, BASELINE_FOLDER, file_name, is_baseline, path};
pub use store::{Save, accept, load_all, prune, save};
pub use wire::{parse, parse_at, render};
