//! Under which conditions a scenario measures: what must be the same in base and head for their numbers to be comparable. Refuses to look at how
//! the service is built and started, for that is what is compared.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::model::Conditions;
use crate::model::verdict::ConditionDifference;

use super::{Arrivals, Body, Check, Engine, Extract, Flow, Load, Profile, Protocol, Scenario, Step, Target};

/// The longest name or value that is kept whole, in characters.
const TEXT_CHARS_MAX: usize = 80;
/// How many bytes of its hash tell a longer one from others.
const HASH_BYTES: usize = 8;

impl Scenario {
    /// The conditions by name, in words. They are kept in baselines: the words are part of that format, and a condition that a later version adds is
    /// left out where it is what all loads had before.
    pub fn conditions(&self) -> Conditions {
        let mut all = BTreeMap::new();
        if let Target::Addresses(addresses) = &self.target {
            let shown = addresses.iter().map(|address| format!("{} × {}", address.origin, address.weight));
            all.insert("target".to_owned(), shown.collect::<Vec<_>>().join(", "));
        }
        match &self.engine {
            Engine::External(external) => {
                all.insert("engine".to_owned(), format!("{:?}", external.format).to_lowercase());
                all.insert("command".to_owned(), external.run.join(" "));
            }
            Engine::Own(load) => all.extend(of_load(load)),
        }
        Conditions::new(all.into_iter().map(|(name, value)| (short(name), short(value))))
    }

    /// What is not the same in base and head, by name; empty where their numbers are comparable.
    pub fn differences(base: &Self, head: &Self) -> Vec<ConditionDifference> {
        Conditions::differences(&base.conditions(), &head.conditions())
    }
}

fn of_load(load: &Load) -> Vec<(String, String)> {
    let mut all = of_profile(&load.profile);
    let arrivals = match load.arrivals {
        Arrivals::Uniform => "uniform",
        Arrivals::Poisson => "poisson",
    };
    let protocol = match load.connections.protocol {
        Protocol::Http1 => "http1",
        Protocol::Http1Close => "http1-close",
        Protocol::Http2 => "http2",
    };
    let others = [
        ("arrivals", arrivals.to_owned()),
        ("seed", load.seed.to_string()),
        ("warm-up", time(load.warm_up)),
        ("connections", load.connections.count.to_string()),
        ("protocol", protocol.to_owned()),
        ("timeout", time(load.timeout)),
        ("max-reply", format!("{} B", load.reply_bytes_max)),
        ("apdex", time(load.apdex)),
    ];
    all.extend(others.map(|(name, value)| (name.to_owned(), value)));
    if load.connections.streams > 1 {
        all.push(("streams".to_owned(), load.connections.streams.to_string()));
    }
    all.extend(load.flows.iter().flat_map(of_flow));
    all
}

fn of_profile(profile: &Profile) -> Vec<(String, String)> {
    let level = |name: &str, level: super::Level| (name.to_owned(), level.to_string());
    let named = |name: &str, value: Duration| (name.to_owned(), time(value));
    let mut all = match profile {
        Profile::Load { level: at, ramp, duration } => {
            vec![level("level", *at), named("ramp", *ramp), named("duration", *duration)]
        }
        Profile::Soak { level: at, duration } => vec![level("level", *at), named("duration", *duration)],
        Profile::Stress { from, to, step, limits } => vec![
            level("level", *from),
            level("max", from.with(*to)),
            named("step", *step),
            named("limit-p99", limits.p99),
            ("limit-errors".to_owned(), format!("{} %", 100.0 * limits.errors)),
        ],
        Profile::Spike { base, peak, durations: [before, at_peak, after] } => vec![
            level("level", *base),
            level("peak", base.with(*peak)),
            named("before", *before),
            named("at-peak", *at_peak),
            named("after", *after),
        ],
        Profile::Custom(stages) => {
            let stage = |stage: &super::Stage| {
                format!("{} to {} in {}", stage.from, stage.from.with(stage.to), time(stage.duration))
            };
            let numbered = (1..).zip(stages).map(|(number, one)| (format!("stage {number}"), stage(one)));
            numbered.collect()
        }
    };
    all.push(("profile".to_owned(), profile.as_str().to_owned()));
    all
}

fn of_flow(flow: &Flow) -> Vec<(String, String)> {
    let mut all = vec![(format!("flow {}", flow.name), format!("weight {}, {} steps", flow.weight, flow.steps.len()))];
    if let Some(data) = &flow.data {
        all.push((format!("data of {}", flow.name), data.path.display().to_string()));
    }
    for (number, step) in (1..).zip(&flow.steps) {
        let of = |what: &str| format!("{what} of {}", step.name);
        all.push((
            format!("step {}", step.name),
            format!("{} {} as {number} of {}", step.method, step.path, flow.name),
        ));
        all.extend(parts(step).into_iter().map(|(what, value)| (of(what), value)));
    }
    all
}

/// What a step has beside its method and path.
fn parts(step: &Step) -> Vec<(&'static str, String)> {
    let headers = step.headers.iter().map(|(name, value)| format!("{name}: {value}"));
    let extract = step.extract.iter().map(|(name, from)| match from {
        Extract::Json(pointer) => format!("{name} = {pointer}"),
        Extract::Header(header) => format!("{name} = header {header}"),
        Extract::Regex(regex) => format!("{name} = regex {regex}"),
    });
    let checks = step.checks.iter().map(|check| match check {
        Check::Status(all) => format!("status {all:?}"),
        Check::Header(name, value) => format!("{name}: {}", value.as_deref().unwrap_or("*")),
        Check::Contains(text) => text.clone(),
        Check::Json(pointer, value) => format!("{pointer} = {value}"),
    });
    let body = match &step.body {
        Body::Empty => String::new(),
        Body::Text(text) => text.clone(),
        Body::File(path) => path.display().to_string(),
        Body::Multipart(parts) => format!("{parts:?}"),
    };
    let (least, most) = step.think_time;
    let parts = [
        ("headers", headers.collect::<Vec<_>>().join(", ")),
        ("body", body),
        ("credentials", step.credentials.as_ref().map(|who| format!("{who:?}")).unwrap_or_default()),
        ("extract", extract.collect::<Vec<_>>().join(", ")),
        ("checks", checks.collect::<Vec<_>>().join(", ")),
        ("redirects", if step.redirects > 0 { step.redirects.to_string() } else { String::new() }),
        ("think time", if most.is_zero() { String::new() } else { format!("{} to {}", time(least), time(most)) }),
        ("timeout", step.timeout.map(time).unwrap_or_default()),
    ];
    parts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn time(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

/// A text as it is kept and shown: a long one by its beginning, its length and its hash, so that no two are taken for one another.
fn short(text: String) -> String {
    let Some((cut, _)) = text.char_indices().nth(TEXT_CHARS_MAX) else { return text };
    let hash = Sha256::digest(text.as_bytes());
    let hash = hash.iter().take(HASH_BYTES).fold(0_u64, |hash, byte| hash << 8 | u64::from(*byte));
    format!("{}… ({} bytes, SHA-256 {hash:016x}…)", text.get(..cut).unwrap_or_default(), text.len())
}

#[cfg(test)]
mod tests {
    use crate::config::{Adapter, Config};

    use super::*;

    const SCENARIO: &str = "[scenario.a]\nurl = 'http://h'\nrate = '10/s'\n";

    fn scenario(text: &str) -> Scenario {
        let config = Config::parse(text, "test").unwrap();
        match &config.suites[0].adapter {
            Adapter::Scenario(scenario) => (**scenario).clone(),
            other => unreachable!("{other:?}"),
        }
    }

    /// What differs from the scenario with nothing more, as `what: base > head`.
    fn check(more: &str, expected: &[&str]) {
        let differences = Scenario::differences(&scenario(SCENARIO), &scenario(&format!("{SCENARIO}{more}")));
        let found: Vec<String> =
            differences.iter().map(|one| format!("{}: {} > {}", one.what, one.base, one.head)).collect();
        assert_eq!(found, expected, "{more}");
    }

    #[test]
    fn every_condition_of_a_load_is_told_from_another() {
        check("", &[]);
        check("duration = '10 s'\nseed = 1", &[]);
        check("duration = '20 s'", &["duration: 10 s > 20 s"]);
        check("ramp = '1 s'\nseed = 2", &["ramp: 0 s > 1 s", "seed: 1 > 2"]);
        check("arrivals = 'poisson'\nprotocol = 'http2'", &["arrivals: uniform > poisson", "protocol: http1 > http2"]);
        check("protocol = 'http2'\nstreams = 8", &["protocol: http1 > http2", "streams:  > 8"]);
        check("connections = 5\nwarm-up = '1 s'", &["connections: 64 > 5", "warm-up: 2 s > 1 s"]);
        check("timeout = '1 s'\nmax-reply = '1 MiB'", &["max-reply: 16777216 B > 1048576 B", "timeout: 10 s > 1 s"]);
        check("apdex = '1 s'", &["apdex: 0.5 s > 1 s"]);
        check("headers = { accept = 'a' }", &["headers of GET /:  > accept: a"]);
        check(
            "json = { a = 1 }",
            &["body of GET /:  > {{\"a\":1}}", "headers of GET /:  > content-type: application/json"],
        );
        check(
            "check = { status = 201 }\nredirects = 1",
            &["checks of GET /:  > status [201]", "redirects of GET /:  > 1"],
        );
        check("bearer-variable = 'A'", &["credentials of GET /:  > Bearer { token_variable: \"A\" }"]);
        check("data = 'a.csv'", &["data of flow 1:  > a.csv"]);
        check("think-time = '1 s'", &["think time of GET /:  > 1 s to 1 s"]);
        check("path = '/b'", &["step GET /: GET / as 1 of flow 1 > ", "step GET /b:  > GET /b as 1 of flow 1"]);
    }

    #[test]
    fn another_profile_target_or_engine_is_another_load() {
        let differs = |head: &str| -> Vec<String> {
            let differences = Scenario::differences(&scenario(SCENARIO), &scenario(head));
            differences.into_iter().map(|one| one.what).collect()
        };
        assert_eq!(differs("[scenario.a]\nurl = 'http://other'\nrate = '10/s'"), ["target"]);
        assert_eq!(differs("[scenario.a]\nurl = 'http://h'\nrate = '11/s'"), ["level"]);
        assert_eq!(differs("[scenario.a]\nurl = 'http://h'\nusers = 10"), ["connections", "level"]);
        let soak = differs("[scenario.a]\nurl = 'http://h'\nprofile = 'soak'\nduration = '10 s'\nrate = '10/s'");
        assert_eq!(soak, ["profile", "ramp"]);
        let stress = differs("[scenario.a]\nurl = 'http://h'\nprofile = 'stress'\nrate = '10/s'");
        assert_eq!(stress, ["duration", "limit-errors", "limit-p99", "max", "profile", "ramp", "step"]);
        assert!(differs("[scenario.a]\nurl = 'http://h'\nengine = 'k6'\nrun = ['k6']").contains(&"engine".to_owned()));
    }

    #[test]
    fn a_long_condition_is_kept_short_and_still_told_from_another() {
        let body = |end: &str| format!("{SCENARIO}body = '{}{end}'", "é".repeat(500));
        let differences = Scenario::differences(&scenario(&body("a")), &scenario(&body("b")));
        assert_eq!(differences.len(), 1, "{differences:?}");
        assert!(differences[0].base.starts_with(&"é".repeat(80)) && differences[0].base.len() < 220, "{differences:?}");
        assert!(differences[0].base.contains("(1001 bytes, SHA-256 "), "{differences:?}");
    }
}
