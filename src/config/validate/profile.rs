//! Profiles: how much load, and when. Refuses to know what is sent.

use std::ops::Range;
use std::time::Duration;

use crate::config::at::At;
use crate::config::human;
use crate::config::problem::quoted;
use crate::config::scenario::{Level, Limits, Profile, Stage};
use crate::config::wire::{self, Amount};

use super::Reader;

const DURATION: Duration = Duration::from_secs(10);
const SOAK: Duration = Duration::from_mins(10);
/// The shortest soak. A service is looked at ten times a second, and growth is that of two dozen looks.
const SOAK_MIN: Duration = Duration::from_millis(2500);
const STEP: Duration = Duration::from_secs(5);
/// Of a spike: before, at the peak, and after.
const SPIKE: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(5), Duration::from_secs(15)];
/// How many times the first step the highest is, and how many times the level before the peak is.
const STRESS_FACTOR: f64 = 20.0;
const PEAK_FACTOR: f64 = 5.0;
const LIMITS: Limits = Limits { p99: Duration::from_millis(500), errors: 0.01 };
/// The most users of a closed model, and the highest rate of an open one.
const USERS_MAX: f64 = 10_000.0;
const RATE_MAX: f64 = 1e6;
const STAGES_MAX: usize = 200;
/// The longest scenario.
const TOTAL_MAX: Duration = Duration::from_hours(24);

impl Reader<'_, '_> {
    pub(super) fn profile(&mut self, name: &At<String>, scenario: &wire::Scenario) -> Option<Profile> {
        let level = match scenario.profile {
            Some(wire::Profile::Custom) => None,
            _ => self.level(name, scenario),
        };
        let profile = match scenario.profile.unwrap_or(wire::Profile::Load) {
            wire::Profile::Load => {
                let ramp = self.human(scenario.ramp.as_ref(), human::pause).unwrap_or_default();
                let duration = self.human(scenario.duration.as_ref(), human::duration).unwrap_or(DURATION);
                Profile::Load { level: level?, ramp, duration }
            }
            wire::Profile::Soak => {
                let duration = self.human(scenario.duration.as_ref(), human::duration).unwrap_or(SOAK);
                if let Some(short) = scenario.duration.as_ref().filter(|_| duration < SOAK_MIN) {
                    let help = "write at least `2500 ms`; a minute sees a leak of half a KiB a request".to_owned();
                    self.problems.add(&short.span, "too short a soak to say what grows", Some(help));
                }
                Profile::Soak { level: level?, duration }
            }
            wire::Profile::Stress => {
                let step = self.human(scenario.step.as_ref(), human::duration).unwrap_or(STEP);
                let limits = Limits {
                    p99: self.human(scenario.limit_p99.as_ref(), human::duration).unwrap_or(LIMITS.p99),
                    errors: self.human(scenario.limit_errors.as_ref(), human::part).unwrap_or(LIMITS.errors),
                };
                let from = level?;
                Profile::Stress {
                    from,
                    to: self.above("max", scenario.max.as_ref(), from, STRESS_FACTOR)?,
                    step,
                    limits,
                }
            }
            wire::Profile::Spike => {
                let written = [&scenario.before, &scenario.at_peak, &scenario.after];
                let durations = written.map(|time| self.human(time.as_ref(), human::duration));
                let durations = [0, 1, 2].map(|index| durations[index].unwrap_or(SPIKE[index]));
                let base = level?;
                let peak = self.above("peak", scenario.peak.as_ref(), base, PEAK_FACTOR)?;
                Profile::Spike { base, peak, durations }
            }
            wire::Profile::Custom => Profile::Custom(self.stages(name, &scenario.stage)?),
        };
        Some(profile)
    }

    fn level(&mut self, name: &At<String>, scenario: &wire::Scenario) -> Option<Level> {
        let level = match (&scenario.rate, &scenario.users) {
            (Some(rate), None) => {
                let rate = (self.human(Some(rate), human::rate)?, &rate.span);
                (Level::Rate(rate.0), rate.1)
            }
            (None, Some(users)) => (Level::Users(f64::from(users.value)), &users.span),
            (Some(_), Some(users)) => {
                let help =
                    "`rate` starts so many a second, whatever the replies do; `users` wait for each reply".to_owned();
                self.problems.add(&users.span, "both `rate` and `users` are set", Some(help));
                return None;
            }
            (None, None) => {
                let help = "`rate = \"200/s\"` starts so many a second, whatever the replies do; `users = 50` wait for each reply";
                let message = format!("{} lacks `rate` or `users`", quoted(&format!("[scenario.{}]", name.value)));
                self.problems.add(&name.span, message, Some(help.to_owned()));
                return None;
            }
        };
        if level.0.value() <= 0.0 {
            self.problems.add(level.1, "a load of nothing", Some("write a rate above `0/s`".to_owned()));
            return None;
        }
        Some(level.0)
    }

    /// A level that must be above another and in its unit; left out, so many times as much.
    fn above(&mut self, key: &str, amount: Option<&At<Amount>>, below: Level, factor: f64) -> Option<f64> {
        let Some(at) = amount else {
            let most = if matches!(below, Level::Rate(_)) { RATE_MAX } else { USERS_MAX };
            return Some((below.value() * factor).min(most).max(below.value()));
        };
        let level = self.amount(at)?;
        let message = if !level.is_like(below) {
            let (is, needed) = (level.noun(), below.noun());
            format!("`{key}` is {is}, but the level before it is {needed}")
        } else if level.value() <= below.value() {
            format!("`{key}` is not above the level before it")
        } else {
            return Some(level.value());
        };
        let example = match below {
            Level::Rate(rate) => format!("write a rate above `{rate}/s`, as in `\"{}/s\"`", 5.0 * rate),
            Level::Users(users) => format!("write more than {users} users, as in `{}`", 5.0 * users),
        };
        self.problems.add(&at.span, message, Some(example));
        None
    }

    fn amount(&mut self, at: &At<Amount>) -> Option<Level> {
        match &at.value {
            Amount::Users(users) => Some(Level::Users(f64::from(*users))),
            Amount::Rate(text) => {
                let at = At { value: text.clone(), span: at.span.clone() };
                self.human(Some(&at), human::rate).map(Level::Rate)
            }
        }
    }

    fn stages(&mut self, name: &At<String>, stages: &[At<wire::Stage>]) -> Option<Vec<Stage>> {
        if stages.is_empty() || stages.len() > STAGES_MAX {
            self.problems.add(&name.span, format!("{} stages, not 1 to {STAGES_MAX}", stages.len()), None);
            return None;
        }
        let mut read: Vec<Stage> = Vec::new();
        let mut whole = true;
        for stage in stages {
            let before = read.last().map(|stage| stage.from.with(stage.to));
            match self.stage(stage, before) {
                Some(stage) => read.push(stage),
                None => whole = false,
            }
        }
        if !whole {
            return None;
        }
        let total = read.iter().map(|stage| stage.duration).sum::<Duration>();
        let message = if read.iter().all(|stage| stage.from.value() <= 0.0 && stage.to <= 0.0) {
            "a load of nothing: every stage is at 0".to_owned()
        } else if total > TOTAL_MAX {
            format!("the stages take {} h, more than 24 h", total.as_secs() / 3600)
        } else {
            return Some(read);
        };
        self.problems.add(&name.span, message, None);
        None
    }

    fn stage(&mut self, At { value: stage, .. }: &At<wire::Stage>, before: Option<Level>) -> Option<Stage> {
        let to = self.amount(&stage.to);
        let from = stage.from.as_ref().map(|from| self.amount(from));
        let duration = self.human(Some(&stage.duration), human::duration);
        let to = to?;
        let from = match from {
            Some(from) => from?,
            None => before.unwrap_or(to),
        };
        let unlike = |span: &Range<usize>, level: Level, other: Level| (span.clone(), level.noun(), other.noun());
        let wrong = if let Some(before) = before.filter(|before| !before.is_like(to)) {
            Some(unlike(&stage.to.span, to, before))
        } else if !from.is_like(to) {
            Some(unlike(stage.from.as_ref().map_or(&stage.to.span, |from| &from.span), from, to))
        } else {
            None
        };
        if let Some((span, is, others)) = wrong {
            let help = "all stages of a scenario have one model".to_owned();
            self.problems.add(&span, format!("this is {is}, but other levels are {others}"), Some(help));
            return None;
        }
        Some(Stage { from, to: to.value(), duration: duration? })
    }
}
