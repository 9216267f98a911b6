//! The result for a terminal: what it came to, then its tables, at most 100 wide. Colour only repeats what words say.

use anstyle::{AnsiColor, Color, Style};
use unicode_width::UnicodeWidthStr;

use crate::model::sample::Histogram;

use super::super::escape::{shorten, terminal};
use super::super::terminal::paragraph;
use super::super::text::append;
use super::bars::{bar, bars};
use super::result::{LoadResult, Standing};
use super::tables::{Table, tables};
use super::words;

/// The most characters of a name in the first column.
const NAME_MAX: usize = 28;
/// The most characters of another cell.
const CELL_MAX: usize = 34;
/// How wide a bar of the distribution is.
const BAR: usize = 48;
/// How many bars it has.
const BARS: usize = 10;
/// What matters less.
const DIM: Style = Style::new().dimmed();

/// The result as text with ANSI styles, which the caller strips where they are not wanted.
pub fn text(result: &LoadResult) -> String {
    let mut out = String::new();
    let colour = match result.standing() {
        Standing::Sound => AnsiColor::Green,
        Standing::Interrupted | Standing::Late => AnsiColor::Yellow,
        Standing::Broken | Standing::Nothing | Standing::OverBudget => AnsiColor::Red,
    };
    let style = Style::new().bold().fg_color(Some(Color::Ansi(colour)));
    append(&mut out, format_args!("{style}{}{style:#}\n", terminal(&words::headline(result))));
    let conditions: Vec<String> = result.conditions.iter().map(|(name, value)| format!("{name} {value}")).collect();
    paragraph(&mut out, "", &terminal(&format!("{}: {}", words::subject(result), conditions.join(", "))));
    out.push('\n');
    for table in tables(result) {
        write(&mut out, &table);
    }
    distribution(&mut out, &result.total().response);
    for note in words::notes(result) {
        paragraph(&mut out, "note: ", &terminal(&note));
    }
    out
}

/// Names to the left, numbers to the right.
pub(super) fn write(out: &mut String, table: &Table) {
    if table.rows.is_empty() {
        return;
    }
    let head: Vec<String> = table.head.iter().map(|cell| (*cell).to_owned()).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().enumerate().map(cell).collect()).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|at| std::iter::once(&head).chain(&rows).map(|row| row[at].width()).max().unwrap_or(0))
        .collect();
    append(out, format_args!("{DIM}{}{DIM:#}\n", aligned(&head, &widths, table.words)));
    for row in &rows {
        append(out, format_args!("{}\n", aligned(row, &widths, table.words)));
    }
    if table.omitted > 0 {
        append(out, format_args!("and {} more rows, which the JSON has\n", table.omitted));
    }
    out.push('\n');
}

/// One line of a table whose first column, or each, is words.
fn aligned(cells: &[String], widths: &[usize], words: bool) -> String {
    let mut line = String::new();
    for (at, (cell, width)) in cells.iter().zip(widths).enumerate() {
        let space = " ".repeat(width.saturating_sub(cell.width()));
        line.push_str(if at == 0 { "" } else { "  " });
        let (before, after) = if at == 0 || words { (cell, &space) } else { (&space, cell) };
        line.push_str(before);
        line.push_str(after);
    }
    line.trim_end().to_owned()
}

/// A cell as it is shown: foreign names are made harmless and short, numbers stay.
fn cell((column, text): (usize, &String)) -> String {
    shorten(&terminal(text), if column == 0 { NAME_MAX } else { CELL_MAX })
}

/// Response times of all requests as bars.
fn distribution(out: &mut String, of: &Histogram) {
    let bars = bars(of, BARS);
    let largest = bars.iter().map(|bar| bar.count).max().unwrap_or(0);
    if bars.is_empty() {
        return;
    }
    append(out, format_args!("{DIM}response times{DIM:#}\n"));
    for one in &bars {
        let (low, high) = (words::time(Some(one.low)), words::time(Some(one.high)));
        let drawn = bar(one.count as f64, largest as f64, BAR);
        append(out, format_args!("{low:>9} – {high:<9}  {drawn} {}\n", words::count(one.count)));
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn plain(result: &LoadResult) -> String {
        anstream::adapter::strip_str(&text(result)).to_string()
    }

    #[test]
    fn a_quiet_run_says_what_was_sent_and_how_fast_it_came_back() {
        insta::assert_snapshot!(plain(&sample::by_hand()), @"
        2,000 requests in 10 s, none failed; 95 % within 3.57 ms
        GET / to http://127.0.0.1:8080: profile load 200/s for 10 s, arrivals uniform, connections 64

        request  requests  succeeded  intended  failed  Apdex  received     sent
        GET /       2,000     200 /s    200 /s    none   1.00  2.48 MiB  234 KiB

        response time       p50      p75      p90      p95      p99    p99.9      max     mean
        GET /            1.2 ms   1.4 ms  1.75 ms  3.57 ms  12.1 ms  16.7 ms  17.3 ms  1.59 ms
          service time  1.08 ms  1.26 ms  1.58 ms  3.21 ms  10.9 ms    15 ms  15.6 ms  1.43 ms
          send lag        30 µs    35 µs  43.8 µs  89.3 µs   302 µs   417 µs   432 µs  39.7 µs

        response times
           800 µs – 1.09 ms    ████████████████████████████████████▌ 721
          1.09 ms – 1.48 ms    ████████████████████████████████████████████████ 949
          1.48 ms – 2.01 ms    ████████▎ 162
          2.01 ms – 2.73 ms    ██▏ 43
          2.73 ms – 3.72 ms    █▍ 28
          3.72 ms – 5.06 ms    █▏ 23
          5.06 ms – 6.87 ms    █ 20
          6.87 ms – 9.35 ms    █ 19
          9.35 ms – 12.7 ms    ▉ 17
          12.7 ms – 17.3 ms    ▉ 18

        note: The generator kept its time: 0 % of the arrivals late, 99 % sent within 302 µs of their time;
              it used 3.4 % of a core.
        ");
    }

    #[test]
    fn a_stress_test_shows_its_stages_its_targets_and_the_budget_that_is_missed() {
        insta::assert_snapshot!(plain(&sample::stress()), @"
        OVER BUDGET in 1 metric: 6,300 requests in 30 s, 1.7 % failed
        checkout to http://127.0.0.1:8081, http://127.0.0.1:8082: profile stress from 200/s to 1200/s, 5 s a
        step, connections 64

        found            value
        breaking-point  800 /s

          budget               value     limit
        ! buy:latency-p99     310 ms  ≤ 120 ms  MISSED
          browse:latency-p99    4 ms  ≤ 120 ms    kept

        request       requests  succeeded  intended  failed  Apdex  received     sent
        browse           4,200     140 /s         –    none      –  5.21 MiB  492 KiB
        buy              2,100    66.3 /s         –   5.2 %      –   2.6 MiB  246 KiB
        all requests     6,300     206 /s         –   1.7 %      –  7.81 MiB  738 KiB

        response time       p50     p75      p90      p95     p99   p99.9     max     mean
        browse          83.6 ms  122 ms   145 ms   181 ms  871 ms  1.61 s  1.71 s  84.8 ms
          service time  75.2 ms  110 ms   130 ms   163 ms  785 ms  1.45 s  1.54 s  76.3 ms
          send lag        30 µs   35 µs  43.7 µs  88.6 µs  299 µs  414 µs  427 µs  39.5 µs
        buy              334 ms  487 ms   580 ms   719 ms  3.48 s  6.24 s  6.63 s   337 ms
          service time   301 ms  438 ms   522 ms   647 ms  3.14 s  5.61 s  5.96 s   304 ms
          send lag        30 µs   35 µs  43.5 µs  86.9 µs  290 µs  402 µs  414 µs  39.2 µs
        all requests    86.2 ms  143 ms   481 ms   569 ms  1.47 s  5.54 s  6.63 s   169 ms
          service time  77.5 ms  129 ms   433 ms   512 ms  1.32 s  4.98 s  5.96 s   152 ms
          send lag        30 µs   35 µs  43.7 µs  88.6 µs  299 µs  409 µs  427 µs  39.4 µs

        replies       errors      status × requests
        buy           status 110  200 × 1,990, 503 × 110
        all requests  status 110  200 × 6,190, 503 × 110

        stage       requests  succeeded  failed     p50      p95      p99     max  in flight  never sent
        01  200/s        300      60 /s    none  3.5 ms  16.6 ms    47 ms  123 ms          1           0
        02  400/s        600     120 /s    none  3.5 ms  17.1 ms  54.2 ms  147 ms          4           0
        03  600/s        900     180 /s    none  3.5 ms  17.5 ms    57 ms  156 ms          9           0
        04  800/s      1,200     240 /s    none  3.5 ms  17.6 ms  58.4 ms  161 ms         16           0
        05  1000/s     1,500     290 /s   3.3 %  140 ms   702 ms   2.37 s  6.55 s         25           0
        06  1200/s     1,800     348 /s   3.3 %  140 ms   702 ms    2.4 s  6.63 s         36          17

        target                 requests  failed   p50      p95      p99      max
        http://127.0.0.1:8081       900  0.44 %  6 ms  17.6 ms  59.1 ms  84.5 ms
        http://127.0.0.1:8082       900  0.89 %  6 ms  17.6 ms  59.1 ms  84.5 ms

        response times
             2 ms – 4.5 ms     ████████████████████████████████████████████████ 1,809
           4.5 ms – 10.1 ms    █████████▊ 367
          10.1 ms – 22.8 ms    ███████████████████ 717
          22.8 ms – 51.2 ms    █▉ 72
          51.2 ms – 115 ms     ██████████████████████████▎ 991
           115 ms – 259 ms     █████████████████████████████▏ 1,100
           259 ms – 582 ms     █████████████████████████▊ 970
           582 ms – 1.31 s     █████▎ 198
           1.31 s – 2.95 s     █▎ 49
           2.95 s – 6.63 s     ▊ 27

        note: The generator kept its time: 0 % of the arrivals late, 99 % sent within 299 µs of their time;
              it used 3.4 % of a core.
        note: 17 of 6,300 arrivals were never sent: no connection was free. The service was slower than the
              load, or needs more `--connections`.
        note: 3 connections were made again, because the service had closed them while they were idle; no
              request failed by that.
        ");
    }

    #[test]
    fn a_late_generator_is_said_first() {
        let text = plain(&sample::late()).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.starts_with("INCONCLUSIVE: the generator was late in 3.1 % of the arrivals GET /"), "{text}");
        assert!(text.contains(
            "note: The generator sent 3.1 % of the arrivals late. Above 1 % the numbers say nothing about the service"
        ));
    }

    #[test]
    fn hostile_names_stay_text_and_no_line_is_too_wide() {
        for result in [sample::by_hand(), sample::stress(), sample::late(), sample::hostile()] {
            let text = plain(&result);
            assert!(!text.contains(['\u{1b}', '\u{202e}']));
            assert!(text.lines().all(|line| line.width() <= 100), "{text}");
        }
    }
}
