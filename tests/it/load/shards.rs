//! One load on several machines: its parts add up to it, and what is not all of one load is not merged.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tollgate::config::scenario::{Engine, Level, Load, Profile, Shard};
use tollgate::config::{Adapter, Config};

use crate::harness::{Output, TestRepo};

const SHOP: &str = "[scenario.shop]\nurl = \"http://127.0.0.1:1\"\nusers = 5\nwarm-up = \"0 s\"\nduration = \"1 s\"\n\
                    [[scenario.shop.flow]]\n[[scenario.shop.flow.step]]\nname = \"home\"\npath = \"/\"\nthink-time = \"5 ms\"\n\
                    [[scenario.shop.flow.step]]\nname = \"item\"\npath = \"/item\"\n";

/// A server that counts its requests.
fn server() -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let requests = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&requests);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let counted = Arc::clone(&counted);
            std::thread::spawn(move || serve(&stream, &counted));
        }
    });
    (port, requests)
}

fn serve(mut stream: &TcpStream, counted: &AtomicU64) -> Option<()> {
    let (mut buffer, mut seen) = ([0; 4096], Vec::new());
    loop {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        seen.extend_from_slice(&buffer[..read]);
        while let Some(end) = seen.windows(4).position(|four| four == b"\r\n\r\n") {
            seen.drain(..end + 4);
            counted.fetch_add(1, Ordering::SeqCst);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").ok()?;
        }
    }
}

fn part(repo: &TestRepo, shard: &str, url: &str, out: &str) -> Output {
    repo.tollgate(&["run", "--shard", shard, "--out", out, "shop", "--url", url, "--no-live"])
}

fn json(repo: &TestRepo, file: &str) -> Value {
    serde_json::from_str(&repo.read(file)).expect("it is JSON")
}

/// The buckets of all distributions of response times of a result, by step.
fn buckets(result: &Value) -> BTreeMap<(String, u64), u64> {
    let mut all = BTreeMap::new();
    for stage in result["stages"].as_array().expect("stages") {
        for (name, step) in stage["steps"].as_object().expect("steps") {
            for pair in step["response"]["buckets"].as_array().expect("buckets") {
                let [bucket, times] = [0, 1].map(|at| pair[at].as_u64().expect("a number"));
                *all.entry((name.clone(), bucket)).or_default() += times;
            }
        }
    }
    all
}

#[test]
fn the_parts_of_a_load_are_merged_without_any_loss() {
    let repo = TestRepo::new();
    repo.write("tollgate.toml", SHOP);
    let (port, requests) = server();
    let url = format!("http://127.0.0.1:{port}");
    for (shard, out) in [("1/2", "part-1.json"), ("2/2", "part-2.json")] {
        let output = part(&repo, shard, &url, out);
        assert!([0, 12].contains(&output.status), "{}{}", output.stdout, output.stderr);
    }
    let output = repo.tollgate(&["merge", "part-2.json", "part-1.json", "--out", "whole.json"]);
    assert!([0, 12].contains(&output.status), "{}{}", output.stdout, output.stderr);
    let (one, other, whole) = (json(&repo, "part-1.json"), json(&repo, "part-2.json"), json(&repo, "whole.json"));
    let mut expected = buckets(&one);
    for (bucket, times) in buckets(&other) {
        *expected.entry(bucket).or_default() += times;
    }
    assert_eq!(buckets(&whole), expected);
    let of = |result: &Value| result["total"]["requests"].as_u64().expect("a number");
    assert_eq!(of(&whole), of(&one) + of(&other));
    assert!(of(&whole) <= requests.load(Ordering::SeqCst), "no request is counted that was not sent");
    let users = |result: &Value| result["stages"][0]["level"].as_f64().expect("a number").round().to_string();
    assert_eq!([users(&one), users(&other), users(&whole)], ["3", "2", "5"]);
    let metric = |result: &Value, name: &str| {
        let metrics = result["metrics"].as_array().expect("metrics");
        let found = metrics.iter().find(|one| one["benchmark"] == "home" && one["metric"] == name);
        found.unwrap_or_else(|| unreachable!("{name}"))["value"].as_f64().expect("a number")
    };
    let (low, high) = (metric(&one, "latency-p95"), metric(&other, "latency-p95"));
    let merged = metric(&whole, "latency-p95");
    assert!((low.min(high) * 0.99..=low.max(high) * 1.01).contains(&merged), "{merged} of {low} and {high}");
}

#[test]
fn what_is_not_all_of_one_load_is_not_merged() {
    let repo = TestRepo::new();
    repo.write("tollgate.toml", SHOP);
    let (port, _) = server();
    let url = format!("http://127.0.0.1:{port}");
    part(&repo, "1/2", &url, "one.json");
    repo.write("other.json", repo.read("one.json").replace("\"1/2\"", "\"2/3\""));
    repo.write("slower.json", repo.read("one.json").replace("\"1/2\"", "\"2/2\"").replace("HTTP/1.1\"", "HTTP/2\""));
    repo.write("plain.json", repo.read("one.json").replace("\"shard\"", "\"shard of\""));
    let merge = |files: &[&str], words: &str| {
        let output = repo.tollgate(&[&["merge", "--out", "whole.json"], files].concat());
        assert_eq!(output.status, 2, "{files:?}: {}", output.stderr);
        assert!(output.stderr.contains(words), "{files:?}: {}", output.stderr);
    };
    merge(&["one.json"], "missing: 2");
    merge(&["one.json", "one.json"], "part 1/2 is there already");
    merge(&["one.json", "other.json"], "the number of parts differs");
    merge(&["one.json", "slower.json"], "the condition `protocol` differs");
    merge(&["plain.json"], "no part of a run");
    let absent = repo.tollgate(&["merge", "--out", "whole.json", "nothing.json"]);
    assert_eq!(absent.status, 6, "{}", absent.stderr);
    assert!(!repo.root().join("whole.json").exists());
}

#[test]
fn what_cannot_be_split_is_refused_before_anything_is_sent() {
    let repo = TestRepo::new();
    let (port, requests) = server();
    let url = format!("http://127.0.0.1:{port}");
    repo.write("tollgate.toml", SHOP);
    for (shard, words) in [("1/6", "5 users are too few for 6 parts"), ("3/2", "not a part such as")] {
        let output = part(&repo, shard, &url, "part.json");
        assert_eq!(output.status, 2, "{}", output.stderr);
        assert!(output.stderr.contains(words), "{}", output.stderr);
    }
    repo.write(
        "tollgate.toml",
        "[scenario.shop]\nurl = \"http://127.0.0.1:1\"\nprofile = \"stress\"\nrate = \"10/s\"\npath = \"/\"\n",
    );
    let stress = part(&repo, "1/2", &url, "part.json");
    assert_eq!(stress.status, 2, "{}", stress.stderr);
    repo.write(
        "tollgate.toml",
        "[service.shop]\nstart = [\"shop\"]\n[scenario.shop]\nservice = \"shop\"\nrate = \"10/s\"\npath = \"/\"\n",
    );
    let service = repo.tollgate(&["run", "--shard", "1/2", "--out", "part.json", "shop"]);
    assert_eq!(service.status, 2, "{}", service.stderr);
    assert!(service.stderr.contains("--url"), "{}", service.stderr);
    assert_eq!(requests.load(Ordering::SeqCst), 0);
}

/// The load of a scenario.
fn load(profile: &str) -> Load {
    let text = format!("[scenario.shop]\nurl = \"http://127.0.0.1:1\"\npath = \"/\"\n{profile}");
    let config = Config::parse(&text, "tollgate.toml").expect("a right config");
    match &config.suites[0].adapter {
        Adapter::Scenario(scenario) => match &scenario.engine {
            Engine::Own(load) => (**load).clone(),
            Engine::External(_) => unreachable!("it names no engine"),
        },
        Adapter::Criterion(_) | Adapter::Command(_) | Adapter::Json(_) => unreachable!("it is a scenario"),
    }
}

#[test]
fn rates_users_and_connections_of_all_parts_are_those_of_the_whole() {
    let profiles = [
        "rate = \"100/s\"\nconnections = 10\n",
        "users = 11\n",
        "profile = \"spike\"\nrate = \"10/s\"\npeak = \"70/s\"\n",
        "profile = \"soak\"\nusers = 9\nduration = \"1 min\"\n",
    ];
    for profile in profiles {
        let whole = load(profile);
        let parts: Vec<Load> =
            (1..=4).map(|n| whole.shard(format!("{n}/4").parse::<Shard>().unwrap()).unwrap()).collect();
        assert!((parts.iter().map(level).sum::<f64>() - level(&whole)).abs() < 1e-9, "{profile}");
        assert_eq!(parts.iter().map(|part| part.connections.count).sum::<u32>(), whole.connections.count, "{profile}");
        let seeds: std::collections::BTreeSet<u64> = parts.iter().chain([&whole]).map(|load| load.seed).collect();
        assert_eq!(seeds.len(), 5, "{profile}");
    }
}

/// The highest level of a load.
fn level(load: &Load) -> f64 {
    match &load.profile {
        Profile::Load { level, .. } | Profile::Soak { level, .. } => match level {
            Level::Rate(value) | Level::Users(value) => *value,
        },
        Profile::Spike { peak, .. } => *peak,
        Profile::Stress { .. } | Profile::Custom(_) => unreachable!("none of these"),
    }
}
