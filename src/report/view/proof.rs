//! What passed by proof, in words: how much, why, and which. Refuses to say more than was compared.

use crate::model::{Identical, Judgement};

use super::super::number::plural;
use super::super::sentence::shown;
use super::super::text::Text;

/// The names of benchmarks that are told for each suite.
const NAMES_MAX: usize = 10;

/// How much passed by proof, without a name: `12 benchmarks pass by proof`; `None` where everything was measured.
pub(super) fn amount(identical: &[Identical]) -> Option<String> {
    let known: usize = identical.iter().map(|suite| suite.benchmarks.len()).sum();
    let unknown = identical.iter().filter(|suite| suite.benchmarks.is_empty()).count();
    let (what, number) = match (known, unknown) {
        (0, 0) => return None,
        (known, 0) => (plural(known, "benchmark"), known),
        (0, unknown) => (plural(unknown, "suite"), unknown),
        (known, unknown) => (format!("{} and {}", plural(known, "benchmark"), plural(unknown, "suite")), 2),
    };
    Some(format!("{what} {} by proof", if number == 1 { "passes" } else { "pass" }))
}

/// Why: what is the same.
pub(super) fn reason(judgement: &Judgement) -> &'static str {
    if judgement.base.as_ref().is_some_and(|base| base.tree == judgement.head.tree) {
        "base and head are the same tree"
    } else {
        "the program is byte for byte the same"
    }
}

/// A sentence for each suite that was not run.
pub(super) fn suites(judgement: &Judgement) -> Vec<Text> {
    let suite = |Identical { suite, benchmarks }: &Identical| {
        let rest = judgement.rows.iter().any(|row| row.metric.id.benchmark.suite == *suite);
        let what = if rest { "What has no budget of suite " } else { "Suite " };
        let text = Text::prose(what).code(shown(suite.as_str())).say(" passes by proof and was not run: ");
        let text = text.say(reason(judgement));
        let names: Vec<String> = benchmarks.iter().map(|name| shown(name.as_str())).collect();
        if names.is_empty() { text.say(".") } else { text.say(" (").list(&names, NAMES_MAX).say(").") }
    };
    judgement.identical.iter().map(suite).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::{annotations, html, json, junit, markdown, sample, terminal};
    use super::super::State;
    use super::super::View;
    use super::*;
    use crate::model::{Coverage, RunVerdict};

    fn identical(suite: &str, benchmarks: &[&str]) -> Identical {
        let benchmarks = benchmarks.iter().map(|name| sample::name(name)).collect();
        Identical { suite: sample::name(suite), benchmarks }
    }

    /// A run in which nothing had to be measured.
    fn proved() -> Judgement {
        let mut judgement = sample::judgement(RunVerdict::Pass, vec![]);
        judgement.coverage = Coverage { expected: 3, proved: 3, ..Coverage::default() };
        judgement.identical = vec![identical("core", &["parse", "print", "search"])];
        (judgement.promise.family, judgement.promise.detectable_median_ratio) = (0, None);
        judgement.head.tree = "cd".repeat(20);
        judgement
    }

    #[test]
    fn a_run_that_is_proved_is_green_and_says_why() {
        let view = View::of(&proved());
        assert_eq!(view.state, State::Passed);
        assert_eq!(view.headline, "Tollgate: 3 benchmarks pass by proof: the program is byte for byte the same.");
        assert_eq!(view.coverage, "3 benchmarks expected, 0 measured, 0 compared, 3 by proof");
        assert_eq!(annotations::render(&proved()), "");
    }

    #[test]
    fn what_is_proved_beside_what_is_measured_is_counted_apart() {
        let mut judgement = sample::green();
        judgement.identical = vec![identical("cli", &["run"]), identical("load", &[])];
        assert_eq!(
            View::of(&judgement).headline,
            "Tollgate: no regressions in 3 checks, 1 benchmark and 1 suite pass by proof. \
             Smallest change that could have been seen: 1.9 %."
        );
        judgement.identical.remove(0);
        assert_eq!(amount(&judgement.identical).unwrap(), "1 suite passes by proof");
        let mut red = sample::regression();
        red.identical = vec![identical("cli", &["run"])];
        let headline = View::of(&red).headline;
        assert_eq!(headline, "Tollgate: 1 regression (2 of 3 checks passed, 1 benchmark passes by proof)");
    }

    #[test]
    fn every_report_names_what_was_not_run() {
        for text in [
            anstream::adapter::strip_str(&terminal::render(&proved())).to_string(),
            markdown::render(&proved(), markdown::LIMIT),
            html::render(&proved()),
        ] {
            let text = ["<code>", "</code>", "`"].iter().fold(text, |text, mark| text.replace(mark, ""));
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let said = "Suite core passes by proof and was not run: the program is byte for byte the same (parse, print and search).";
            assert!(flat.contains(said), "{flat}");
        }
        let cases = junit::render(&proved());
        assert!(cases.contains("tests=\"3\" skipped=\"0\" failures=\"0\" errors=\"0\""), "{cases}");
        assert!(cases.contains("name=\"search\" classname=\"core\""), "{cases}");
    }

    #[test]
    fn the_same_tree_is_called_so() {
        let mut judgement = proved();
        judgement.head.tree = judgement.base.as_ref().unwrap().tree.clone();
        assert_eq!(
            View::of(&judgement).headline,
            "Tollgate: 3 benchmarks pass by proof: base and head are the same tree."
        );
    }

    #[test]
    fn a_proof_is_saved_and_read_back_and_hostile_names_stay_names() {
        let mut judgement = proved();
        judgement.identical.push(identical(sample::HOSTILE[2], &sample::HOSTILE));
        let text = json::to_json(&judgement);
        assert_eq!(json::from_json(text.as_bytes()).unwrap(), judgement);
        assert!(text.contains("\"proved\": 3"), "{text}");
        for text in [markdown::render(&judgement, markdown::LIMIT), html::render(&judgement), junit::render(&judgement)]
        {
            assert!(!text.contains("<script") && !text.contains("<img") && !text.contains(['\u{1b}', '\u{202e}']));
        }
    }
}
