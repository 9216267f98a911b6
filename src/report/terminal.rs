//! The report for a terminal: failing first, columns aligned, at most 100 wide. Colour only repeats what words say. Refuses to know whether colour is wanted.

mod finding;
mod load;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::Judgement;

use super::escape;
use super::number::plural;
use super::text::{Text, append};
use super::view::{Fact, RowView, State, View, advice};

/// Columns that the report fits into. Only a command that is meant to be pasted may be longer.
pub(super) const WIDTH: usize = 100;

/// Rows of a table that does not fail; the other formats have them all.
const ROWS_MAX: usize = 20;

/// The narrowest that the column of benchmarks becomes.
const NAME_MIN: usize = 16;
/// The narrowest that the column of metrics becomes.
const METRIC_MIN: usize = 8;

/// Bold.
const BOLD: Style = Style::new().bold();
/// What matters less.
const DIM: Style = Style::new().dimmed();

/// The report as text with ANSI styles, which the caller strips where they are not wanted.
pub fn render(judgement: &Judgement) -> String {
    let view = View::of(judgement);
    let mut out = String::new();
    heading(&mut out, &view);
    if !view.urgent.is_empty() {
        table(&mut out, &view.urgent, &view.change_title, Last::Verdict);
    }
    for trouble in &view.troubles {
        paragraph(&mut out, "! ", &line(&trouble.sentence));
        for text in &trouble.tail {
            append(&mut out, format_args!("    {DIM}│ {}{DIM:#}\n", fit(&escape::terminal(text), WIDTH - 6)));
        }
    }
    gap(&mut out, view.troubles.is_empty());
    view.findings.iter().for_each(|found| finding::show(&mut out, found));
    for notice in &view.notices {
        paragraph(&mut out, "note: ", &line(notice));
    }
    gap(&mut out, view.notices.is_empty());
    view.loads.iter().for_each(|scenario| load::show(&mut out, scenario));
    for group in &view.groups {
        append(&mut out, format_args!("{BOLD}{}{BOLD:#}\n", escape::terminal(&group.title)));
        let shown = group.rows.len().min(ROWS_MAX);
        table(&mut out, &group.rows[..shown], &view.change_title, Last::Note);
        if group.rows.len() > shown {
            out.truncate(out.len() - 1);
            append(&mut out, format_args!("  {DIM}and {}{DIM:#}\n\n", plural(group.rows.len() - shown, "more row")));
        }
        if !group.command.is_empty() {
            out.truncate(out.len() - 1);
            append(&mut out, format_args!("  to decide  {BOLD}{}{BOLD:#}\n\n", escape::terminal(&group.command)));
        }
    }
    decided(&mut out, &view.decided);
    defuse(&out)
}

/// No line reads as a workflow command in a CI log, which is where this text is often printed: neither `::name::` at its start nor `##[name]`
/// anywhere.
fn defuse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.replace("##[", "# #[").lines() {
        let bare = anstream::adapter::strip_str(line).to_string();
        if bare.trim_start().starts_with("::") {
            out.push_str(&line.replacen("::", ": :", 1));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// The headline, what it means, what to do.
fn heading(out: &mut String, view: &View) {
    let colour = match view.state {
        State::Passed => AnsiColor::Green,
        State::Noted | State::Unknown => AnsiColor::Yellow,
        State::Failed => AnsiColor::Red,
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    for text in wrap(&view.headline, WIDTH) {
        append(out, format_args!("{style}{text}{style:#}\n"));
    }
    if !view.lead.is_empty() {
        paragraph(out, "", &line(&view.lead));
    }
    if !advice(view.state).is_empty() {
        paragraph(out, "", advice(view.state));
    }
    out.push('\n');
}

/// A blank line after a block that is there.
fn gap(out: &mut String, empty: bool) {
    if !empty {
        out.push('\n');
    }
}

/// A sentence in one line, escaped.
fn line(text: &Text) -> String {
    text.line(escape::terminal)
}

/// Wrapped text after a prefix, its further lines indented to it.
pub(super) fn paragraph(out: &mut String, prefix: &str, text: &str) {
    let indent = " ".repeat(prefix.width());
    for (at, part) in wrap(text, WIDTH - prefix.width()).into_iter().enumerate() {
        out.push_str(if at == 0 { prefix } else { &indent });
        out.push_str(&part);
        out.push('\n');
    }
}

/// What the last column of a table says.
#[derive(Clone, Copy)]
enum Last {
    /// The verdict, for rows that differ in it.
    Verdict,
    /// The note, for rows that share a verdict.
    Note,
}

/// The columns before the last one.
const COLUMNS: usize = 6;

/// A table. The columns of names give way where it is too wide; the last column goes to lines of its own where it does not fit.
fn table(out: &mut String, rows: &[RowView], change: &str, last_is: Last) {
    let change = &change.replace(" interval)", ")");
    let cells: Vec<[String; COLUMNS]> =
        std::iter::once(["benchmark", "metric", "base", "head", change, "allowed"].map(str::to_owned))
            .chain(rows.iter().map(|row| {
                [&row.benchmark, &row.metric, &row.base, &row.head, &row.change, &row.allowed]
                    .map(|cell| escape::terminal(cell))
            }))
            .collect();
    let lasts: Vec<String> = rows
        .iter()
        .map(|row| match last_is {
            Last::Verdict => line(&row.verdict),
            Last::Note => line(&row.note),
        })
        .collect();
    let mut widths = [0; COLUMNS];
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    shrink(&mut widths);
    let taken: usize = widths.iter().map(|width| width + 2).sum();
    let beside = lasts.iter().all(|last| taken + 2 + last.width() <= WIDTH);
    append(out, format_args!("{DIM}{}{DIM:#}\n", columns(&cells[0], widths).trim_end()));
    for ((row, cells), last) in rows.iter().zip(&cells[1..]).zip(lasts) {
        let style = if row.fails { Style::new().fg_color(Some(AnsiColor::Red.into())) } else { Style::new() };
        let text = columns(cells, widths);
        let text = if beside { format!("{text}  {last}") } else { text };
        append(out, format_args!("{style}{}{style:#}\n", text.trim_end()));
        if !beside && !last.is_empty() {
            paragraph(out, "    ", &last);
        }
        // What fails has a section of its own.
        if matches!(last_is, Last::Verdict) && !row.fails && !row.note.is_empty() {
            paragraph(out, "    ", &line(&row.note));
        }
    }
    out.push('\n');
}

/// One line of a table.
fn columns(cells: &[String; COLUMNS], widths: [usize; COLUMNS]) -> String {
    let mut text = String::new();
    for (column, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let cell = fit(cell, width);
        let pad = " ".repeat(width - cell.width());
        let right = matches!(column, 2 | 3);
        let (before, after) = if right { (pad, String::new()) } else { (String::new(), pad) };
        append(&mut text, format_args!("  {before}{cell}{after}"));
    }
    text
}

/// Makes the columns fit: first the names, then what only a hostile unit makes wide.
fn shrink(widths: &mut [usize; COLUMNS]) {
    let excess = |widths: &[usize; COLUMNS]| widths.iter().map(|width| width + 2).sum::<usize>().saturating_sub(WIDTH);
    while excess(widths) > 0 && (widths[0] > NAME_MIN || widths[1] > METRIC_MIN) {
        // The longer name loses first, so that a short one stays whole.
        let column = usize::from(widths[0] <= NAME_MIN || (widths[1] > METRIC_MIN && widths[1] > widths[0]));
        widths[column] -= 1;
    }
    for (column, least) in [(2, 9), (3, 9), (5, 8), (4, 12)] {
        widths[column] -= excess(widths).min(widths[column].saturating_sub(least));
    }
}

/// At most `width` columns, cut in the middle.
pub(super) fn fit(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut most = text.chars().count().min(width);
    loop {
        let short = escape::shorten(text, most);
        if short.width() <= width || most <= 1 {
            return if short.width() <= width { short } else { String::new() };
        }
        most -= 1;
    }
}

/// Lines of at most `width` columns, broken at spaces; a longer word is broken where it must be.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && line.width() + 1 + word.width() <= width {
            line.push(' ');
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(String::new());
        }
        for c in word.chars() {
            let line = lines.last_mut().expect("there is always a line");
            if line.width() + c.width().unwrap_or(0) > width {
                lines.push(c.to_string());
            } else {
                line.push(c);
            }
        }
    }
    lines
}

/// How the run was decided.
fn decided(out: &mut String, facts: &[Fact]) {
    let widest = facts.iter().map(|fact| fact.term.len()).max().unwrap_or(0);
    for fact in facts {
        paragraph(out, &format!("{:widest$}  ", fact.term.to_lowercase()), &line(&fact.text));
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    /// The report as it is without colour.
    fn plain(judgement: &Judgement) -> String {
        anstream::adapter::strip_str(&render(judgement)).to_string()
    }

    #[test]
    fn a_regression_comes_with_evidence_and_a_command() {
        insta::assert_snapshot!(plain(&sample::regression()), @"
        Tollgate: 1 regression (2 of 3 checks passed)
        `core/parse/large` is 6.3 % slower than base.
        This change should not merge as it is.

          benchmark           metric    base    head  change (99 %)         allowed
          core › parse/large  time    412 µs  438 µs  +6.3 % (+5.1 … +7.5)  +2 %     regressed

        PERF-001 `core/parse/large` is 6.3 % slower than base
          evidence   32 rounds, base and head in pairs on this machine; change +6.3 % (+5.1 … +7.5), 99 %
                     interval; allowed +2 %
          note       the benchmark's own source differs between base and head
          note       2 rounds lost
          owner      @octocat
          reproduce  tollgate check --only 'core/parse/large' --base 9a41c02b9

        1 improved
          benchmark     metric      base      head  change (99 %)         allowed
          core › print  time    1.200 ms  1.103 ms  −8.1 % (−9.1 … −7.1)  +2 %

        1 unchanged
          benchmark        metric      base      head  change (99 %)            allowed
          core › tokenize  time    3.100 µs  3.094 µs  −0.20 % (−0.60 … +0.20)  +2 %

        base         `9a41c02b9` (merge base of main) `Add the lexer`
        head         `77be01d37` (HEAD) `Validate tokens`
        machine      `AMD EPYC 7763 64-Core Processor`, 4 cores, 16 GiB, `ubuntu-24.04 20261101.1`, `rustc
                     1.95.0`, `kvm`
        coverage     3 benchmarks expected, 3 measured, 3 compared
        method       3 metrics by 32 rounds of base and head in pairs
        promise      a run of unchanged code fails at most 1 % of the time, over 3 metrics together
        sensitivity  half of the checks would have shown a change for the worse of 1.9 %, the noisiest only
                     one of 4.4 % (`core/parse/large`)
        policy       from base (head does not change it)
        measured in  6 min 12 s, seed `17446744073709551615`
        ");
    }

    #[test]
    fn an_inconclusive_run_says_that_nobody_knows() {
        insta::assert_snapshot!(plain(&sample::inconclusive()), @"
        Tollgate: no verdict, 1 inconclusive (2 of 3 checks passed)
        `core/parse/large`: too few rounds to tell: 3 of the 6 that any test needs.
        Nobody knows whether this change is slower: it should not merge before that is known.

          benchmark           metric      base      head  change (99 %)            allowed
          core › parse/large  time    412.0 µs  413.2 µs  +4.0 % (too few rounds)  +2 %     inconclusive

        PERF-001 `core/parse/large`: too few rounds to tell: 3 of the 6 that any test needs
          evidence   3 rounds, base and head in pairs on this machine; change +4.0 % (too few rounds);
                     allowed +2 %
          reproduce  tollgate check --only 'core/parse/large' --base 9a41c02b9

        1 improved
          benchmark     metric      base      head  change (99 %)         allowed
          core › print  time    1.200 ms  1.103 ms  −8.1 % (−9.1 … −7.1)  +2 %

        1 unchanged
          benchmark        metric      base      head  change (99 %)            allowed
          core › tokenize  time    3.100 µs  3.094 µs  −0.20 % (−0.60 … +0.20)  +2 %

        base         `9a41c02b9` (merge base of main) `Add the lexer`
        head         `77be01d37` (HEAD) `Validate tokens`
        machine      `AMD EPYC 7763 64-Core Processor`, 4 cores, 16 GiB, `ubuntu-24.04 20261101.1`, `rustc
                     1.95.0`, `kvm`
        coverage     3 benchmarks expected, 3 measured, 3 compared
        method       3 metrics by 3–32 rounds of base and head in pairs
        promise      a run of unchanged code fails at most 1 % of the time, over 3 metrics together
        sensitivity  half of the checks would have shown a change for the worse of 1.9 %, the noisiest only
                     one of 4.4 % (`core/parse/large`)
        policy       from base (head does not change it)
        measured in  6 min 12 s, seed `17446744073709551615`
        ");
    }

    #[test]
    fn a_base_that_does_not_build_is_no_verdict() {
        insta::assert_snapshot!(plain(&sample::broken()), @"
        Tollgate: no verdict, 1 failure while measuring (nothing was compared)
        Suite `core` could not be built on base: `cargo bench --no-run` ended with exit code 101.
        Nobody knows whether this change is slower: it should not merge before that is known.

        ! Suite `core` could not be built on base: `cargo bench --no-run` ended with exit code 101
            │ error[E0308]: mismatched types
            │   --> src/lexer.rs:118:9
            │ �[31m::error::no�[0m @octocat

        base         `9a41c02b9` (merge base of main) `Add the lexer`
        head         `77be01d37` (HEAD) `Validate tokens`
        machine      `AMD EPYC 7763 64-Core Processor`, 4 cores, 16 GiB, `ubuntu-24.04 20261101.1`, `rustc
                     1.95.0`, `kvm`
        coverage     12 benchmarks expected, 0 measured, 0 compared
        method       nothing was compared
        policy       from base (head does not change it)
        measured in  6 min 12 s, seed `17446744073709551615`
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_but_a_command_to_paste() {
        for judgement in
            [sample::mixed(), sample::every_variant(), sample::hostile(), sample::large(), sample::explained()]
        {
            let pasted = |line: &&str| line.contains("tollgate check") || line.starts_with("  paste ");
            for line in plain(&judgement).lines().filter(|line| !pasted(line)) {
                assert!(line.width() <= WIDTH, "{} columns: {line}", line.width());
            }
        }
    }

    #[test]
    fn hostile_text_reaches_neither_the_terminal_nor_the_ci_log() {
        let text = plain(&sample::hostile());
        assert_eq!(escape::visible(&text.replace('\n', "")), text.replace('\n', ""));
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")));
        assert_eq!(defuse("  ::error::x\na ##[error]x"), "  : :error::x\na # #[error]x\n");
    }
}
