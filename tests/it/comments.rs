//! Comments as GitHub's own Markdown engine makes HTML of them: nothing foreign acts, no table breaks, nothing is folded for ever.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use tollgate::ci::RunNumber;
use tollgate::model::{Judgement, Name};
use tollgate::report::comment::{Facts, Leg, check_run, first_line, read, render};
use tollgate::report::json;

use crate::engines;

/// A saved judgement with every variant in it.
const SAVED: &[u8] = include_bytes!("../fixtures/judgements/v1.json");

/// The page that all links of ours lead to.
const PAGE: &str = "https://github.example/ada/engine/actions/runs/9001";

/// Names as somebody would choose them who wants to act through a report.
const HOSTILE: [&str; 12] = [
    "@ada",
    "#1",
    "<script>alert(1)</script>",
    "--><img src=x onerror=alert(1)>",
    "a | b\n| x |",
    "`code` ``` ~~~",
    "::add-mask::x",
    "\u{202e}desrever\u{200b}\u{1b}[31m",
    "[x](javascript:alert(1)) ![i](https://evil.example/i.png)",
    "https://evil.example www.evil.example a@evil.example",
    "</details></code></td></table><h1>",
    "- x\n# y\n> z &#64;ada &lt;b&gt;",
];

fn saved() -> Judgement {
    json::from_json(SAVED).unwrap()
}

/// The saved judgement with every name replaced by hostile ones; no two rows alike.
fn hostile() -> Judgement {
    let mut judgement = saved();
    let name = |at: usize| Name::new(format!("{} {at}", HOSTILE[at % HOSTILE.len()])).unwrap();
    for (at, row) in judgement.rows.iter_mut().enumerate() {
        row.metric.id.benchmark.suite = name(at);
        row.metric.id.benchmark.benchmark = Name::new("| x |@ada`<b>".repeat(35)).unwrap();
        row.metric.id.metric = name(at + 1);
        row.owner = Some(HOSTILE[at % HOSTILE.len()].to_owned());
    }
    judgement.head.title = HOSTILE.concat();
    judgement.environment.cpu_model = HOSTILE.concat();
    judgement
}

fn leg(name: &str, judgement: Judgement) -> Leg {
    Leg { name: name.to_owned(), judgement, run_url: Some(format!("{PAGE}/job/1")) }
}

fn facts() -> Facts {
    Facts {
        key: "--><script>".to_owned(),
        commit: "77be01d3".repeat(5),
        run: Some(RunNumber { number: 42, attempt: 2, id: 9001 }),
        run_url: Some(PAGE.to_owned()),
        untrusted: true,
        commands: true,
    }
}

/// One piece of a page.
enum Piece<'a> {
    Tag(&'a str),
    Text(&'a str),
}

/// The tags and the texts between them; comments are left out.
fn pieces(html: &str) -> Vec<Piece<'_>> {
    let (mut rest, mut pieces) = (html, Vec::new());
    while !rest.is_empty() {
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").unwrap().1;
        } else if let Some(tag) = rest.strip_prefix('<') {
            let (tag, after) = tag.split_once('>').unwrap();
            pieces.push(Piece::Tag(tag));
            rest = after;
        } else {
            let (text, after) = rest.split_at(rest.find('<').unwrap_or(rest.len()));
            pieces.push(Piece::Text(text));
            rest = after;
        }
    }
    pieces
}

/// Whether GitHub would make a mention or a reference of something in a text.
fn refers(text: &str) -> bool {
    let shown = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    shown.split(['@', '#']).skip(1).any(|rest| rest.starts_with(char::is_alphanumeric))
}

/// What in a page could act, or is broken.
fn wrong(html: &str) -> Vec<String> {
    const PLAIN: [&str; 19] = [
        "h2",
        "h3",
        "h4",
        "p",
        "code",
        "pre",
        "strong",
        "details",
        "summary",
        "ul",
        "li",
        "blockquote",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "br /",
    ];
    let (mut wrong, mut open, mut cells, mut wide) = (Vec::new(), Vec::<&str>::new(), 0, 0);
    for piece in pieces(html) {
        match piece {
            Piece::Text(text) if refers(text) => wrong.push(format!("a mention or a reference in {text:?}")),
            Piece::Text(_) => {}
            Piece::Tag(tag) => {
                let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
                let known = match name.trim_start_matches('/') {
                    "a" => attributes.is_empty() || attributes.starts_with(&format!("href=\"{PAGE}")),
                    "th" | "td" => matches!(attributes, "" | "align=\"right\""),
                    _ => PLAIN.contains(&tag.trim_start_matches('/')),
                };
                if !known {
                    wrong.push(format!("<{tag}>"));
                }
                match tag.strip_prefix('/') {
                    Some(name) if open.pop() != Some(name) => wrong.push(format!("</{name}> closes something else")),
                    None if name != "br" => open.push(name),
                    _ => {}
                }
                match name {
                    "table" => wide = 0,
                    "tr" => cells = 0,
                    "th" => wide += 1,
                    "td" => cells += 1,
                    "/tr" if cells != 0 && cells != wide => wrong.push(format!("{cells} cells under {wide} columns")),
                    _ => {}
                }
            }
        }
    }
    if !open.is_empty() {
        wrong.push(format!("never closed: {open:?}"));
    }
    wrong
}

/// 3,000 rows of which 400 fail, by the saved ones over and over.
fn large() -> Judgement {
    let mut judgement = saved();
    let (failing, passing): (Vec<_>, Vec<_>) = judgement.rows.iter().cloned().partition(|row| row.outcome.fails());
    let name = |at: usize| Name::new(format!("group/{at:04}")).unwrap();
    let rows = (0..3_000).map(|at| {
        let kind = if at < 400 { &failing } else { &passing };
        let mut row = kind[at % kind.len()].clone();
        row.metric.id.benchmark.benchmark = name(at);
        row
    });
    judgement.rows = rows.collect();
    judgement.coverage.problems.clear();
    judgement
}

#[test]
fn no_comment_acts_or_breaks_when_it_is_rendered() {
    let four = ["linux", "macos", "windows", "linux"].map(|name| leg(name, saved())).to_vec();
    let strangers: Vec<Leg> = HOSTILE.iter().map(|name| leg(name, hostile())).collect();
    let pages = [
        ("one", vec![leg("linux", saved())]),
        ("four", four),
        ("hostile", vec![leg("x", hostile())]),
        ("strangers", strangers),
        ("large", vec![leg("linux", large())]),
        ("none", vec![]),
    ];
    let before = read(&render(&[leg("linux", saved())], &facts(), None, 64_000)).unwrap();
    for (name, legs) in pages {
        let second = Facts { commit: "1234abcd".repeat(5), ..facts() };
        let again = render(&legs, &second, Some(&before), 64_000);
        assert!(again.chars().count() <= 64_000 && again.starts_with(&first_line(&facts().key)));
        let run = check_run(&legs, &facts());
        for (surface, markdown) in [("comment", &again), ("summary", &run.summary), ("text", &run.text)] {
            for (engine, page) in engines::pages(markdown).iter().enumerate() {
                // So that a person can look at them too.
                if let Some(folder) = std::env::var_os("TOLLGATE_KEEP_PAGES") {
                    let file = format!("{name}-{surface}-{engine}.html");
                    std::fs::write(std::path::Path::new(&folder).join(file), page).unwrap();
                }
                assert_eq!(wrong(page), Vec::<String>::new(), "{name}, {surface}");
            }
        }
    }
}

#[test]
fn a_page_that_acts_or_is_broken_is_seen() {
    for bad in [
        "<script>x</script>",
        "<img src=x>",
        "<a href=\"https://evil.example\">x</a>",
        "<p onclick=x>y</p>",
        "<p>hello @ada</p>",
        "<p>see #12</p>",
        "<details><p>x</p>",
        "<table><tr><th>a</th></tr><tr><td>1</td><td>2</td></tr></table>",
    ] {
        assert!(!wrong(bad).is_empty(), "{bad}");
    }
    assert_eq!(wrong("<p>a <code>b</code></p>"), Vec::<String>::new());
}
