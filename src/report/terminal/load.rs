//! A load scenario for a terminal: its table, and where it ran out.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::super::escape;
use super::super::text::append;
use super::super::view::{Line, LoadView};
use super::{BOLD, DIM, WIDTH, fit, line, paragraph};

/// The widest that a name becomes.
const NAME_MAX: usize = 32;
/// The widest that a number becomes: `12.0 → 14.1 ms` and more.
const CELL_MAX: usize = 22;

/// Shows one scenario.
pub(super) fn show(out: &mut String, scenario: &LoadView) {
    paragraph(out, "", &format!("{BOLD}{}{BOLD:#}", line(&scenario.title)));
    let head = ["load", "p50", "p95", "p99", "throughput", "errors"];
    let lines: Vec<[String; 6]> = std::iter::once(head)
        .chain(scenario.lines.iter().map(Line::cells))
        .map(|cells| cells.map(escape::terminal))
        .collect();
    let mut widths = [0; 6];
    for cells in &lines {
        for (column, (width, cell)) in widths.iter_mut().zip(cells).enumerate() {
            *width = cell.width().min(if column == 0 { NAME_MAX } else { CELL_MAX }).max(*width);
        }
    }
    // The name gives way, then the widest number.
    while widths.iter().map(|width| width + 2).sum::<usize>() > WIDTH {
        let widest = (1..6).max_by_key(|column| widths[*column]).unwrap_or(0);
        widths[if widths[0] > CELL_MAX { 0 } else { widest }] -= 1;
    }
    for (at, cells) in lines.iter().enumerate().filter(|_| !scenario.lines.is_empty()) {
        let mut text = String::new();
        for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let cell = fit(cell, width);
            let pad = " ".repeat(width - cell.width());
            let (before, after) = if column == 0 { ("", pad.as_str()) } else { (pad.as_str(), "") };
            append(&mut text, format_args!("  {before}{cell}{after}"));
        }
        let text = text.trim_end();
        let style = if at == 0 { DIM } else { Style::new() };
        append(out, format_args!("{style}{text}{style:#}\n"));
    }
    for text in [line(&scenario.said), scenario.rest.clone()].iter().filter(|text| !text.is_empty()) {
        paragraph(out, "  ", text);
    }
    out.push('\n');
}
