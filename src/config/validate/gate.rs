//! The gate, rules and budgets. Refuses to know what is measured.

use std::time::Duration;

use crate::config::at::At;
use crate::config::human::{self, noun};
use crate::config::policy::{BudgetRule, Rule};
use crate::config::problem::quoted;
use crate::config::wire::{self, OneOrMany};
use crate::config::{Against, Gate, OnIdentical, OnTrouble, Severity};
use crate::model::{Budget, Direction, Quantity, Shares, TestFamily};

use super::Reader;
use super::selector::check_repeated;

const FALSE_ALARM_RATE: f64 = 0.01;
const TIME_LIMIT: Duration = Duration::from_mins(10);
const ROUNDS_MAX: u32 = 120;
const DRIFT_RATIO: f64 = 0.10;
/// 6 % of the pairs of layouts of small benchmarks lay further apart (`METHODOLOGY.md`).
const LAYOUT_NOISE_RATIO: f64 = 0.05;

impl Reader<'_, '_> {
    pub(super) fn gate(&mut self, gate: &wire::Gate) -> Gate {
        let (tolerance_ratio, must_detect_ratio) = self.thresholds(gate.tolerance.as_ref(), gate.must_detect.as_ref());
        Gate {
            tolerance_ratio,
            must_detect_ratio,
            floors: self.floors(gate.floor.as_ref()),
            shares: Shares::new(
                self.human(gate.false_alarm_rate.as_ref(), human::false_alarm_rate).unwrap_or(FALSE_ALARM_RATE),
                TestFamily::ALL,
            ),
            time_limit: self.human(gate.time_limit.as_ref(), human::duration).unwrap_or(TIME_LIMIT),
            rounds_max: gate.max_rounds.unwrap_or(ROUNDS_MAX),
            patient: false,
            inconclusive: gate.inconclusive.map_or(OnTrouble::Warn, on_trouble),
            missing: gate.missing.map_or(OnTrouble::Fail, on_trouble),
            base: self.revision(gate.base.as_ref()),
            anchor: self.revision(gate.anchor.as_ref()),
            drift_ratio: self.human(gate.drift.as_ref(), human::ratio).unwrap_or(DRIFT_RATIO),
            canary: gate.canary.unwrap_or(true),
            identical: match gate.identical {
                None | Some(wire::OnIdentical::Pass) => OnIdentical::Pass,
                Some(wire::OnIdentical::Measure) => OnIdentical::Measure,
            },
            layout_noise_ratio: self.human(gate.layout_noise.as_ref(), human::ratio).unwrap_or(LAYOUT_NOISE_RATIO),
            layout_suspect: gate.layout_suspect.map_or(OnTrouble::Warn, on_trouble),
            against: match gate.against {
                None | Some(wire::Against::Auto) => Against::Auto,
                Some(wire::Against::Base) => Against::Base,
                Some(wire::Against::Baseline) => Against::Baseline,
            },
        }
    }

    pub(super) fn rule(&mut self, rule: &wire::Rule) -> Option<Rule> {
        let selector = self.selector(rule.benchmark.as_ref(), rule.metric.as_ref());
        let (tolerance_ratio, must_detect_ratio) = self.thresholds(rule.tolerance.as_ref(), rule.must_detect.as_ref());
        let floor = self.human(rule.floor.as_ref(), human::quantity);
        let owner = rule.owner.as_ref().and_then(|owner| self.text(owner, "`owner`"));
        Some(Rule {
            selector: selector?,
            tolerance_ratio,
            must_detect_ratio,
            floor,
            direction: rule.direction.map(direction),
            severity: rule.severity.map(|severity| match severity {
                wire::Severity::Blocking => Severity::Blocking,
                wire::Severity::Advisory => Severity::Advisory,
                wire::Severity::Ignored => Severity::Ignored,
            }),
            owner,
        })
    }

    pub(super) fn budgets(&mut self, budgets: &[At<wire::Budget>]) -> Vec<BudgetRule> {
        let all = |text: &Option<At<String>>| text.as_ref().map_or("*".to_owned(), |text| text.value.clone());
        let selectors = budgets.iter().map(|At { value, span }| {
            let (benchmark, metric) = (all(&value.benchmark), all(&value.metric));
            (format!("a budget for `{metric}` of `{benchmark}`"), span)
        });
        check_repeated(selectors, self.problems);
        budgets.iter().filter_map(|budget| self.budget(budget)).collect()
    }

    fn budget(&mut self, At { value: budget, span }: &At<wire::Budget>) -> Option<BudgetRule> {
        let selector = self.selector(budget.benchmark.as_ref(), budget.metric.as_ref());
        let limits = [&budget.target, &budget.warning, &budget.critical];
        if limits.iter().all(|limit| limit.is_none()) {
            let help = "set at least one of `target`, `warning`, `critical`".to_owned();
            self.problems.add(span, "a budget without a limit", Some(help));
        }
        let [target, warning, critical] =
            limits.map(|limit| Some((self.human(limit.as_ref(), human::quantity)?, limit.as_ref()?)));
        let set: Vec<_> = [&target, &warning, &critical].into_iter().flatten().collect();
        let (first, _) = set.first()?;
        for (limit, at) in &set {
            if limit.unit != first.unit {
                let (is, needed) = (noun(&limit.unit), noun(&first.unit));
                let message = format!("{} is {is}, but the limit before it is {needed}", quoted(&at.value));
                self.problems.add(&at.span, message, Some("all limits of a budget have one unit".to_owned()));
                return None;
            }
        }
        let rising = set.is_sorted_by(|(a, _), (b, _)| a.value <= b.value);
        let falling = set.is_sorted_by(|(a, _), (b, _)| a.value >= b.value);
        if let ([.., (_, at)], false, false) = (set.as_slice(), rising, falling) {
            let help = "`target`, `warning` and `critical` must rise (less is better) or fall (more is better)";
            self.problems.add(&at.span, "the limits of this budget are in no order", Some(help.to_owned()));
        }
        let unit = first.unit.clone();
        let [target, warning, critical] = [target, warning, critical].map(|limit| limit.map(|(limit, _)| limit.value));
        Some(BudgetRule { selector: selector?, budget: Budget { target, warning, critical }, unit })
    }

    /// Tolerance and must-detect, the first not above the second.
    fn thresholds(
        &mut self,
        tolerance: Option<&At<String>>,
        must_detect: Option<&At<String>>,
    ) -> (Option<f64>, Option<f64>) {
        let ratios = (self.human(tolerance, human::ratio), self.human(must_detect, human::ratio));
        if let ((Some(allowed), Some(detect)), Some(tolerance), Some(must_detect)) = (ratios, tolerance, must_detect)
            && allowed > detect
        {
            let (tolerance, must_detect) = (&tolerance.span, quoted(&must_detect.value));
            let help = "what must not slip through is at least what is allowed".to_owned();
            self.problems.add(tolerance, format!("`tolerance` is above `must-detect`, {must_detect}"), Some(help));
        }
        ratios
    }

    fn floors(&mut self, floors: Option<&At<OneOrMany>>) -> Vec<Quantity> {
        let Some(At { value, span }) = floors else { return Vec::new() };
        let texts = match value {
            OneOrMany::One(text) => std::slice::from_ref(text),
            OneOrMany::Many(texts) => texts,
        };
        let mut read: Vec<Quantity> = Vec::new();
        for text in texts {
            let at = At { value: text.clone(), span: span.clone() };
            let Some(floor) = self.human(Some(&at), human::quantity) else { continue };
            if read.iter().any(|other| other.unit == floor.unit) {
                let message = format!("{} is a second floor for {}", quoted(text), noun(&floor.unit));
                self.problems.add(span, message, Some("one floor of each unit".to_owned()));
            }
            read.push(floor);
        }
        read
    }

    fn revision(&mut self, text: Option<&At<String>>) -> Option<String> {
        let text = text?;
        if text.value.starts_with('-') || text.value.contains(char::is_whitespace) {
            let help = Some("a branch, tag or commit, such as `origin/main`".to_owned());
            self.problems.add(&text.span, format!("{} is not a revision", quoted(&text.value)), help);
            return None;
        }
        self.text(text, "a revision")
    }

    /// A text of at least one character and without NUL, which no process argument can carry.
    pub(super) fn text(&mut self, text: &At<String>, what: &str) -> Option<String> {
        if text.value.trim().is_empty() {
            self.problems.add(&text.span, format!("{what} is empty"), None);
            return None;
        }
        if text.value.contains('\0') {
            self.problems.add(&text.span, format!("{what} holds a NUL character"), None);
            return None;
        }
        Some(text.value.clone())
    }
}

/// The direction of the model.
pub(super) fn direction(direction: wire::Direction) -> Direction {
    match direction {
        wire::Direction::Lower => Direction::LowerIsBetter,
        wire::Direction::Higher => Direction::HigherIsBetter,
    }
}

fn on_trouble(means: wire::OnTrouble) -> OnTrouble {
    match means {
        wire::OnTrouble::Warn => OnTrouble::Warn,
        wire::OnTrouble::Fail => OnTrouble::Fail,
    }
}
