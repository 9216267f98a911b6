//! Lines of a file of any length in bounded memory.

use std::io::{BufRead, Read};

use super::LoadError;

/// The longest line that is looked at, in bytes; a longer one is no request of any tool.
const LINE_BYTES_MAX: u64 = 1 << 20;

/// Gives each line without its end to `take`, with its number from 1. A line that is too long is given as far as it may be, and the rest of it is
/// passed over.
pub(super) fn for_each_line(
    source: &mut dyn BufRead,
    mut take: impl FnMut(u64, &[u8]) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        source.take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(LoadError::Read)?;
        if line.is_empty() {
            break;
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() as u64 == LINE_BYTES_MAX {
            pass_over(source)?;
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        take(number, &line)?;
    }
    Ok(())
}

/// Reads to the end of the line and keeps nothing.
fn pass_over(source: &mut dyn BufRead) -> Result<(), LoadError> {
    loop {
        let buffer = source.fill_buf().map_err(LoadError::Read)?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        source.consume(used);
        if end.is_some() || used == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut bytes: &[u8]) -> Vec<(u64, usize)> {
        let mut found = Vec::new();
        for_each_line(&mut bytes, |number, line| {
            found.push((number, line.len()));
            Ok(())
        })
        .unwrap();
        found
    }

    #[test]
    fn a_line_that_never_ends_takes_no_more_memory_than_one_that_may_be() {
        assert_eq!(lines(b"ab\r\n\nc"), [(1, 2), (2, 0), (3, 1)]);
        let long = [vec![b'x'; 3 << 20], b"\ny\n".to_vec()].concat();
        assert_eq!(lines(&long), [(1, 1 << 20), (2, 1)]);
    }
}
