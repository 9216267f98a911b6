//! Pure statistics: slices in, values out; every bound says what it assumes. Refuses to know what a benchmark is, and draws nothing at random by itself.

pub mod summary;

pub mod signed_rank;

pub mod multiplicity;
pub mod planning;

pub mod bimodal;
pub mod conformal;
pub mod contrast;
pub mod prediction;
pub mod student;
pub mod variance_components;

pub mod excess;
pub mod mann_whitney;
pub mod rates;

pub mod changepoint;
pub mod trend;
pub mod windows;

mod distribution;
mod rank;

#[cfg(test)]
mod fixture;
