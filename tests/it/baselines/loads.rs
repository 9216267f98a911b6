//! Stored runs of load scenarios: they say of which load they are, and are never compared with another.

use tollgate::model::Conditions;
use tollgate::model::verdict::ConditionDifference;

use super::*;

fn load(rate: &str) -> Conditions {
    Conditions::new([("level".to_owned(), rate.to_owned()), ("step GET /".to_owned(), "GET / \"a\"".to_owned())])
}

fn under(run: StoredRun, rate: &str) -> StoredRun {
    StoredRun { conditions: Some(load(rate)), ..run }
}

#[test]
fn a_run_keeps_its_load_and_a_file_without_one_reads_and_writes_as_before() {
    let with = file([times(1), under(times(2), "100/s")]);
    let text = rendered(&with);
    assert!(text.contains(r#""conditions":{"level":"100/s","step GET /":"GET / \"a\""},"dirty":false"#), "{text}");
    assert_eq!(parse(text.as_bytes(), "x").unwrap(), with);
    let without = rendered(&file([times(1)]));
    assert!(!without.contains("conditions"), "{without}");
    assert_eq!(parse(without.as_bytes(), "x").unwrap().runs[0].conditions, None);
}

#[test]
fn a_load_that_no_config_has_is_refused() {
    let of = |named: Vec<(String, String)>| {
        let conditions = Some(Conditions::new(named));
        parse(&render(&file([StoredRun { conditions, ..times(1) }])).unwrap(), "x").unwrap_err().to_string()
    };
    let many = (0..10_001).map(|at| (format!("c{at}"), String::new())).collect();
    assert!(of(many).contains("a run has 10001 conditions, not at most 10000"));
    assert!(of(vec![("level".to_owned(), "x".repeat(1025))]).contains("has more than 1024 bytes"));
}

#[test]
fn runs_of_another_load_are_not_compared_with_and_those_that_do_not_say_are() {
    let loads = |rate: &str| BTreeMap::from([(name("core"), load(rate))]);
    let mut exact = BaselineFile::new(name("core"), ANY);
    exact.add(under(run(2, vec![(instructions("queries"), vec![7.0])]), "100/s"));
    let files = [exact, file([times(1), under(times(2), "100/s")])];
    let of = |rate: &str| comparable(&files, &machine(), &loads(rate));
    assert!(of("100/s").values().all(Result::is_ok));
    let expected = ConditionDifference { what: "level".into(), base: "100/s".into(), head: "200/s".into() };
    let other = of("200/s");
    assert_eq!(other[&instructions("queries").id], Err(Incomparable::StoredConditions(vec![expected.clone()])));
    let silent = other[&time("parse/large").id].as_ref().unwrap();
    assert_eq!((silent.runs.len(), silent.runs[0].taken_at_s), (1, times(1).taken_at_s));

    let told = comparable(&[file([under(times(2), "100/s")])], &machine(), &loads("200/s"));
    assert_eq!(told[&time("parse/large").id], Err(Incomparable::StoredConditions(vec![expected])));
    let elsewhere = Environment { cores: 64, ..machine() };
    let told = comparable(&files, &elsewhere, &loads("200/s"));
    assert!(matches!(told[&time("parse/large").id], Err(Incomparable::Environment(_))));
}

#[test]
fn a_run_of_another_load_takes_the_place_of_older_ones() {
    let mut stored = file([times(1), under(times(2), "100/s"), under(times(3), "100/s")]);
    assert_eq!(stored.runs.len(), 3);
    stored.add(times(4));
    assert_eq!(stored.runs.len(), 4);
    stored.add(under(times(5), "200/s"));
    let kept: Vec<i64> = stored.runs.iter().map(|run| run.taken_at_s).collect();
    assert_eq!(kept, [times(5), times(4), times(1)].map(|run| run.taken_at_s));
}
