//! What was seen beside the numbers and explains them: statements of a database with their plans. Refuses to decide anything.

use super::name::{BenchmarkId, Name};

/// The longest text of an exhibit, in bytes: a statement, a plan.
pub const EXHIBIT_BYTES_MAX: usize = 16 << 10;
/// The most exhibits of one part of a round.
pub const EXHIBITS_MAX: usize = 200;

/// Something that was seen in one arm. Of each [`Exhibit::key`] the last round's counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Exhibit {
    /// A statement of a database.
    Statement(Statement),
}

/// A statement that a request ran, with its literals taken out. All texts are foreign.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The request that ran it, when it was sent alone.
    pub benchmark: BenchmarkId,
    /// What the database calls itself: `PostgreSQL 15.4`.
    pub database: String,
    /// The statement; equal for equal statements of both arms.
    pub text: String,
    /// How often one request ran it.
    pub calls: f64,
    /// Rows that one call gave or changed.
    pub rows: f64,
    /// Rows that one call looked at, where the database says so.
    pub rows_examined: Option<f64>,
    /// The mean time of one call in the database, in seconds.
    pub seconds: f64,
    /// How it is carried out, as the database says; in words of the database, a line a step.
    pub plan: Option<String>,
    /// The tables that it reads from one end to the other.
    pub scans: Vec<Scan>,
    /// An index that may help.
    pub index: Option<IndexAdvice>,
}

/// The text that stands for prepared statements which a database counts and does not tell apart.
pub const UNNAMED_STATEMENTS: &str = "(prepared statements that the server does not tell apart)";

/// A table that is read from one end to the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The table.
    pub table: Name,
    /// The columns that rows are chosen by.
    pub columns: Vec<Name>,
    /// How many rows it has, as the database estimates.
    pub rows: f64,
}

/// An index that may help.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexAdvice {
    /// The statement that creates it; can be pasted.
    pub create: String,
    /// Whether the planner would use it, where that could be asked.
    pub would_be_used: Option<bool>,
}

impl Exhibit {
    /// What makes two exhibits the same thing: what it belongs to, and its text.
    pub fn key(&self) -> (&BenchmarkId, &str) {
        match self {
            Self::Statement(statement) => (&statement.benchmark, &statement.text),
        }
    }
}
