//! The probe of MySQL and MariaDB, on a real MariaDB: what it counts, finds and refuses, and that no password is in what it says.
#![cfg(target_os = "linux")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use serde_json::Value;
use tollgate::config::Config;
use tollgate::measure::bench::Parsed;
use tollgate::measure::suite::{Build, Only, PartError, prepare};
use tollgate::model::Exhibit;
use tollgate::model::exhibit::{Statement, UNNAMED_STATEMENTS};

use crate::checks::project::{Checked, Project};
use crate::harness::TestRepo;
use crate::load::services::arm;
use crate::mariadb::{MariaDb, SECRETS};
use crate::processes::surroundings;

/// The server has counting on, which MariaDB has not by itself.
const COUNTS: &str = "--performance-schema=ON";

/// The service that asks a database.
fn queried() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_tollgate")).with_file_name("examples").join("queried");
    assert!(path.exists(), "{} is not built: run `cargo build --example queried`", path.display());
    path.display().to_string()
}

/// A scenario of two requests to a service that was told so many words, with a probe that has this address.
fn config(server: &MariaDb, words: &str, probe: &str) -> String {
    let words: String = words.split_whitespace().flat_map(|word| [", \"", word, "\""]).collect();
    format!(
        r#"
[service.shop]
start = ["{}", "port={{port}}"{words}]
environment = {{ DATABASE_URL = "{}" }}
ready-within = "1 min"

[service.shop.mysql]
walks = 3
timeout = "20 s"
{probe}

[scenario.web]
service = "shop"
rate = "20/s"
warm-up = "100 ms"
duration = "500 ms"

[[scenario.web.flow]]
name = "visit"

[[scenario.web.flow.step]]
name = "list"
path = "/list"

[[scenario.web.flow.step]]
name = "search"
path = "/search"
"#,
        queried(),
        server.url("shop"),
    )
}

/// What one round of it gives.
fn round(server: &MariaDb, words: &str, probe: &str) -> Result<Parsed, PartError> {
    let config =
        Config::parse(&config(server, words, probe), "tollgate.toml").unwrap_or_else(|error| panic!("{error}"));
    let arm = arm();
    let parts = prepare(&config.suites[0], Build::Needed, &arm.place, &surroundings())?;
    parts[0].run(Only::All, 1, &arm.place, &surroundings())
}

/// The same where the probe has the rights of this user.
fn as_user(server: &MariaDb, words: &str, user: &str, more: &str) -> Parsed {
    let probe = format!("url = \"{}\"\n{more}", server.url(user));
    round(server, words, &probe).unwrap_or_else(|error| panic!("{error}: {:?}", error.hint()))
}

/// The values of a metric.
fn values<'p>(parsed: &'p Parsed, benchmark: &str, metric: &str) -> &'p [f64] {
    let of = parsed.readings.iter().find(|reading| {
        reading.metric.id.benchmark.benchmark.as_str() == benchmark && reading.metric.id.metric.as_str() == metric
    });
    of.map(|reading| reading.sample.values()).unwrap_or_default()
}

/// The statements of a request.
fn statements<'p>(parsed: &'p Parsed, benchmark: &str) -> Vec<&'p Statement> {
    let of = parsed.exhibits.iter().filter_map(|exhibit| match exhibit {
        Exhibit::Statement(statement) if statement.benchmark.benchmark.as_str() == benchmark => Some(statement),
        Exhibit::Statement(_) => None,
    });
    of.collect()
}

#[test]
fn statements_as_text_are_counted_by_request_and_a_read_through_a_table_names_its_index() {
    let server = MariaDb::shop(&[COUNTS]);
    let many = as_user(&server, "protocol=text lists=many", "watch", "");
    assert_eq!(many.unparsed, Vec::<String>::new());
    assert_eq!(values(&many, "list", "queries"), [10.0; 3]);
    assert_eq!(values(&many, "search", "queries"), [1.0; 3]);
    assert_eq!(values(&many, "search", "rows-scanned"), [20_000.0; 3]);
    assert!(values(&many, "search", "slowest-query").iter().all(|seconds| *seconds > 1e-5 && *seconds < 10.0));
    assert!(values(&many, "all requests", "database-connections")[0] >= 1.0, "the service holds one");
    assert!(many.readings.iter().any(|reading| reading.metric.id.metric.as_str() == "lock-waits"));
    let list = statements(&many, "list");
    assert_eq!(list[0].text, "SELECT NAME FROM `items` WHERE ID = ?");
    assert_eq!((list.len(), list[0].calls, list[0].rows, list[0].scans.len()), (1, 10.0, 1.0, 0));
    assert!(list[0].database.starts_with("MariaDB "), "{}", list[0].database);
    let search = statements(&many, "search")[0];
    assert_eq!(search.rows_examined, Some(20_000.0));
    assert_eq!((search.scans[0].table.as_str(), search.scans[0].columns[0].as_str()), ("big", "kind"));
    let index = search.index.as_ref().expect("an index to try");
    assert_eq!((index.create.as_str(), index.would_be_used), ("CREATE INDEX `big_kind` ON `big` (`kind`)", None));
    assert!(search.plan.as_ref().expect("a plan").starts_with("big: ALL, no key, about "), "{:?}", search.plan);

    server.sql(&format!("USE shop; {}", index.create));
    let once = as_user(&server, "protocol=text lists=once", "watch", "");
    assert_eq!(values(&once, "list", "queries"), [1.0; 3]);
    assert_eq!(values(&once, "search", "rows-scanned"), [4.0; 3]);
    assert_eq!((statements(&once, "search")[0].scans.len(), &statements(&once, "search")[0].index), (0, &None));
}

#[test]
fn prepared_statements_are_counted_as_one_and_told_apart_by_the_slow_log_where_it_is_allowed() {
    let server = MariaDb::shop(&[COUNTS]);
    let counted = as_user(&server, "protocol=prepared lists=many", "slow", "");
    assert_eq!(values(&counted, "list", "queries"), [10.0; 3]);
    assert_eq!(values(&counted, "search", "rows-scanned"), [20_000.0; 3]);
    assert_eq!(statements(&counted, "list")[0].text, UNNAMED_STATEMENTS);
    assert_eq!(counted.notes.len(), 1);
    let note = &counted.notes[0];
    assert!(note.contains("does not tell prepared statements") && note.contains("[service.shop.mysql]"), "{note}");

    let settings = "SELECT @@GLOBAL.long_query_time, @@GLOBAL.log_output, @@GLOBAL.slow_query_log";
    let before = server.sql(settings);
    let logged = as_user(&server, "protocol=prepared lists=many", "slow", "slow-log = true");
    assert_eq!(values(&logged, "list", "queries"), [10.0; 3]);
    assert_eq!((logged.notes, logged.unparsed.clone()), (Vec::new(), Vec::<String>::new()));
    let list = statements_of(&logged.exhibits, "list");
    assert_eq!(list, [("SELECT name FROM items WHERE id = ?".to_owned(), 10.0)]);
    let Exhibit::Statement(search) = &logged.exhibits[1];
    assert_eq!((search.text.as_str(), search.scans.len()), ("SELECT note FROM big WHERE kind = ?", 1));
    assert_eq!(server.sql(settings), before, "the server is as it was");

    // What fails after the settings were changed puts them back as well.
    server.sql("GRANT SUPER ON *.* TO poor@'%'; GRANT SELECT ON mysql.slow_log TO poor@'%'");
    let probe = format!("url = \"{}\"\nslow-log = true", server.url("poor"));
    let error = round(&server, "", &probe).expect_err("it may not read what is counted");
    assert!(error.to_string().contains("cannot read what it counts"), "{error}");
    assert_eq!(server.sql(settings), before, "the server is as it was");
}

fn statements_of(exhibits: &[Exhibit], benchmark: &str) -> Vec<(String, f64)> {
    let of = exhibits.iter().map(|Exhibit::Statement(statement)| statement);
    let of = of.filter(|statement| statement.benchmark.benchmark.as_str() == benchmark);
    of.map(|statement| (statement.text.clone(), statement.calls)).collect()
}

/// What the probe says that cannot read; nothing of a password.
#[track_caller]
fn refused(server: &MariaDb, probe: &str, message: &str, hint: &str) {
    let error = round(server, "", probe).expect_err("it cannot read");
    let (said, advice) = (error.to_string(), error.hint().unwrap_or_default());
    assert!(said.contains(message), "{said}");
    assert!(advice.contains(hint), "{advice}");
    let all = format!("{error:?} {said} {advice}");
    assert!(SECRETS.iter().all(|secret| !all.contains(secret)), "{all}");
}

#[test]
fn what_cannot_be_read_is_said_before_any_load_and_no_password_is() {
    let server = MariaDb::shop(&[COUNTS]);
    let url = |text: &str| format!("url = \"{text}\"");
    let of = |user: &str| url(&server.url(user));
    refused(&server, &of("poor"), "cannot read what it counts", "GRANT SELECT ON performance_schema.* TO 'poor'@'%'");
    refused(&server, &of("nobody"), "cannot connect: access denied", "demands TLS");
    let slow = format!("{}\nslow-log = true", of("watch"));
    refused(&server, &slow, "the slow log cannot be used", "GRANT SUPER ON *.* TO 'watch'@'%'");
    let closed = "mysql://watch:hu%2Fsh%404711@127.0.0.1:1/shop";
    refused(&server, &url(closed), "cannot connect: connection refused", "host and port");
    // What is not escaped ends up in other parts of the address.
    for broken in ["mysql://watch:hu/sh@4711@127.0.0.1:1/shop", "mysql://watch:hu%2Fsh%404711@127.0.0.1"] {
        refused(&server, &url(broken), "its address cannot be used", "%-escapes");
    }
    let tls = format!("{}?require_ssl=true", server.url("watch"));
    refused(&server, &url(&tls), "its address cannot be used", "speaks none");
    let gone = server.url("watch").replace("/shop", "/nowhere");
    let parsed = round(&server, "", &url(&gone)).unwrap_or_else(|error| panic!("{error}"));
    let said = parsed.unparsed.iter().any(|missing| missing.contains("other databases of MariaDB"));
    assert!(said, "nothing was counted, and that is a hole: {:?}", parsed.unparsed);

    let silent = MariaDb::shop(&[]);
    refused(&silent, &url(&silent.url("watch")), "its performance_schema is off", "performance_schema = ON");
}

/// A header that only the service may see, a token and a password of the load.
const OF_LOAD: [&str; 3] = ["key-4711-hush", "token-4711-hush", "sesame-4711-hush"];

/// Fails where a text that somebody may read holds a secret, as it is or as it is sent.
#[track_caller]
fn tells_nothing(what: &str, said: &str) {
    // `watch:sesame-4711-hush`, as it is sent.
    let sent = "d2F0Y2g6c2VzYW1lLTQ3MTEtaHVzaA==";
    let secrets = SECRETS.iter().chain(&OF_LOAD).chain([&sent]);
    let told: Vec<_> = secrets.filter(|secret| said.contains(**secret)).collect();
    assert!(told.is_empty(), "{what} holds {told:?}:\n{said}");
}

/// Every file below a folder, as text.
fn texts(folder: &Path, all: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("it is there").flatten() {
        let path = entry.path();
        // The checkouts of both arms hold the config as it was committed.
        if path.is_dir() && !path.ends_with("arms") {
            texts(&path, all);
        } else if path.is_file() {
            let bytes = std::fs::read(&path).expect("it is ours");
            all.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[test]
fn a_check_is_red_by_the_queries_of_a_request_and_no_format_of_its_report_shows_a_secret() {
    let server = MariaDb::shop(&[COUNTS]);
    let repo = TestRepo::new();
    let probe = format!("url = \"{}\"", server.url("watch"));
    let config = config(&server, "", &probe).replacen(
        &format!("\"{}\", \"port={{port}}\"", queried()),
        "\"sh\", \"serve.sh\", \"{port}\"",
        1,
    );
    let basic = "headers = { x-api-key = \"key-4711-hush\" }\nbasic = { user = \"watch\", password-variable = \"LOAD_PASSWORD\" }";
    let config = config
        .replace("path = \"/list\"", &format!("path = \"/list\"\n{basic}"))
        .replace("path = \"/search\"", "path = \"/search\"\nbearer-variable = \"LOAD_TOKEN\"");
    repo.write("tollgate.toml", config);
    repo.write("serve.sh", format!("exec '{}' port=$1 $(cat words)\n", queried()));
    repo.write("words", "protocol=text lists=once");
    repo.commit("A service");
    repo.branch("change");
    let project = Project { repo };
    project.commit("words", "protocol=text  lists=once");
    let variables = [("LOAD_TOKEN", OF_LOAD[1]), ("LOAD_PASSWORD", OF_LOAD[2])];
    let same = project.check_with(&["--max-rounds", "10"], &variables);
    assert_eq!(verdict_of_queries(&same), "unchanged", "{}{}", same.stdout, same.stderr);
    project.commit("words", "protocol=text lists=many");
    let checked = project.check_with(&["--max-rounds", "10"], &variables);
    checked.ends(10, &["`web/list`", "`queries`"]);
    assert_eq!(verdict_of_queries(&checked), "regressed");
    for said in [&checked.stdout, &checked.stderr, &same.stdout, &same.stderr] {
        tells_nothing("check", said);
    }
    let rules = checked.judgement["findings"].as_array().into_iter().flatten().map(|found| found["rule"].as_str());
    assert!(rules.flatten().any(|rule| rule == "n-plus-one"), "{}", checked.judgement["findings"]);
    shows_nothing_afterwards(&project);
}

/// Fails where what a check has left holds a secret: its files, its reports in any format, what would be published.
#[track_caller]
fn shows_nothing_afterwards(project: &Project) {
    let mut files = Vec::new();
    texts(&project.path(".tollgate"), &mut files);
    assert!(files.len() > 4, "{files:?}");
    for (path, text) in &files {
        tells_nothing(path, text);
    }
    let formats = ["terminal", "markdown", "html", "json", "junit", "annotations"];
    let reports = formats.map(|format| vec!["report", "--format", format]);
    for arguments in reports.iter().chain([&vec!["publish", "--dry-run", "--check-run", "--status", "--escalate"]]) {
        let shown = project.repo.tollgate(arguments);
        assert!(shown.status == 0 && shown.stdout.contains("list"), "{arguments:?}: {}{}", shown.stdout, shown.stderr);
        tells_nothing(&arguments.join(" "), &format!("{}{}", shown.stdout, shown.stderr));
    }
}

/// The verdict of the statements of `/list`.
#[track_caller]
fn verdict_of_queries(checked: &Checked) -> &str {
    let rows = checked.judgement["rows"].as_array().expect("rows");
    let of = |row: &&Value| row["id"]["benchmark"] == "list" && row["id"]["metric"] == "queries";
    rows.iter().find(of).and_then(|row| row["verdict"]["kind"].as_str()).expect("a verdict")
}
