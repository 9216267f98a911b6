//! What will be run: an ordered list of suites with their two arms, decided before anything is. `check --list` prints it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

use crate::config::scenario::{Engine, Load, Profile, Scenario, Target};
use crate::config::{Adapter, Config, Policy, Suite};
use crate::model::verdict::ConditionDifference;
use crate::model::{Arm, Canary, Conditions, Name, Shares, TestFamily};

/// Everything that will be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The suites, sorted by name.
    pub suites: Vec<PlannedSuite>,
    /// The seed of every coin.
    pub seed: u64,
    /// The most rounds of a metric.
    pub rounds_max: u32,
    /// Whether rounds go on, to the most, for those that cannot be told.
    pub patient: bool,
    /// When measuring ends.
    pub time_limit: Duration,
    /// Whether one benchmark of base also runs against itself.
    pub canary: bool,
    /// Which families of tests share the false-alarm rate: decided here, so that nothing that is measured decides it.
    pub shares: Shares,
}

/// One suite with the definition that each arm runs.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedSuite {
    /// Its name.
    pub name: Name,
    /// The definition of each arm that is measured. Each arm runs its own revision's: a benchmark is part of the program.
    pub arms: BTreeMap<Arm, Suite>,
    /// Whether the definitions differ.
    pub changed: bool,
    /// What of a scenario's load differs, so that base's numbers are of another load: then head alone is measured. `None` where nothing does, an
    /// empty list where it is not known what.
    pub conditions: Option<Vec<ConditionDifference>>,
    /// Whether its rows are judged by stored runs: then head alone is measured.
    pub by_stored: bool,
    /// Why it is judged by stored runs, or why it is not although there are some.
    pub why: Option<String>,
}

impl Plan {
    /// Plans a comparison. A suite that only one revision defines is measured in that arm alone. `by_stored` names the suites that stored
    /// runs decide.
    pub fn new(base: Option<&Config>, head: &Config, by_stored: &BTreeSet<Name>, seed: u64) -> Self {
        let suites = |config: &Config| -> BTreeMap<Name, Suite> {
            config.suites.iter().map(|suite| (suite.name.clone(), suite.clone())).collect()
        };
        let (of_base, of_head) = (base.map(suites).unwrap_or_default(), suites(head));
        let names: BTreeSet<&Name> = of_base.keys().chain(of_head.keys()).collect();
        let gate = &base.unwrap_or(head).policy.gate;
        let suites: Vec<PlannedSuite> = names
            .into_iter()
            .map(|name| {
                let (base, head) = (of_base.get(name), of_head.get(name));
                // What runs elsewhere is the same for both arms: only budgets and stored runs can say anything of it.
                let by_stored = by_stored.contains(name) || head.or(base).is_some_and(Suite::is_elsewhere);
                let conditions = base.zip(head).and_then(|(base, head)| conditions(base, head));
                let base_arm =
                    base.filter(|_| !by_stored && conditions.is_none()).map(|suite| (Arm::Base, suite.clone()));
                let head_arm = head.map(|suite| (Arm::Head, suite.clone()));
                PlannedSuite {
                    name: name.clone(),
                    arms: base_arm.into_iter().chain(head_arm).collect(),
                    changed: base.is_some() && head.is_some() && base != head,
                    conditions,
                    by_stored,
                    why: None,
                }
            })
            .filter(|suite| !suite.arms.is_empty())
            .collect();
        let policies = [base.unwrap_or(head), head].map(|config| &config.policy);
        Self {
            shares: gate.shares.among(families(&suites, policies)),
            canary: gate.canary && suites.iter().filter_map(|suite| suite.arms.get(&Arm::Base)).any(may_be_canary),
            suites,
            seed,
            rounds_max: gate.rounds_max,
            patient: false,
            time_limit: gate.time_limit,
        }
    }

    /// Says of suites why they are judged by stored runs, or are not.
    #[must_use]
    pub fn explained(mut self, why: &BTreeMap<Name, String>) -> Self {
        for suite in &mut self.suites {
            suite.why = why.get(&suite.name).cloned();
        }
        self
    }

    /// The suites whose load is another one in base, and what of it.
    pub fn conditions(&self) -> BTreeMap<Name, Vec<ConditionDifference>> {
        self.suites.iter().filter_map(|suite| Some((suite.name.clone(), suite.conditions.clone()?))).collect()
    }

    /// The suites that are about what runs already.
    pub fn elsewhere(&self) -> BTreeSet<Name> {
        let of = |suite: &PlannedSuite| suite.arms.values().any(Suite::is_elsewhere);
        self.suites.iter().filter(|suite| of(suite)).map(|suite| suite.name.clone()).collect()
    }

    /// The load of each scenario that head is measured under, else base's.
    pub fn loads(&self) -> BTreeMap<Name, Conditions> {
        let of = |suite: &PlannedSuite| suite.arms.get(&Arm::Head).or_else(|| suite.arms.get(&Arm::Base))?.load();
        self.suites.iter().filter_map(|suite| Some((suite.name.clone(), of(suite)?))).collect()
    }

    /// The plan as text, one suite a paragraph.
    pub fn describe(&self) -> String {
        let mut text = String::new();
        for suite in &self.suites {
            let arms: Vec<&str> = suite.arms.keys().map(|arm| arm.as_str()).collect();
            let compared = match (&suite.conditions, suite.by_stored) {
                (Some(differences), _) => {
                    let what: Vec<&str> = differences.iter().map(|difference| difference.what.as_str()).collect();
                    format!("not comparable: base has another {}", what.join(", "))
                }
                (None, true) => "stored runs".to_owned(),
                (None, false) => "rounds in pairs".to_owned(),
            };
            let why = suite.why.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            let _infallible = writeln!(text, "{}: {} ({compared}{why})", suite.name, arms.join(" and "));
            for (arm, suite) in &suite.arms {
                for line in commands(suite) {
                    let _infallible = writeln!(text, "  {}  {line}", arm.as_str());
                }
            }
        }
        if self.canary {
            text.push_str(&self.canary_text());
        }
        text.push_str(&self.shares_text());
        let _infallible = writeln!(
            text,
            "at most {} rounds of each metric and {} s in all; seed {}",
            self.rounds_max,
            self.time_limit.as_secs(),
            self.seed
        );
        text
    }

    /// What each family of tests has of the false-alarm rate; empty where one has all of it.
    fn shares_text(&self) -> String {
        let part = |family| format!("{} for {}", percent(self.shares.of(family)), family.as_str());
        let parts: Vec<String> = self.shares.families().map(part).collect();
        if parts.len() < 2 {
            return String::new();
        }
        format!("false alarms: at most {} of runs, of that {}\n", percent(self.shares.rate()), parts.join(", "))
    }

    /// What the canary is, and what it costs as far as that is known before anything has run.
    fn canary_text(&self) -> String {
        let runs = 2 * Canary::ROUNDS;
        let of_base = self.suites.iter().filter_map(|suite| suite.arms.get(&Arm::Base));
        let costs = of_base.filter_map(|suite| match &suite.adapter {
            Adapter::Criterion(options) => {
                let seconds = f64::from(runs) * (options.warm_up_s + options.measurement_s);
                Some(format!("; about {seconds:.0} s where it is one of {}", suite.name))
            }
            Adapter::Command(_) | Adapter::Json(_) | Adapter::Scenario(_) => None,
        });
        let (rounds, costs) = (Canary::ROUNDS, costs.collect::<String>());
        format!("canary: the cheapest benchmark of base against itself, {runs} more runs in {rounds} rounds{costs}\n")
    }
}

/// Whether a benchmark of a suite may be the canary: a scenario takes too long to run twice more a round.
fn may_be_canary(suite: &Suite) -> bool {
    !matches!(suite.adapter, Adapter::Scenario(_))
}

/// The families of tests that may turn a run of these suites red. What either policy asks for counts: a change of the policy is judged by both.
fn families(suites: &[PlannedSuite], policies: [&Policy; 2]) -> BTreeSet<TestFamily> {
    let paired = suites.iter().any(|suite| suite.arms.len() == 2);
    let stored = suites.iter().any(|suite| suite.by_stored);
    let limited =
        |suite: &PlannedSuite, policy: &Policy| policy.budgets.iter().any(|rule| rule.selector.may_select(&suite.name));
    let budgets = suites.iter().any(|suite| policies.iter().any(|policy| limited(suite, policy)));
    // The anchor is that of base's policy.
    let drift = policies[0].gate.anchor.is_some() && (paired || stored);
    let taking_part = [paired, stored, budgets, drift];
    TestFamily::ALL.into_iter().zip(taking_part).filter_map(|(family, takes)| takes.then_some(family)).collect()
}

/// A probability as a percentage, to a hundredth of a percent at most.
fn percent(probability: f64) -> String {
    let text = format!("{:.2}", 100.0 * probability);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The command lines of a suite, for people.
fn commands(suite: &Suite) -> Vec<String> {
    let build = suite.build.iter().map(|line| format!("build {}", line.join(" ")));
    let run = match &suite.adapter {
        Adapter::Criterion(options) => {
            let benches =
                if options.benches.is_empty() { "all benches".to_owned() } else { options.benches.join(", ") };
            format!("criterion {benches}, {} s each", options.warm_up_s + options.measurement_s)
        }
        Adapter::Command(options) => format!("run {} ({} a round)", options.run.join(" "), options.runs),
        Adapter::Json(options) => format!("run {}", options.run.join(" ")),
        Adapter::Scenario(scenario) => match &scenario.engine {
            Engine::Own(load) => format!("{} on {}", load_text(load), target(scenario)),
            Engine::External(external) => format!("run {} on {}", external.run.join(" "), target(scenario)),
        },
    };
    let of_service = match &suite.adapter {
        Adapter::Scenario(scenario) => match &scenario.target {
            Target::Service(service) => service.build.as_slice(),
            Target::Addresses(_) => &[],
        },
        Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Json(_) => &[],
    };
    let of_service = of_service.iter().map(|line| format!("build {}", line.join(" ")));
    build.chain(of_service).chain([run]).collect()
}

/// What of two scenarios' loads differs; `None` where nothing does, or one is no scenario.
fn conditions(base: &Suite, head: &Suite) -> Option<Vec<ConditionDifference>> {
    match (&base.adapter, &head.adapter) {
        (Adapter::Scenario(base), Adapter::Scenario(head)) => {
            Some(Scenario::differences(base, head)).filter(|differences| !differences.is_empty())
        }
        _ => None,
    }
}

/// Where the load goes, for people.
fn target(scenario: &Scenario) -> String {
    match &scenario.target {
        Target::Service(service) => format!("service {}", service.name),
        Target::Addresses(addresses) if addresses.is_empty() => "what it knows itself".to_owned(),
        Target::Addresses(addresses) => {
            addresses.iter().map(|address| address.origin.to_string()).collect::<Vec<_>>().join(", ")
        }
    }
}

/// A load in one line, with about how long a round of one arm takes.
fn load_text(load: &Load) -> String {
    let model = load.profile.first().map(|level| level.to_string()).unwrap_or_default();
    let levels = match &load.profile {
        Profile::Load { .. } | Profile::Soak { .. } => model,
        Profile::Stress { from, to, .. } => format!("{model} to at most {}", from.with(*to)),
        Profile::Spike { base, peak, .. } => format!("{model}, peak {}", base.with(*peak)),
        Profile::Custom(stages) => format!("{} stages from {model}", stages.len()),
    };
    let requests = load.steps();
    let plural = if requests == 1 { "" } else { "s" };
    let takes = match load.duration() {
        Some(duration) => format!("about {} s a round", duration.as_secs_f64().ceil()),
        None => "as long as its steps hold".to_owned(),
    };
    format!("{} of {levels}, {requests} request{plural}, {takes}", load.profile.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use TestFamily::{Budgets, Drift, Pairs, Stored};

    const SUITES: &str =
        "[suite.core]\nadapter = 'command'\nrun = ['true']\n[suite.load]\nadapter = 'command'\nrun = ['true']\n";

    /// The families that share the rate where the revisions have these configs and stored runs decide these suites.
    fn sharing(base: &str, head: &str, by_stored: &[&str]) -> Vec<TestFamily> {
        let config = |text: &str| Config::parse(&format!("{text}\n{SUITES}"), "tollgate.toml").unwrap();
        let by_stored = by_stored.iter().map(|suite| Name::new(*suite).unwrap()).collect();
        Plan::new(Some(&config(base)), &config(head), &by_stored, 0).shares.families().collect()
    }

    #[test]
    fn what_takes_part_is_known_from_the_suites_and_the_policies() {
        assert_eq!(sharing("", "", &[]), [Pairs]);
        assert_eq!(sharing("", "", &["core"]), [Pairs, Stored]);
        assert_eq!(sharing("", "", &["core", "load"]), [Stored]);
        let anchor = "[gate]\nanchor = 'v1'";
        assert_eq!(sharing(anchor, "", &[]), [Pairs, Drift]);
        assert_eq!(sharing("", anchor, &[]), [Pairs], "base's policy says what drift is counted from");
    }

    #[test]
    fn a_budget_takes_part_where_either_policy_has_one_for_a_suite_that_runs() {
        let budget = |benchmark: &str| format!("[[budget]]\nbenchmark = '{benchmark}'\ncritical = '1 s'");
        assert_eq!(sharing(&budget("load/*"), "", &["core", "load"]), [Stored, Budgets]);
        assert_eq!(sharing("", &budget("*"), &[]), [Pairs, Budgets]);
        let mut one = Config::parse(&format!("{}\n{SUITES}", budget("load/*")), "tollgate.toml").unwrap();
        one.suites.retain(|suite| suite.name.as_str() == "core");
        let shares = Plan::new(Some(&one), &one, &BTreeSet::new(), 0).shares;
        assert_eq!(shares.families().collect::<Vec<_>>(), [Pairs], "that suite was not asked for");
    }

    #[test]
    fn a_list_says_what_each_family_has_where_there_are_several() {
        let config = |text: &str| Config::parse(&format!("{text}\n{SUITES}"), "tollgate.toml").unwrap();
        let described = |text: &str| {
            let config = config(text);
            Plan::new(Some(&config), &config, &BTreeSet::new(), 0).describe()
        };
        let several = described("[[budget]]\nbenchmark = '*'\ncritical = '1 s'");
        assert!(
            several
                .contains("false alarms: at most 1 % of runs, of that 0.9 % for rounds in pairs, 0.1 % for budgets\n"),
            "{several}"
        );
        assert!(!described("").contains("false alarms"));
    }

    const WEB: &str = "[service.web]\nbuild = ['make']\nstart = ['web', '{port}']\n";

    fn scenario(rest: &str) -> Config {
        Config::parse(&format!("{WEB}[scenario.home]\nservice = 'web'\n{rest}"), "tollgate.toml").unwrap()
    }

    #[test]
    fn a_scenario_is_listed_in_one_line_with_the_time_of_its_round() {
        let described = |rest: &str| {
            let config = scenario(rest);
            Plan::new(Some(&config), &config, &BTreeSet::new(), 0).describe()
        };
        let load = described("rate = '200/s'\nramp = '3 s'");
        assert!(load.starts_with("home: base and head (rounds in pairs)\n  base  build make\n"), "{load}");
        assert!(load.contains("  head  load of 200/s, 1 request, about 15 s a round on service web\n"), "{load}");
        let stress = described("profile = 'stress'\nusers = 5");
        assert!(
            stress.contains("stress of 5 users to at most 100 users, 1 request, as long as its steps hold"),
            "{stress}"
        );
        let spike = described("profile = 'spike'\nrate = '10/s'\nwarm-up = '0 s'");
        assert!(spike.contains("spike of 10/s, peak 50/s, 1 request, about 25 s a round"), "{spike}");
    }

    #[test]
    fn a_load_of_other_conditions_is_not_compared_and_the_service_may_be_another() {
        let plan = |base: &str, head: &str| {
            let (base, head) = (scenario(base), scenario(head));
            Plan::new(Some(&base), &head, &BTreeSet::new(), 0)
        };
        let faster = plan("rate = '100/s'", "rate = '200/s'");
        assert_eq!(faster.suites[0].arms.keys().collect::<Vec<_>>(), [&Arm::Head]);
        let differences = faster.conditions()[&faster.suites[0].name].clone();
        let level = ConditionDifference { what: "level".into(), base: "100/s".into(), head: "200/s".into() };
        assert_eq!(differences, [level]);
        assert!(faster.describe().starts_with("home: head (not comparable: base has another level)\n"));
        let head = Config::parse(
            "[service.web]\nstart = ['other', '{port}']\n[scenario.home]\nservice = 'web'\nrate = '1/s'",
            "tollgate.toml",
        );
        let started_otherwise = Plan::new(Some(&scenario("rate = '1/s'")), &head.unwrap(), &BTreeSet::new(), 0);
        assert!(started_otherwise.suites[0].changed && started_otherwise.conditions().is_empty());
        assert_eq!(started_otherwise.suites[0].arms.len(), 2);
    }
}
