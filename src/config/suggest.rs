//! Writes rules as they stand in the config. Refuses to know where they come from.

use std::fmt::Write;

use crate::model::calibration::SuggestedRule;

/// The rules as TOML, each in a paragraph of its own; empty where there are none.
pub fn rules_text(rules: &[SuggestedRule]) -> String {
    let mut text = String::new();
    for rule in rules {
        let quoted = |value: &str| toml::Value::from(value).to_string();
        let settings = match rule.thresholds {
            Some((tolerance, must_detect)) => {
                format!("tolerance = \"{}\"\nmust-detect = \"{}\"", share(tolerance), share(must_detect))
            }
            None => "severity = \"advisory\"".to_owned(),
        };
        write!(
            text,
            "\n[[rule]]\nbenchmark = {}\nmetric = {}\n{settings}\n",
            quoted(&rule.benchmark),
            quoted(&rule.metric)
        )
        .expect("a string takes any text");
    }
    text
}

/// A share as the config takes it, with the digits that it has: `0.8 %`.
fn share(ratio: f64) -> String {
    format!("{} %", (ratio * 1e6).round() / 1e4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Selector};

    #[test]
    fn rules_for_hostile_names_parse_and_mean_what_they_say() {
        for name in
            ["plain", "a,b", "{x}", "[y]", "wi*ld?", "qu\"ote", "new\nline", "tab\t", "back\\slash", "ünï", "'''"]
        {
            let rule = SuggestedRule {
                benchmark: format!("core/{{{},other}}", Selector::literal(name)),
                metric: Selector::literal("ti[me"),
                thresholds: Some((0.4 * 0.03, 0.03)),
            };
            let text = format!("[suite.core]\nadapter = \"json\"\nrun = [\"x\"]\n{}", rules_text(&[rule]));
            let policy =
                Config::parse(&text, "test").unwrap_or_else(|error| panic!("{name:?}: {error}\n{text}")).policy;
            let found = &policy.rules[0];
            assert_eq!((found.tolerance_ratio, found.must_detect_ratio), (Some(0.012), Some(0.03)));
            let matches = |benchmark: &str| {
                globset::Glob::new(&found.selector.benchmark).unwrap().compile_matcher().is_match(benchmark)
            };
            assert!(matches(&format!("core/{name}")), "{name:?}: {}", found.selector.benchmark);
            assert!(matches("core/other") && !matches("core/neither") && !matches("core/a"), "{name:?}");
        }
    }

    #[test]
    fn what_no_threshold_helps_only_warns() {
        let rule = SuggestedRule { benchmark: "core/*".to_owned(), metric: "time".to_owned(), thresholds: None };
        assert!(rules_text(&[rule]).ends_with("severity = \"advisory\"\n"));
        assert_eq!(rules_text(&[]), "");
    }
}
