//! A scenario as a script for k6: JavaScript that is valid whatever the scenario holds, and sends what Tollgate would send.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::harness::{Output, TestRepo};

const STUB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/load/k6-stub.mjs");

/// One request as the server saw it.
#[derive(Clone, Debug)]
struct Seen {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// A server on loopback that answers everything by `answer` until the test ends.
fn server(answer: fn(&str) -> String) -> (u16, Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Some(seen) = request(&stream) else { continue };
            let reply = answer(&seen.line);
            (&stream).write_all(reply.as_bytes()).ok();
            if send.send(seen).is_err() {
                return;
            }
        }
    });
    (port, receive)
}

fn request(stream: &TcpStream) -> Option<Seen> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let line = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    Some(Seen { line, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn shop(line: &str) -> String {
    match line {
        "POST /login" => {
            reply("200 OK", "Set-Cookie: session=s1; Path=/\r\nX-Token: t/1\r\n", r#"{"user":{"id":"a b"}}"#)
        }
        "GET /gone" => reply("503 Service Unavailable", "", "no"),
        _ => reply("200 OK", "Content-Type: text/plain\r\n", "welcome, item=42;"),
    }
}

/// The script of a scenario in a repository of its own, written beside its files.
fn exported(config: &str, files: &[(&str, &str)]) -> (TestRepo, Output) {
    let repo = TestRepo::new();
    repo.write("tollgate.toml", config);
    for (path, text) in files {
        repo.write(path, text);
    }
    let output = repo.tollgate(&["export", "k6", "shop"]);
    repo.write("shop.mjs", &output.stdout);
    (repo, output)
}

/// Runs the script as k6 would.
fn run(repo: &TestRepo, iterations: u32, environment: &[(&str, &str)]) -> Value {
    let checked = repo.run(repo.command("node", repo.root()).args(["--check", "shop.mjs"]));
    assert_eq!(checked.status, 0, "node, from https://nodejs.org, finds: {}", checked.stderr);
    let script = repo.root().join("shop.mjs");
    let mut command = repo.command("node", repo.root());
    command.arg(STUB).arg(script).arg(iterations.to_string()).envs(environment.iter().copied());
    let output = repo.run(&mut command);
    serde_json::from_str(&output.stdout).unwrap_or_else(|_| unreachable!("{}", output.stderr))
}

const SHOP: &str = r#"
[scenario.shop]
url = "http://127.0.0.1:1"
rate = "50/s"
ramp = "2 s"
warm-up = "1 s"
duration = "10 s"

[[scenario.shop.flow]]
name = "buy"
data = "users.csv"

[[scenario.shop.flow.step]]
name = "log in"
method = "POST"
path = "/login"
headers = { content-type = "application/json" }
body = '{{"name":"{name}","quote":"{quote}"}}'
extract = { id = { json = "/user/id" }, token = { header = "x-token" } }

[[scenario.shop.flow.step]]
name = "item"
path = "/items/{id}?q={quote}"
headers = { x-token = "{token}" }
think-time = ["1 s", "2 s"]
extract = { number = { regex = "item=([0-9]+)" } }
check = { status = 200, contains = "welcome" }

[[scenario.shop.flow.step]]
name = "order"
method = "POST"
path = "/orders/{number}"
basic = { user = "alice", password-variable = "SHOP_PASSWORD" }
form = { note = "for {name}", photo = { file = "photo.txt", media-type = "image/x" } }

[[scenario.shop.flow.step]]
name = "gone"
path = "/gone"

[[scenario.shop.flow.step]]
name = "never"
path = "/never"
"#;

#[test]
fn the_script_sends_what_the_scenario_says() {
    let users = "name,quote\nann,\"say \"\"hi\"\", you\"\nbob,50 %\n";
    let (repo, output) = exported(SHOP, &[("users.csv", users), ("photo.txt", "PHOTO")]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    let (port, seen) = server(shop);
    let target = format!("http://127.0.0.1:{port}/");
    let counted = run(&repo, 2, &[("TARGET", &target), ("SHOP_PASSWORD", "open sesame")]);
    let seen: Vec<Seen> = seen.try_iter().collect();
    let lines: Vec<&str> = seen.iter().map(|one| one.line.as_str()).collect();
    let first = ["POST /login", "GET /items/a%20b?q=say%20%22hi%22%2C%20you", "POST /orders/42", "GET /gone"];
    let second = ["POST /login", "GET /items/a%20b?q=50%20%25", "POST /orders/42", "GET /gone"];
    assert_eq!(lines, [first, second].concat(), "a failed step ends its flow: {counted}");
    assert_eq!(seen[0].body, r#"{"name":"ann","quote":"say \"hi\", you"}"#);
    assert_eq!(seen[1].headers["x-token"], "t/1");
    assert_eq!(seen[1].headers["cookie"], "session=s1");
    assert_eq!(seen[2].headers["authorization"], "Basic YWxpY2U6b3BlbiBzZXNhbWU=");
    let form = &seen[2].body;
    assert!(form.contains("name=\"note\"\r\n\r\nfor ann\r\n"), "{form}");
    assert!(form.contains("filename=\"photo.txt\"\r\nContent-Type: image/x\r\n\r\nPHOTO\r\n"), "{form}");
    assert_eq!(counted["checks"]["item: contains welcome"], json!([2, 0]));
    assert_eq!(counted["checks"]["gone: status"], json!([0, 2]));
    let failed = counted["requests"].as_array().unwrap().iter().filter(|one| one["failed"] == true).count();
    assert_eq!(failed, 2);
    let slept = counted["slept_s"].as_f64().unwrap();
    assert!((2.0..=4.0).contains(&slept), "{slept}");
    assert!(!output.stdout.contains("sesame"), "a secret is read when the script runs");
}

#[test]
fn the_options_are_the_profile_and_the_budgets() {
    let budgets = "\n[[budget]]\nbenchmark = \"shop/item\"\nmetric = \"latency-p95\"\ncritical = \"80 ms\"\n\
                   [[budget]]\nbenchmark = \"shop/all requests\"\nmetric = \"errors\"\ncritical = \"1 %\"\n";
    let (_repo, output) = exported(&format!("{SHOP}{budgets}"), &[("users.csv", "name,quote\n"), ("photo.txt", "")]);
    let options = output.stdout.split_once("export const options = ").unwrap().1.split_once(";\n").unwrap().0;
    let options: Value = serde_json::from_str(options).unwrap();
    let warm_up = &options["scenarios"]["warm_up"];
    assert_eq!((&warm_up["executor"], &warm_up["startRate"]), (&json!("ramping-arrival-rate"), &json!(0)));
    assert_eq!(warm_up["stages"], json!([{"target": 50, "duration": "2000ms"}, {"target": 50, "duration": "1000ms"}]));
    let load = &options["scenarios"]["load"];
    assert_eq!((&load["executor"], &load["rate"]), (&json!("constant-arrival-rate"), &json!(50)));
    assert_eq!((&load["startTime"], &load["duration"]), (&json!("3000ms"), &json!("10000ms")));
    let thresholds =
        json!({"http_req_duration{name:item}": ["p(95)<=80"], "http_req_failed{scenario:load}": ["rate<=0.01"]});
    let found: BTreeMap<String, Value> = serde_json::from_value(options["thresholds"].clone()).unwrap();
    assert_eq!(json!(found).to_string().replace(".0\"", "\""), thresholds.to_string());
}

#[test]
fn each_profile_has_an_executor_of_its_own() {
    let executors = |profile: &str| {
        let config =
            format!("[scenario.shop]\nurl = \"http://127.0.0.1:1\"\npath = \"/\"\nwarm-up = \"0 s\"\n{profile}");
        let (_repo, output) = exported(&config, &[]);
        assert_eq!(output.status, 0, "{profile}: {}", output.stderr);
        let options = output.stdout.split_once("export const options = ").unwrap().1.split_once(";\n").unwrap().0;
        let options: Value = serde_json::from_str(options).unwrap();
        options["scenarios"]["load"].clone()
    };
    let users = executors("users = 5\nduration = \"10 s\"\n");
    assert_eq!((&users["executor"], &users["vus"]), (&json!("constant-vus"), &json!(5)));
    let half = executors("rate = \"2.5/s\"\nduration = \"10 s\"\n");
    assert_eq!((&half["rate"], &half["timeUnit"]), (&json!(2500), &json!("1000s")));
    let spike = executors("profile = \"spike\"\nrate = \"10/s\"\npeak = \"50/s\"\n");
    let levels: Vec<&Value> = spike["stages"].as_array().unwrap().iter().map(|stage| &stage["target"]).collect();
    assert_eq!(
        (spike["startRate"].clone(), levels),
        (json!(10), [10, 50, 50, 10, 10].map(Value::from).iter().collect())
    );
    let stress = executors("profile = \"stress\"\nrate = \"100/s\"\nmax = \"500/s\"\n");
    let levels: Vec<&Value> = stress["stages"].as_array().unwrap().iter().map(|stage| &stage["target"]).collect();
    assert_eq!(levels, [100, 200, 200, 400, 400, 500, 500].map(Value::from).iter().collect::<Vec<_>>());
}

#[test]
fn hostile_names_and_texts_stay_texts() {
    let hostile = "`${process.exit(3)}` */ \\u2028 \u{2028} '; throw 1; //";
    let config = format!(
        "[scenario.shop]\nurl = \"http://127.0.0.1:1\"\nrate = \"5/s\"\nduration = \"1 s\"\n\
         [[scenario.shop.flow]]\nname = {0}\n[[scenario.shop.flow.step]]\nname = {0}\npath = \"/a\"\nmethod = \"POST\"\n\
         headers = {{ content-type = \"text/plain\" }}\nbody = {1}\n",
        toml_text(hostile),
        toml_text(&hostile.replace('{', "{{").replace('}', "}}")),
    );
    let (repo, output) = exported(&config, &[]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    let (port, seen) = server(|_| reply("200 OK", "", ""));
    let counted = run(&repo, 1, &[("TARGET", &format!("http://127.0.0.1:{port}"))]);
    assert_eq!(counted["requests"][0]["name"], hostile);
    assert_eq!(seen.try_iter().next().unwrap().body, hostile);
}

fn toml_text(text: &str) -> String {
    Value::from(text).to_string()
}

#[test]
fn what_cannot_be_exported_says_so_and_prints_nothing() {
    let (repo, output) = exported("[scenario.shop]\nurl = \"http://127.0.0.1:1\"\nrate = \"5/s\"\npath = \"/\"\n", &[]);
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(output.stderr.contains("k6 counts from when it sent a request"), "{}", output.stderr);
    let unknown = repo.tollgate(&["export", "k6", "sho"]);
    assert_eq!((unknown.status, unknown.stdout.as_str()), (2, ""));
    assert!(unknown.stderr.contains("there is `shop`"), "{}", unknown.stderr);
}
