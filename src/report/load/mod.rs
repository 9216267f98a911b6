//! What one drive of load gave, shown: while it runs, as text, as a page, as JSON and beside another. Refuses to drive load and to judge by rounds.

mod bars;
mod beside;
mod chart;
mod html;
mod live;
mod result;
mod tables;
mod terminal;
mod wire;
mod words;

pub use beside::{Comparison, beside};
pub use html::page;
pub use live::{Frame, frame, line};
pub use result::{Ended, Limit, LoadResult, Place, Point, Stage, Standing, Step, Value, Window};
pub use terminal::text;
pub use wire::{SIZE_MAX, WireError, from_json, schema, to_json};
pub use words::level;

#[cfg(test)]
mod sample;
