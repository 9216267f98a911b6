//! GitHub annotations as workflow commands, at most ten of a kind, because GitHub drops the rest in silence. Refuses to lose a count.

use crate::model::Judgement;
use crate::model::judgement::Notice;

use super::escape::{command_message, command_property};
use super::number::plural;
use super::sentence;
use super::text::append;
use super::view::{Finding, View};

/// Annotations of one kind that GitHub shows for a step.
const MOST: usize = 10;

/// Workflow commands, one a line: failing rows and failures of the measurement as errors, what is worth a look as warnings. Where there are
/// more than ten of a kind, the tenth counts those that are left out.
pub fn render(judgement: &Judgement) -> String {
    let view = View::of(judgement);
    let plain = |text: &super::text::Text| text.line(str::to_owned);
    let told = |finding: &Finding| (format!("{} {}", finding.number, finding.row.benchmark), finding.message(plain));
    let (blocking, causes): (Vec<_>, Vec<_>) = view.findings.iter().partition(|finding| finding.fails);
    let mut errors: Vec<(String, String)> = blocking.into_iter().map(told).collect();
    let (failures, differences): (Vec<_>, Vec<_>) = view.troubles.iter().partition(|trouble| trouble.failure);
    errors.extend(failures.iter().map(|trouble| ("Not measured".to_owned(), plain(&trouble.sentence))));
    if errors.is_empty() && matches!(view.state, super::view::State::Unknown | super::view::State::Failed) {
        errors.push(("Tollgate".to_owned(), view.headline.clone()));
    }
    let looks = view.urgent.iter().filter(|row| !row.fails);
    let mut warnings: Vec<_> =
        looks.map(|row| (format!("{}: {}", row.outcome, row.benchmark), plain(&row.sentence))).collect();
    warnings.extend(causes.into_iter().map(told));
    warnings.extend(differences.iter().map(|trouble| ("Coverage".to_owned(), plain(&trouble.sentence))));
    if judgement.notices.contains(&Notice::SecondHand) {
        warnings.insert(0, ("Untrusted numbers".to_owned(), plain(&sentence::notice(&Notice::SecondHand))));
    }
    let mut out = String::new();
    commands(&mut out, "error", &errors);
    commands(&mut out, "warning", &warnings);
    out
}

/// The commands of one kind.
fn commands(out: &mut String, kind: &str, all: &[(String, String)]) {
    let shown = if all.len() > MOST { MOST - 1 } else { all.len() };
    for (title, message) in &all[..shown] {
        append(out, format_args!("::{kind} title={}::{}\n", command_property(title), command_message(message)));
    }
    if all.len() > shown {
        append(
            out,
            format_args!(
                "::{kind} title=Tollgate::and {} that are in the report\n",
                plural(all.len() - shown, &format!("more {kind}"))
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{html, json, junit, markdown, sample, terminal};
    use super::*;

    #[test]
    fn a_regression_is_one_error_with_its_command() {
        insta::assert_snapshot!(render(&sample::regression()), @r"
        ::error title=PERF-001 core › parse/large::`core/parse/large` is 6.3 %25 slower than base. Reproduce: tollgate check --only 'core/parse/large' --base 9a41c02b9
        ");
        assert_eq!(render(&sample::green()), "");
    }

    #[test]
    fn more_than_ten_are_counted_in_the_tenth() {
        let text = render(&sample::large());
        assert_eq!(text.lines().count(), MOST);
        assert!(text.ends_with("::error title=Tollgate::and 391 more errors that are in the report\n"));
    }

    #[test]
    fn hostile_names_stay_inside_their_command() {
        let text = render(&sample::hostile());
        assert!(text.lines().all(|line| line.starts_with("::error title=") || line.starts_with("::warning title=")));
        assert!(!text.contains(['\u{1b}', '\r', '\u{202e}']) && !text.contains("%0A::"));
    }

    #[test]
    fn every_format_says_that_untrusted_code_measured() {
        let judgement = sample::second_hand();
        let texts = [
            ("terminal", terminal::render(&judgement)),
            ("markdown", markdown::render(&judgement, markdown::LIMIT)),
            ("html", html::render(&judgement)),
            ("junit", junit::render(&judgement)),
            ("annotations", render(&judgement)),
        ];
        for (format, text) in texts {
            let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains("Measured by untrusted code"), "{format}: {text}");
        }
        let saved = json::to_json(&judgement);
        assert!(saved.contains("\"second-hand\""), "{saved}");
        assert_eq!(json::from_json(saved.as_bytes()).unwrap(), judgement);
    }
}
