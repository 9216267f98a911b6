//! The result as one page that needs nothing else: no script, no request. Every value passes through the template's escape.

use serde::Serialize;

use super::super::template;
use super::chart::{Chart, charts};
use super::result::{LoadResult, Standing};
use super::tables::{Table, tables};
use super::words;

/// What the template sees.
#[derive(Serialize)]
struct Page<'a> {
    state: &'static str,
    headline: String,
    name: &'a str,
    conditions: &'a [(String, String)],
    notes: Vec<String>,
    tables: Vec<Table>,
    charts: Vec<Chart>,
}

/// The result as a page.
pub fn page(result: &LoadResult) -> String {
    template::load(&Page {
        state: match result.standing() {
            Standing::Sound => "passed",
            Standing::Interrupted => "noted",
            Standing::Late => "unknown",
            Standing::Broken | Standing::Nothing | Standing::OverBudget => "failed",
        },
        headline: words::headline(result),
        name: &result.name,
        conditions: &result.conditions,
        notes: words::notes(result),
        tables: tables(result).into_iter().filter(|table| !table.rows.is_empty()).collect(),
        charts: charts(result),
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_page_asks_for_nothing_runs_nothing_and_holds_no_foreign_markup() {
        for result in [sample::by_hand(), sample::stress(), sample::late(), sample::hostile()] {
            let page = page(&result);
            for active in
                ["<script", "<img", "<iframe", "<link", "<a ", "javascript:", "url(", "@import", " src=\"", " href="]
            {
                assert!(!page.contains(active), "{active}");
            }
            assert!(page.contains("default-src 'none'"));
            assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{200b}']));
            assert_eq!(page.matches("</title>").count(), 1 + page.matches("role=\"img\"").count());
        }
    }

    #[test]
    fn the_page_has_what_the_terminal_has() {
        let page = page(&sample::stress());
        for part in
            ["OVER BUDGET in 1 metric", "MISSED", "never sent", "http://127.0.0.1:8082", "Memory of the service"]
        {
            assert!(page.contains(part), "{part}");
        }
    }
}
