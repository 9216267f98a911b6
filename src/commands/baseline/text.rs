//! How stored baselines read on a terminal and in Markdown: tables, numbers, escaped names.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::model::Unit;

/// Foreign text in one line of visible characters.
pub(super) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().map(|c| if hidden(c) { '\u{fffd}' } else { c }).collect()
}

/// Foreign text in a cell of a Markdown table: nothing in it is markup, HTML, a mention or a link.
pub(super) fn markdown(text: &str) -> String {
    let mut previous = ' ';
    let escape = |c: char| match (std::mem::replace(&mut previous, c), c) {
        // GitHub looks for mentions and references in the rendered text, so an entity alone does not stop them.
        (_, '@' | '#') => format!("&#{};&#8203;", u32::from(c)),
        // `www.` would become a link.
        ('w' | 'W', '.') => "&#46;".to_owned(),
        (_, '/' | '-' | ',' | '%' | '(' | ')' | '+' | '.') => c.to_string(),
        (_, c) if c.is_ascii_punctuation() => format!("&#{};", u32::from(c)),
        (_, c) => c.to_string(),
    };
    visible(text).chars().map(escape).collect::<Vec<_>>().concat()
}

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

/// A value in the unit that suits its size, at three significant digits; a whole number below a million in full.
pub(super) fn quantity(value: f64, unit: &Unit) -> String {
    let steps: &[(f64, &str)] = match unit {
        Unit::Seconds => &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")],
        Unit::Bytes => &[(1_073_741_824.0, "GiB"), (1_048_576.0, "MiB"), (1024.0, "KiB"), (1.0, "B")],
        Unit::Count => &[(1.0, "")],
        Unit::Ratio => &[(0.01, "%")],
        Unit::PerSecond => &[(1.0, "/s")],
        Unit::BytesPerSecond => &[(1_048_576.0, "MiB/s"), (1024.0, "KiB/s"), (1.0, "B/s")],
        Unit::Other(name) => return format!("{} {}", digits(value), visible(name.as_str())),
    };
    let (step, symbol) = steps.iter().find(|(step, _)| value >= *step).or(steps.last()).expect("every unit has a step");
    format!("{} {symbol}", digits(value / step)).trim_end().to_owned()
}

/// A number at three significant digits; a whole one in full.
fn digits(value: f64) -> String {
    match value {
        value if value >= 1e15 => format!("{value:.2e}"),
        value if value.fract() == 0.0 || value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value if value >= 0.1 => format!("{value:.3}"),
        value => format!("{value:.2e}"),
    }
}

/// A ratio as a percentage without a sign: `4.1 %`.
pub(super) fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

/// A change as a percentage with its sign: `+4.1 %`.
pub(super) fn change(ratio: f64) -> String {
    match ratio * 100.0 {
        percent if percent.abs() < 0.05 => "0.0 %".to_owned(),
        percent if percent < 0.0 => format!("−{:.1} %", -percent),
        percent => format!("+{percent:.1} %"),
    }
}

/// The day of a time, in UTC.
pub(super) fn day(seconds: i64) -> String {
    time(seconds).chars().take_while(|c| *c != 'T').collect()
}

/// A time in UTC.
pub(super) fn time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| "unknown".to_owned(), |time| time.to_string())
}

/// `1 run`, `2 runs`.
pub(super) fn plural(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_unit_that_suits_their_size() {
        let shown = |value, unit: Unit| quantity(value, &unit);
        assert_eq!(shown(1.234_56e-3, Unit::Seconds), "1.23 ms");
        assert_eq!(shown(2.5e-10, Unit::Seconds), "0.250 ns");
        assert_eq!(shown(123_456_789.0, Unit::Count), "123456789");
        assert_eq!(shown(0.0, Unit::Bytes), "0 B");
        assert_eq!([change(0.041), change(-0.25), change(-1e-9)], ["+4.1 %", "−25.0 %", "0.0 %"]);
    }

    #[test]
    fn a_name_cannot_leave_its_cell() {
        assert_eq!(markdown("a|b\n<b>@x"), "a&#124;b\u{fffd}&#60;b&#62;&#64;&#8203;x");
        assert_eq!(markdown("www.x 1.5"), "www&#46;x 1.5");
        assert_eq!(visible("\u{1b}[31m\u{202e}x"), "\u{fffd}[31m\u{fffd}x");
    }
}
