//! How stored baselines read on a terminal and in Markdown: tables, changes, times.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::report::escape::markdown;
use crate::report::number;

/// Rows in columns, the first row a header. Cells are visible text; columns after `left` are aligned to the right.
pub(super) fn table(rows: &[Vec<String>], left: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let space = " ".repeat(width - cell.width());
            let gap = if column == 0 { "" } else { "  " };
            let (before, after) = if column < left { ("", space.as_str()) } else { (space.as_str(), "") };
            line.extend([gap, before, cell, after]);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The same rows as a Markdown table; cells are escaped here.
pub(super) fn markdown_table(rows: &[Vec<String>], left: usize) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut lines: Vec<String> = rows.iter().map(|row| line(row.iter().map(|cell| markdown(cell)).collect())).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let rule = (0..columns).map(|column| if column < left { "---" } else { "---:" }.to_owned()).collect();
    lines.insert(lines.len().min(1), line(rule));
    lines.concat()
}

/// A ratio as a percentage with one decimal: stored runs do not carry more. `4.1 %`.
pub(super) fn percent(ratio: f64) -> String {
    number::percent((ratio * 1000.0).round() / 1000.0)
}

/// A change as a percentage with its sign: `+4.1 %`.
pub(super) fn change(ratio: f64) -> String {
    let sign = match ratio {
        ratio if ratio.abs() < 5e-4 => "",
        ratio if ratio < 0.0 => "−",
        _ => "+",
    };
    format!("{sign}{}", percent(ratio))
}

/// The day of a time, in UTC.
pub(super) fn day(seconds: i64) -> String {
    time(seconds).chars().take_while(|c| *c != 'T').collect()
}

/// A time in UTC.
pub(super) fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "unknown".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_a_sign_unless_it_is_nothing() {
        assert_eq!([change(0.041), change(-0.25), change(-1e-9)], ["+4.1 %", "−25 %", "0 %"]);
    }

    #[test]
    fn a_name_cannot_leave_its_cell() {
        let rows = [vec!["metric".to_owned()], vec!["a|b\n<b>@x".to_owned()]];
        assert_eq!(markdown_table(&rows, 1), "| metric |\n| --- |\n| a&#124;b &lt;b&gt;&#64;&#8203;x |\n");
    }
}
