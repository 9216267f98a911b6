//! The comment on a pull request. Whatever the limit, a failing row is shown, or at least counted. Refuses to cut text: it leaves rows out and says so.

use serde::Serialize;

use crate::model::Judgement;

use super::escape::NAME_SHOWN_MAX;
use super::number::{count, plural};
use super::template;
use super::text::Text;
use super::view::{Fact, Finding, Group, RowView, TroubleView, View, advice};

/// Characters that fit into a comment: GitHub takes 65,536, and what is added around the report needs some.
pub const LIMIT: usize = 64_000;

/// The most failing rows that get a section of their own: beyond that nobody reads them.
const FINDINGS_MAX: usize = 20;

/// How many of everything are shown. What is over is counted.
#[derive(Clone, Copy, Debug)]
struct Room {
    /// Rows of each folded table.
    folded: usize,
    /// Sections of failing rows.
    findings: usize,
    /// Coverage problems and notices, each.
    problems: usize,
    /// Rows of the table of urgent rows.
    table: usize,
    /// Names of failing rows that are not in the table.
    names: usize,
}

/// From everything to nothing but counts: unchanged rows go first, then sections, then the table, then names.
const ROOMS: [Room; 12] = [
    Room { folded: usize::MAX, findings: FINDINGS_MAX, problems: 100, table: usize::MAX, names: 0 },
    Room { folded: 200, findings: FINDINGS_MAX, problems: 50, table: usize::MAX, names: 0 },
    Room { folded: 50, findings: FINDINGS_MAX, problems: 20, table: usize::MAX, names: 0 },
    Room { folded: 0, findings: FINDINGS_MAX, problems: 20, table: usize::MAX, names: 0 },
    Room { folded: 0, findings: 5, problems: 10, table: usize::MAX, names: 0 },
    Room { folded: 0, findings: 0, problems: 10, table: usize::MAX, names: 0 },
    Room { folded: 0, findings: 0, problems: 10, table: 100, names: usize::MAX },
    Room { folded: 0, findings: 0, problems: 5, table: 20, names: usize::MAX },
    Room { folded: 0, findings: 0, problems: 5, table: 10, names: 200 },
    Room { folded: 0, findings: 0, problems: 3, table: 5, names: 20 },
    Room { folded: 0, findings: 0, problems: 0, table: 1, names: 0 },
    Room { folded: 0, findings: 0, problems: 0, table: 0, names: 0 },
];

/// A folded table with what was left out of it.
#[derive(Serialize)]
struct Folded {
    title: String,
    rows: Vec<RowView>,
    omitted: bool,
    omitted_text: String,
}

/// What the template sees.
#[derive(Serialize)]
struct Comment<'a> {
    light: &'a str,
    headline: &'a str,
    lead: &'a Text,
    advice: &'a str,
    change_title: &'a str,
    urgent: &'a [RowView],
    urgent_omitted: String,
    names: Vec<String>,
    names_omitted: String,
    troubles: &'a [TroubleView],
    troubles_omitted: String,
    findings: &'a [Finding],
    findings_omitted: String,
    notices: &'a [Text],
    groups: Vec<Folded>,
    decided: &'a [Fact],
}

/// The report as Markdown of at most `limit` characters, with a hidden marker in its first line. Every foreign text is inert in it.
///
/// A limit below about 2,000 characters may be exceeded by what is never left out: the headline, the worst rows' sentences, how it was decided.
pub fn render(judgement: &Judgement, limit: usize) -> String {
    let view = View::of(judgement);
    let mut text = String::new();
    for room in ROOMS {
        text = tidy(&template::comment(&fill(&view, room)));
        if text.chars().count() <= limit {
            break;
        }
    }
    text
}

/// What fits into the room.
fn fill(view: &View, room: Room) -> Comment<'_> {
    let table = view.urgent.len().min(room.table);
    // Failing rows come first, so whatever follows the last row of the table starts with those that must not be lost.
    let unlisted: Vec<_> = view.urgent.iter().skip(table).collect();
    let failing: Vec<_> = unlisted.iter().filter(|row| row.fails).collect();
    let names: Vec<_> = failing.iter().take(room.names).map(|row| row.name()).collect();
    let unnamed = failing.len() - names.len();
    let findings = view.findings.len().min(room.findings);
    let troubles = view.troubles.len().min(room.problems);
    let notices = view.notices.len().min(room.problems);
    let hidden = |number: usize, noun: &str, which: &str| match number {
        0 => String::new(),
        number => format!("{}{which} left out for lack of space; the full report has them all.", plural(number, noun)),
    };
    Comment {
        light: view.light,
        headline: &view.headline,
        lead: &view.lead,
        advice: advice(view.state),
        change_title: &view.change_title,
        urgent: &view.urgent[..table],
        urgent_omitted: left_out(failing.len(), unlisted.len() - failing.len()),
        names_omitted: if names.is_empty() || unnamed == 0 {
            String::new()
        } else {
            format!("and {} by number only", count(unnamed))
        },
        names,
        troubles: &view.troubles[..troubles],
        troubles_omitted: hidden(view.troubles.len() - troubles + view.notices.len() - notices, "more notice", ""),
        findings: &view.findings[..findings],
        findings_omitted: hidden(view.failing() - findings, "section", " on failing checks"),
        notices: &view.notices[..notices],
        groups: view.groups.iter().map(|group| folded(group, room.folded)).collect(),
        decided: &view.decided,
    }
}

/// How many urgent rows the table does not show.
fn left_out(failing: usize, others: usize) -> String {
    match (failing, others) {
        (0, 0) => String::new(),
        (0, others) => format!("{} that do not fail", plural(others, "more check")),
        (failing, 0) => format!("{} that fail", plural(failing, "more check")),
        (failing, others) => format!("{} that fail, and {} that do not", plural(failing, "more check"), count(others)),
    }
}

/// A folded table with at most `most` rows.
fn folded(group: &Group, most: usize) -> Folded {
    let shown = group.rows.len().min(most);
    let omitted = group.rows.len() - shown;
    Folded {
        title: group.title.clone(),
        rows: group.rows[..shown].to_vec(),
        omitted: omitted > 0,
        omitted_text: format!("{} left out for lack of space; the full report has them all.", plural(omitted, "row")),
    }
}

impl RowView {
    /// Benchmark and metric in one.
    fn name(&self) -> String {
        super::escape::shorten(&format!("{} {}", self.benchmark, self.metric), NAME_SHOWN_MAX)
    }
}

/// One blank line between blocks, one line feed at the end.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.lines().map(str::trim_end) {
        blank = if line.is_empty() { blank + 1 } else { 0 };
        if blank < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn dump() {
        for (n, j) in [
            ("green", sample::green()),
            ("regression", sample::regression()),
            ("mixed", sample::mixed()),
            ("inconclusive", sample::inconclusive()),
            ("broken", sample::broken()),
            ("hostile", sample::hostile()),
            ("large", sample::large()),
            ("every", sample::every_variant()),
        ] {
            std::fs::write(format!("/tmp/rep/{n}.md"), render(&j, LIMIT)).unwrap();
            std::fs::write(format!("/tmp/rep/{n}.txt"), super::super::terminal::render(&j)).unwrap();
            std::fs::write(format!("/tmp/rep/{n}.html"), super::super::html::render(&j)).unwrap();
            std::fs::write(format!("/tmp/rep/{n}.xml"), super::super::junit::render(&j)).unwrap();
            std::fs::write(format!("/tmp/rep/{n}.ann"), super::super::annotations::render(&j)).unwrap();
            std::fs::write(format!("/tmp/rep/{n}.json"), super::super::json::to_json(&j)).unwrap();
        }
    }

    #[test]
    fn no_hostile_text_is_active() {
        let text = render(&sample::hostile(), LIMIT);
        let own = ["<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>", "<pre>", "</pre>"];
        let body = own.iter().fold(text.replacen("<!-- tollgate:v1 -->\n", "", 1), |text, tag| text.replace(tag, ""));
        for active in ["<", "@", "](", "`", "://", "www.", "<!--", "\u{1b}", "\u{202e}", "\u{200b}"] {
            assert!(!body.contains(active), "{active:?}");
        }
        for row in body.lines().filter(|line| line.starts_with('|')) {
            assert!(row.ends_with('|') && matches!(row.matches('|').count(), 8 | 9), "{row}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
    }

    #[test]
    fn four_hundred_failing_rows_of_three_thousand_all_show() {
        let text = render(&sample::large(), LIMIT);
        assert!(text.chars().count() <= LIMIT);
        let failing: Vec<_> = sample::large().rows.into_iter().filter(|row| row.outcome.fails()).collect();
        assert_eq!(failing.len(), 400);
        for row in failing {
            assert!(text.contains(row.metric.id.benchmark.benchmark.as_str()), "{} is lost", row.metric.id);
        }
        assert!(text.contains("2,550 rows left out for lack of space"));
    }

    #[test]
    fn what_does_not_fit_is_counted_at_every_size() {
        let judgement = sample::large();
        for limit in [40_000, 20_000, 10_000, 5_000, 3_000] {
            let text = render(&judgement, limit);
            assert!(text.chars().count() <= limit, "{} characters for {limit}", text.chars().count());
            assert!(
                text.starts_with(
                    "<!-- tollgate:v1 -->\n## 🔴 Tollgate: 400 regressions (2,600 of 3,000 checks passed)"
                )
            );
            let rows = text.lines().filter(|line| line.starts_with("| 🔴")).count();
            let named = text
                .lines()
                .filter(|line| line.contains("checks that fail"))
                .map(|line| line.matches("<code>").count())
                .sum::<usize>();
            let more = format!("{} more checks that fail", 400 - rows);
            assert!(text.contains(&more), "{more} in {text}");
            let by_number = 400 - rows - named;
            assert!(named == 0 || by_number == 0 || text.contains(&format!("and {by_number} by number only")));
        }
    }
}
