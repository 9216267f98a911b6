//! The report as Markdown, and how much of it fits. Whatever the limit, a failing row is shown, or at least counted. Refuses to cut text: it leaves rows out and says so.

use serde::Serialize;

use crate::model::Judgement;

use super::escape::NAME_SHOWN_MAX;
use super::number::{count, plural};
use super::template;
use super::text::Text;
use super::view::{Fact, Finding, Group, LoadView, RowView, TroubleView, View, advice};

/// Characters that fit into a comment: GitHub takes 65,536, and what is added around the report needs some.
pub const LIMIT: usize = 64_000;

/// The most failing rows that get a section of their own: beyond that nobody reads them.
const FINDINGS_MAX: usize = 20;

/// The first line of a report that is no comment yet.
const MARKER: &str = "<!-- tollgate:v1 -->";

/// How many of everything are shown. What is over is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
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
pub(super) const ROOMS: [Room; 12] = [
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
struct Folded<'a> {
    title: &'a str,
    command: &'a str,
    change_title: &'a str,
    rows: &'a [RowView],
    /// Whether any of the rows has a note.
    noted: bool,
    omitted: bool,
    omitted_text: String,
}

/// The report below its headline, as the template sees it.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    /// What the headline means.
    pub(super) lead: Text,
    /// What to do about it; empty where it is said elsewhere.
    pub(super) advice: &'a str,
    /// The page that has everything.
    pub(super) page: Option<&'a str>,
    /// Whether it stands under the heading of a job.
    pub(super) deep: bool,
    /// How it was decided.
    pub(super) decided: &'a [Fact],
    change_title: &'a str,
    urgent: &'a [RowView],
    urgent_omitted: String,
    names: Vec<String>,
    names_omitted: String,
    troubles: &'a [TroubleView],
    troubles_omitted: String,
    findings: &'a [Finding],
    findings_omitted: String,
    plans: bool,
    notices: &'a [Text],
    loads: &'a [LoadView],
    groups: Vec<Folded<'a>>,
}

impl Body<'_> {
    /// Characters that it surely takes: some of the markup and texts of its rows, which no escape makes shorter.
    pub(super) fn least(&self) -> usize {
        const MARKUP: usize = 40;
        let size = |text: &str| text.trim_start().chars().count();
        let row = |row: &RowView| MARKUP + size(&row.benchmark) + size(&row.metric) + size(&row.change);
        let finding = |finding: &Finding| MARKUP + size(&finding.evidence) + size(&finding.reproduce);
        let folded = self.groups.iter().flat_map(|group| group.rows);
        self.urgent.iter().chain(folded).map(row).sum::<usize>()
            + self.findings.iter().map(finding).sum::<usize>()
            + self.names.iter().map(|name| "<code></code>".len() + size(name)).sum::<usize>()
    }
}

/// A report under its headline, with nothing around it.
#[derive(Serialize)]
struct Plain<'a> {
    light: &'a str,
    headline: &'a str,
    #[serde(flatten)]
    body: Body<'a>,
}

/// The report as Markdown of at most `limit` characters, with a hidden marker in its first line. Every foreign text is inert in it.
///
/// A limit below about 2,000 characters may be exceeded by what is never left out: the headline, the worst rows' sentences, how it was decided.
pub fn render(judgement: &Judgement, limit: usize) -> String {
    let view = View::of(judgement);
    let mut text = String::new();
    for room in ROOMS {
        let plain = Plain { light: view.light, headline: &view.headline, body: fill(&view, room) };
        text = format!("{MARKER}\n{}", tidy(&template::report(&plain)));
        if text.chars().count() <= limit {
            break;
        }
    }
    text
}

/// What fits into the room.
pub(super) fn fill(view: &View, room: Room) -> Body<'_> {
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
    Body {
        lead: view.lead.clone(),
        advice: advice(view.state),
        page: None,
        deep: false,
        decided: &view.decided,
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
        findings_omitted: hidden(view.findings.len() - findings, "section", " on failing checks"),
        plans: room.folded > 0,
        notices: &view.notices[..notices],
        // The numbers that decide are in the rows.
        loads: if room.folded > 0 { &view.loads } else { &[] },
        groups: view.groups.iter().map(|group| folded(group, &view.change_title, room.folded)).collect(),
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
fn folded<'a>(group: &'a Group, change_title: &'a str, most: usize) -> Folded<'a> {
    let shown = group.rows.len().min(most);
    let omitted = group.rows.len() - shown;
    Folded {
        title: &group.title,
        command: &group.command,
        change_title,
        rows: &group.rows[..shown],
        noted: group.rows[..shown].iter().any(|row| !row.note.is_empty()),
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
pub(super) fn tidy(text: &str) -> String {
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
    fn a_green_run_is_one_line_and_folded_tables() {
        insta::assert_snapshot!(render(&sample::green(), LIMIT), @"
        <!-- tollgate:v1 -->
        ## 🟢 Tollgate: no regressions in 3 checks. Smallest change that could have been seen: 1.9 %.

        <details><summary>1 improved</summary>

        | benchmark | metric | base | head | change (99 % interval) | allowed |
        |---|---|--:|--:|--:|--:|
        | <code>core › print</code> | time | 1.200 ms | 1.103 ms | −8.1 % (−9.1 … −7.1) | +2 % |

        </details>

        <details><summary>2 unchanged</summary>

        | benchmark | metric | base | head | change (99 % interval) | allowed |
        |---|---|--:|--:|--:|--:|
        | <code>core › parse/large</code> | time | 412.0 µs | 413.2 µs | +0.30 % (−0.60 … +1.20) | +2 % |
        | <code>core › tokenize</code> | time | 3.100 µs | 3.094 µs | −0.20 % (−0.60 … +0.20) | +2 % |

        </details>

        <details><summary>How this was decided</summary>

        - **Base** <code>9a41c02b9</code> (merge base of main) <code>Add the lexer</code>
        - **Head** <code>77be01d37</code> (HEAD) <code>Validate tokens</code>
        - **Machine** <code>AMD EPYC 7763 64-Core Processor</code>, 4 cores, 16 GiB, <code>ubuntu-24.04 20261101.1</code>, <code>rustc 1.95.0</code>, <code>kvm</code>
        - **Coverage** 3 benchmarks expected, 3 measured, 3 compared
        - **Method** 3 metrics by 32 rounds of base and head in pairs
        - **Promise** a run of unchanged code fails at most 1 % of the time, over 3 metrics together
        - **Sensitivity** half of the checks would have shown a change for the worse of 1.9 %, the noisiest only one of 4.4 % (<code>core/parse/large</code>)
        - **Policy** from base (head does not change it)
        - **Measured in** 6 min 12 s, seed <code>17446744073709551615</code>

        </details>
        ");
    }

    #[test]
    fn a_regression_comes_with_evidence_and_a_command() {
        insta::assert_snapshot!(render(&sample::regression(), LIMIT), @"
        <!-- tollgate:v1 -->
        ## 🔴 Tollgate: 1 regression (2 of 3 checks passed)

        <code>core/parse/large</code> is 6.3 % slower than base. **This change should not merge as it is.**

        | | benchmark | metric | base | head | change (99 % interval) | allowed | verdict |
        |---|---|---|--:|--:|--:|--:|---|
        | 🔴 | <code>core › parse/large</code> | time | 412 µs | 438 µs | +6.3 % (+5.1 … +7.5) | +2 % | regressed |

        ### PERF-001 · <code>core/parse/large</code> is 6.3 % slower than base

        - **Evidence** 32 rounds, base and head in pairs on this machine; change +6.3 % (+5.1 … +7.5), 99 % interval; allowed +2 %.
        - **Note** the benchmark&#39;s own source differs between base and head.
        - **Note** 2 rounds lost.
        - **Owner** <code>&#64;&#8203;octocat</code>
        - **Reproduce** <code>tollgate check --only &#39;core/parse/large&#39; --base 9a41c02b9</code>

        <details><summary>1 improved</summary>

        | benchmark | metric | base | head | change (99 % interval) | allowed |
        |---|---|--:|--:|--:|--:|
        | <code>core › print</code> | time | 1.200 ms | 1.103 ms | −8.1 % (−9.1 … −7.1) | +2 % |

        </details>

        <details><summary>1 unchanged</summary>

        | benchmark | metric | base | head | change (99 % interval) | allowed |
        |---|---|--:|--:|--:|--:|
        | <code>core › tokenize</code> | time | 3.100 µs | 3.094 µs | −0.20 % (−0.60 … +0.20) | +2 % |

        </details>

        <details><summary>How this was decided</summary>

        - **Base** <code>9a41c02b9</code> (merge base of main) <code>Add the lexer</code>
        - **Head** <code>77be01d37</code> (HEAD) <code>Validate tokens</code>
        - **Machine** <code>AMD EPYC 7763 64-Core Processor</code>, 4 cores, 16 GiB, <code>ubuntu-24.04 20261101.1</code>, <code>rustc 1.95.0</code>, <code>kvm</code>
        - **Coverage** 3 benchmarks expected, 3 measured, 3 compared
        - **Method** 3 metrics by 32 rounds of base and head in pairs
        - **Promise** a run of unchanged code fails at most 1 % of the time, over 3 metrics together
        - **Sensitivity** half of the checks would have shown a change for the worse of 1.9 %, the noisiest only one of 4.4 % (<code>core/parse/large</code>)
        - **Policy** from base (head does not change it)
        - **Measured in** 6 min 12 s, seed <code>17446744073709551615</code>

        </details>
        ");
    }

    #[test]
    fn a_base_that_does_not_build_is_no_verdict() {
        insta::assert_snapshot!(render(&sample::broken(), LIMIT), @"
        <!-- tollgate:v1 -->
        ## 🟠 Tollgate: no verdict, 1 failure while measuring (nothing was compared)

        Suite <code>core</code> could not be built on base: <code>&#96;cargo bench --no-run&#96; ended with exit code 101</code>. **Nobody knows whether this change is slower: it should not merge before that is known.**

        <details><summary>🟠 Suite <code>core</code> could not be built on base: <code>&#96;cargo bench --no-run&#96; ended with exit code 101</code></summary>

        <pre>
        error&#91;E0308&#93;: mismatched types
         &#45;-&gt; src/lexer.rs&#58;118&#58;9
        �&#91;31m&#58;&#58;error&#58;&#58;no�&#91;0m &#64;&#8203;octocat
        </pre>

        </details>

        <details><summary>How this was decided</summary>

        - **Base** <code>9a41c02b9</code> (merge base of main) <code>Add the lexer</code>
        - **Head** <code>77be01d37</code> (HEAD) <code>Validate tokens</code>
        - **Machine** <code>AMD EPYC 7763 64-Core Processor</code>, 4 cores, 16 GiB, <code>ubuntu-24.04 20261101.1</code>, <code>rustc 1.95.0</code>, <code>kvm</code>
        - **Coverage** 12 benchmarks expected, 0 measured, 0 compared
        - **Method** nothing was compared
        - **Policy** from base (head does not change it)
        - **Measured in** 6 min 12 s, seed <code>17446744073709551615</code>

        </details>
        ");
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
            assert!(row.ends_with('|') && matches!(row.matches('|').count(), 7..=9), "{row}");
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
