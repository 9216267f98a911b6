//! stub

/// stub
pub fn parse_waivers() {}
/// stub
pub fn waiver_entry() {}
