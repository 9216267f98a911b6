//! Sizes and hostile texts: nothing is lost in silence, nothing foreign acts.

use super::super::super::sample;
use super::*;

/// 3,000 rows of which 400 fail, over four jobs.
fn spread() -> Vec<Leg> {
    let all = sample::large().rows;
    (0..4_usize)
        .map(|job| {
            let rows = all.iter().enumerate().filter(|(at, _)| at % 4 == job).map(|(_, row)| row.clone()).collect();
            leg(&format!("job-{job}"), sample::judgement(RunVerdict::Regressed, rows))
        })
        .collect()
}

/// The failing rows that a text shows, names, or counts.
fn accounted(text: &str) -> usize {
    let shown = lines(text, "| 🔴 | <code>core › ").len();
    let more = lines(text, " that fail").into_iter().filter_map(|line| {
        let words: Vec<&str> = line.trim_start_matches('*').split(' ').collect();
        words.windows(2).find(|pair| pair[1].starts_with("more")).map(|pair| pair[0].replace(',', ""))
    });
    shown + more.filter_map(|number| number.parse::<usize>().ok()).sum::<usize>()
}

#[test]
fn four_hundred_failing_rows_all_show_in_one_job_and_over_four() {
    let one = vec![leg("linux", sample::large())];
    for legs in [one, spread()] {
        let text = render(&legs, &facts(), None, LIMIT);
        assert!(text.chars().count() <= LIMIT, "{}", text.chars().count());
        let failing: Vec<_> =
            legs.iter().flat_map(|leg| &leg.judgement.rows).filter(|row| row.outcome.fails()).collect();
        assert_eq!(failing.len(), 400);
        for row in failing {
            assert!(text.contains(row.metric.id.benchmark.benchmark.as_str()), "{} is lost", row.metric.id);
        }
        assert_eq!(read(&text).unwrap().history[0].failing, 400);
    }
}

#[test]
fn at_every_size_each_failing_row_is_shown_named_or_counted_and_linked() {
    let one = vec![leg("linux", sample::large())];
    for legs in [one, spread()] {
        for limit in [40_000, 20_000, 10_000, 6_000, 4_000] {
            let text = render(&legs, &facts(), None, limit);
            assert!(text.chars().count() <= limit, "{} characters for {limit}", text.chars().count());
            assert_eq!(accounted(&text), 400, "{limit}: {text}");
            for line in lines(&text, " more checks that fail") {
                assert!(line.contains("([all of them](https://github.example/"), "{line}");
            }
        }
    }
}

#[test]
fn of_hundreds_of_jobs_none_is_lost() {
    let legs: Vec<Leg> = (0..256).map(|job| leg(&format!("job-{job}"), sample::regression())).collect();
    for limit in [LIMIT, 8_000, 3_000] {
        let text = render(&legs, &facts(), None, limit);
        assert!(text.chars().count() <= limit, "{} characters for {limit}", text.chars().count());
        assert!(text.contains(" in 256 of 256 jobs ("), "the headline counts them all");
        let rows = lines(&text, "| 🔴 | <code>job-").len();
        let more = format!("**{} more jobs, {} of which block, with", 256 - rows, 256 - rows);
        assert!(rows == 256 || text.contains(&more), "{limit}: {more}");
    }
}

#[test]
fn a_check_run_holds_what_github_takes() {
    for legs in [vec![leg("linux", sample::large())], spread(), vec![leg("x", sample::hostile())], matrix()] {
        let run = check_run(&legs, &facts());
        assert!(run.summary.len() <= 65_535 && run.text.len() <= 65_535);
        assert_eq!(run.conclusion, Conclusion::Failure);
        assert!(!run.summary.is_empty() && !run.text.contains("tollgate:past"));
        assert!(run.annotations.iter().all(|note| note.title.chars().count() <= 255 && note.line >= 1));
        let state = status(&legs, &facts());
        assert!(state.description.chars().count() <= 140);
        assert_eq!(state.state, State::Failure);
    }
    let run = check_run(&spread(), &facts());
    assert_eq!(run.annotations.len(), 100);
    assert_eq!(run.annotations[99].message, "and 301 more failures that are in the report");
    assert_eq!(accounted(&run.text), 400);
}

#[test]
fn an_annotation_leads_to_the_waiver_that_is_not_enough() {
    let places: Vec<_> = check_run(&[leg("x", sample::hostile())], &facts()).annotations;
    assert!(places.iter().any(|note| note.path == "tollgate-waivers.toml" && note.line == 12));
    let run = check_run(&[leg("linux", sample::regression())], &facts());
    let [only] = run.annotations.as_slice() else { panic!("{:?}", run.annotations) };
    assert_eq!((only.path.as_str(), only.line), ("tollgate.toml", 1));
    assert_eq!(only.title, "PERF-001 core › parse/large");
    assert!(only.message.starts_with("`core/parse/large` is 6.3 % slower than base. Reproduce: tollgate check"));
}

#[test]
fn a_description_is_cut_between_words() {
    let mut legs = vec![leg("linux", sample::every_variant())];
    legs.push(leg("macos", sample::every_variant()));
    let description = status(&legs, &facts()).description;
    assert!(description.ends_with('…') && description.chars().count() <= 140, "{description}");
    let whole = check_run(&legs, &facts()).title;
    let kept = description.trim_end_matches('…');
    assert!(whole.strip_prefix(kept).unwrap().starts_with(' '), "{description}");
}

#[test]
fn hostile_jobs_and_addresses_stay_harmless() {
    let long = "| x |@ada`".repeat(1_000);
    let names = ["@ada", "#1", "<script>", "-->", "| x |", "`", "::add-mask::x", "\u{202e}\u{200b}", long.as_str()];
    let bad = ["javascript:alert(1)", "https://evil.example/)](x", "https://e.example/\" onclick=x", "https://a b"];
    let legs: Vec<Leg> = names
        .iter()
        .enumerate()
        .map(|(at, name)| Leg {
            name: (*name).to_owned(),
            judgement: sample::hostile(),
            run_url: Some(bad[at % bad.len()].to_owned()),
        })
        .collect();
    let facts = Facts { key: "--><script>".to_owned(), run_url: Some(bad[1].to_owned()), commands: true, ..facts() };
    for limit in [LIMIT, 400_000] {
        let text = render(&legs, &facts, None, limit);
        assert!(text.chars().count() <= limit);
        let own = ["<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>", "<pre>", "</pre>"];
        let inner: Vec<&str> = text.lines().filter(|line| !line.starts_with("<!-- ")).collect();
        assert_eq!(text.lines().count() - inner.len(), 2, "the marker and the hidden line");
        let body = own.iter().fold(inner.join("\n"), |text, tag| text.replace(tag, ""));
        for active in ["<", "@", "](", "`", "://", "www.", "\u{1b}", "\u{202e}", "\u{200b}"] {
            assert!(!body.contains(active), "{active:?}");
        }
        assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
        assert!(!body.lines().any(|line| line.starts_with("::")));
        for row in body.lines().filter(|line| line.starts_with('|')) {
            assert!(row.ends_with('|') && matches!(row.matches('|').count(), 6..=9), "{row}");
        }
    }
    for note in check_run(&legs, &facts).annotations {
        assert!(
            !note.title.contains(['\n', '\u{202e}', '\u{1b}']) && !note.message.contains(['\n', '\u{202e}', '\u{1b}'])
        );
    }
}
