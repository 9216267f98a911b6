//! One page with everything, that needs nothing else: no script, no request. Refuses to draw more than a reader can look at.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{Judgement, MetricId, Row};

use super::number::plural;
use super::plot::Plot;
use super::template;
use super::text::Text;
use super::view::{Fact, Finding, LoadView, RowView, State, TroubleView, View, advice};

/// The most drawings of rows that are neither failing nor to be looked at.
const PLOTS_MAX: usize = 200;

/// The most rows of one folded table: beyond that a browser gets slow, and JSON is the better format.
const ROWS_MAX: usize = 5_000;

/// A row with its drawing.
#[derive(Serialize)]
struct Drawn {
    row: RowView,
    plot: Option<Plot>,
}

/// A failing row with its drawing.
#[derive(Serialize)]
struct DrawnFinding<'a> {
    finding: &'a Finding,
    plot: Option<Plot>,
}

/// A folded table.
#[derive(Serialize)]
struct Folded<'a> {
    title: &'a str,
    command: &'a str,
    rows: Vec<Drawn>,
    omitted: String,
}

/// What the template sees.
#[derive(Serialize)]
struct Page<'a> {
    state: State,
    light: &'a str,
    headline: &'a str,
    lead: &'a Text,
    advice: &'a str,
    change_title: &'a str,
    findings: Vec<DrawnFinding<'a>>,
    looks: Vec<Drawn>,
    troubles: &'a [TroubleView],
    notices: &'a [Text],
    loads: &'a [LoadView],
    groups: Vec<Folded<'a>>,
    decided: &'a [Fact],
    plots_omitted: String,
}

/// Draws rows and counts the drawings.
struct Drawer<'a> {
    rows: BTreeMap<&'a MetricId, &'a Row>,
    drawn: usize,
    budget: usize,
    omitted: usize,
}

impl Drawer<'_> {
    /// The drawing of a row that must be drawn.
    fn draw(&mut self, id: &MetricId) -> Option<Plot> {
        self.drawn += 1;
        Plot::of(self.rows.get(id)?, format!("plot-{}", self.drawn))
    }

    /// The drawing of a row, as long as there is room for more.
    fn draw_if_room(&mut self, id: &MetricId) -> Option<Plot> {
        if self.budget == 0 {
            self.omitted += 1;
            return None;
        }
        self.budget -= 1;
        self.draw(id)
    }
}

/// The report as one self-contained HTML page.
pub fn render(judgement: &Judgement) -> String {
    let view = View::of(judgement);
    let rows = judgement.rows.iter().map(|row| (&row.metric.id, row)).collect();
    let mut drawer = Drawer { rows, drawn: 0, budget: PLOTS_MAX, omitted: 0 };
    let findings =
        view.findings.iter().map(|finding| DrawnFinding { finding, plot: drawer.draw(&finding.row.id) }).collect();
    let looks = view
        .urgent
        .iter()
        .filter(|row| !row.fails)
        .map(|row| Drawn { row: row.clone(), plot: drawer.draw(&row.id) })
        .collect();
    let groups = view
        .groups
        .iter()
        .chain(&view.quiet)
        .map(|group| {
            let shown = group.rows.len().min(ROWS_MAX);
            Folded {
                title: &group.title,
                command: &group.command,
                rows: group.rows[..shown]
                    .iter()
                    .map(|row| Drawn { row: row.clone(), plot: drawer.draw_if_room(&row.id) })
                    .collect(),
                omitted: match group.rows.len() - shown {
                    0 => String::new(),
                    rest => format!("and {} that only the JSON report has", plural(rest, "more row")),
                },
            }
        })
        .collect();
    let page = Page {
        state: view.state,
        light: view.light,
        headline: &view.headline,
        lead: &view.lead,
        advice: advice(view.state),
        change_title: &view.change_title,
        findings,
        looks,
        troubles: &view.troubles,
        notices: &view.notices,
        loads: &view.loads,
        groups,
        decided: &view.decided,
        plots_omitted: match drawer.omitted {
            0 => String::new(),
            rest => {
                format!("{} of the folded tables left out; their numbers are in the tables.", plural(rest, "drawing"))
            }
        },
    };
    template::page(&page)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_page_asks_for_nothing_and_runs_nothing() {
        for judgement in
            [sample::green(), sample::mixed(), sample::broken(), sample::hostile(), sample::every_variant()]
        {
            let page = render(&judgement);
            for active in
                ["<script", "<img", "<iframe", "<link", "<a ", "javascript:", "url(", "@import", " src=\"", " href="]
            {
                assert!(!page.contains(active), "{active}");
            }
            assert!(page.contains("default-src 'none'"));
            assert!(!page.contains(['\u{1b}', '\u{202e}', '\u{200b}']));
        }
    }

    #[test]
    fn every_failing_row_is_drawn_and_what_is_not_drawn_is_counted() {
        let page = render(&sample::large());
        assert_eq!(page.matches("<svg ").count(), 400 + PLOTS_MAX);
        assert!(page.contains("2,400 drawings of the folded tables left out"));
    }

    #[test]
    fn every_drawing_has_a_title_and_a_description_of_its_own() {
        let page = render(&sample::mixed());
        let drawings = page.matches("<svg ").count();
        assert!(drawings >= 8);
        assert_eq!(page.matches("<title id=").count(), drawings);
        assert_eq!((1..=drawings).filter(|at| page.contains(&format!("id=\"plot-{at}-d\""))).count(), drawings);
    }
}
