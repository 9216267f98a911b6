//! stub

/// stub
#[derive(Debug)]
pub struct Problem;
/// stub
#[derive(Debug)]
pub struct ConfigError;
