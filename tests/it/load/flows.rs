//! Flows from their description to what a server is asked: values, data files, cookies, redirects, forms and credentials, and what fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tollgate::config::scenario::{
    Body, Check, Credentials, DataFile, Extract, Flow, FormContent, FormPart, Load, Step,
};
use tollgate::measure::load::exchange::Request;
use tollgate::measure::load::record::ErrorKind;

use super::sent::{Asked, Server, address, errors, flow, load, name, ready, record, starts, step};

fn sent(load: &Load, server: &Server, root: &Path, environment: &[(&str, &str)], number: u32) -> String {
    let work = ready(load, vec![server.address()], root, environment).unwrap();
    let recorded = starts(&work, number).unwrap();
    let errors: Vec<String> =
        errors(&recorded).into_iter().map(|(kind, count)| format!("{} {count}", kind.as_str())).collect();
    let failed = work.failed().into_iter().map(|(step, words, count)| format!("{step}: {words} ({count})"));
    errors.into_iter().chain(failed).collect::<Vec<_>>().join("\n")
}

fn header(asked: &Asked, name: &str) -> String {
    asked.headers.get(name).cloned().unwrap_or_else(|| "<none>".to_owned())
}

fn extract(values: &[(&str, Extract)]) -> BTreeMap<String, Extract> {
    values.iter().map(|(name, extract)| ((*name).to_owned(), extract.clone())).collect()
}

fn shop(asked: &Asked) -> (u16, String, String) {
    match asked.line.as_str() {
        "POST /login" => (
            200,
            "set-cookie: session=s1; Path=/; HttpOnly\r\nset-cookie: gone=1\r\nx-shelf: a/b c\r\n".to_owned(),
            r#"{"token": "t\"1", "carts": [{"id": 7}], "html": "<input name='csrf' value='c-99'>"}"#.to_owned(),
        ),
        _ => (200, "set-cookie: gone=; Max-Age=0\r\n".to_owned(), "ok".to_owned()),
    }
}

#[test]
fn later_steps_send_what_earlier_replies_held() {
    let server = Server::start(shop);
    let mut login = step("log in", "/login");
    login.method = "POST".to_owned();
    login.extract = extract(&[
        ("token", Extract::Json("/token".to_owned())),
        ("cart", Extract::Json("/carts/0/id".to_owned())),
        ("shelf", Extract::Header("X-Shelf".to_owned())),
        ("csrf", Extract::Regex("name='csrf' value='([^']+)'".to_owned())),
    ]);
    let mut add = step("add", "/shelf/{shelf}/{cart}?csrf={csrf}");
    add.method = "POST".to_owned();
    add.headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("X-Token".to_owned(), "{token}".to_owned()),
        ("Cookie".to_owned(), "own=1".to_owned()),
    ];
    add.body = Body::Text(r#"{{"token":"{token}","cart":{cart}}}"#.to_owned());
    let look = step("look", "/cart/{cart}");
    assert_eq!(sent(&load(vec![flow(vec![login, add, look])]), &server, Path::new("."), &[], 2), "");
    let asked = server.asked();
    assert_eq!(asked.len(), 6);
    for start in asked.chunks(3) {
        assert_eq!(start[1].line, "POST /shelf/a%2Fb%20c/7?csrf=c-99");
        assert_eq!(header(&start[1], "x-token"), "t\"1");
        assert_eq!(header(&start[0], "cookie"), "<none>", "each start is a new user");
        assert_eq!(header(&start[1], "cookie"), "own=1; session=s1; gone=1");
        assert_eq!(String::from_utf8_lossy(&start[1].body), r#"{"token":"t\"1","cart":7}"#);
        assert_eq!(start[2].line, "GET /cart/7");
        assert_eq!(header(&start[2], "cookie"), "session=s1");
    }
}

#[test]
fn each_start_takes_the_next_record_of_the_data_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("users.csv"), "user,note\nada,\"x/y\"\nbob,ü?&\n").unwrap();
    let server = Server::start(|_| (200, String::new(), String::new()));
    let data = Some(DataFile { path: PathBuf::from("users.csv") });
    let records = Flow { data, ..flow(vec![step("get", "/{user}?n={note}")]) };
    assert_eq!(sent(&load(vec![records]), &server, folder.path(), &[], 5), "");
    let (ada, bob) = ("GET /ada?n=x%2Fy", "GET /bob?n=%C3%BC%3F%26");
    assert_eq!(server.lines(), [ada, bob, ada, bob, ada]);
}

#[test]
fn a_failed_check_is_an_error_that_ends_the_flow_and_says_what_failed() {
    let server = Server::start(|asked| match asked.line.as_str() {
        "GET /status" => (503, String::new(), String::new()),
        _ => (200, "x-kind: a\r\n".to_owned(), r#"{"ready": false}"#.to_owned()),
    });
    let checked = |name: &str, path: &str, check: &[Check]| Step { checks: check.to_vec(), ..step(name, path) };
    let never = || step("never", "/never");
    let json = Check::Json("/ready".to_owned(), serde_json::json!(true));
    let taking = Step { extract: extract(&[("id", Extract::Json("/id".to_owned()))]), ..step("take", "/take") };
    let flows = vec![
        flow(vec![checked("status", "/status", &[]), never()]),
        flow(vec![checked("json", "/json", &[json]), never()]),
        flow(vec![checked("header", "/header", &[Check::Header("x-kind".to_owned(), Some("b".to_owned()))]), never()]),
        flow(vec![taking, never()]),
        flow(vec![checked("missing", "/missing", &[Check::Status(vec![404])]), never()]),
    ];
    let words = sent(&load(flows), &server, Path::new("."), &[], 60);
    let (kinds, failed) = words.split_once("\nstatus: ").unwrap();
    let all: u32 = kinds.split([' ', '\n']).filter_map(|word| word.parse::<u32>().ok()).sum();
    assert_eq!(all, 60, "every request failed: {words}");
    assert!(kinds.starts_with("status ") && kinds.contains("\ncheck "), "{words}");
    for expected in [
        "status 503 (",
        "json: `/ready` is not true (",
        "header: no header `x-kind: b` (",
        "take: nothing to take for `id` (",
        "missing: status 200 (",
    ] {
        assert!(failed.contains(expected), "{expected} is not in {words}");
    }
    assert!(!server.lines().contains(&"GET /never".to_owned()), "a failed step ends its flow");
}

#[test]
fn what_cannot_be_sent_is_a_failed_check_and_is_not_sent() {
    let server = Server::start(|_| (200, "x-evil: a\tb\r\n".to_owned(), "\"a\\r\\nx-injected: 1\"".to_owned()));
    let mut first = step("first", "/first");
    first.extract = extract(&[("evil", Extract::Json(String::new()))]);
    let second = Step { headers: vec![("x-a".to_owned(), "{evil}".to_owned())], ..step("second", "/second") };
    let words = sent(&load(vec![flow(vec![first, second])]), &server, Path::new("."), &[], 2);
    let why = "second: header `x-a`: the value of `{evil}` holds a control character, which no header may (2)";
    assert_eq!(words, format!("check 2\n{why}"));
    assert_eq!(server.lines(), ["GET /first"; 2]);
}

fn away(asked: &Asked) -> (u16, String, String) {
    let own = &asked.headers["host"];
    match asked.line.as_str() {
        "POST /a/form" => (303, "location: ../b?c\r\nset-cookie: k=1\r\n".to_owned(), String::new()),
        "POST /kept" => (307, format!("location: http://{own}/target\r\n"), String::new()),
        "GET /out" => (302, "location: http://192.0.2.1/steal\r\n".to_owned(), String::new()),
        "GET /loop" => (302, "location: /loop\r\n".to_owned(), String::new()),
        _ => (200, String::new(), String::new()),
    }
}

#[test]
fn redirects_are_followed_on_our_own_addresses_only_and_where_asked_for() {
    let server = Server::start(away);
    let follow = |name: &str, method: &str, path: &str, redirects: u32| {
        let credentials = Some(Credentials::Bearer { token_variable: "TOKEN".to_owned() });
        let body = if method == "POST" { Body::Text("x=1".to_owned()) } else { Body::Empty };
        Step { method: method.to_owned(), body, redirects, credentials, ..step(name, path) }
    };
    let flows = [
        follow("form", "POST", "/a/form", 1),
        follow("kept", "POST", "/kept", 1),
        follow("unasked", "GET", "/loop", 0),
        follow("out", "GET", "/out", 5),
        follow("loop", "GET", "/loop", 2),
    ];
    let mut words = Vec::new();
    for followed in flows {
        words.push(sent(&load(vec![flow(vec![followed])]), &server, Path::new("."), &[("TOKEN", "t0p")], 1));
    }
    let out = |name: &str, most: u32| {
        format!("status 1\n{name}: redirected more than {most} times, or to another server (1)")
    };
    assert_eq!(words, [String::new(), String::new(), String::new(), out("out", 5), out("loop", 2)]);
    let lines = [
        "POST /a/form",
        "GET /b?c",
        "POST /kept",
        "POST /target",
        "GET /loop",
        "GET /out",
        "GET /loop",
        "GET /loop",
        "GET /loop",
    ];
    assert_eq!(server.lines(), lines);
    let asked = server.asked();
    assert_eq!((header(&asked[1], "cookie"), asked[1].body.len()), ("k=1".to_owned(), 0));
    assert_eq!(asked[3].body, b"x=1");
    assert!(asked.iter().all(|asked| header(asked, "authorization") == "Bearer t0p"));
}

#[test]
fn forms_files_and_credentials_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(folder.path().join("photo.bin"), &bytes).unwrap();
    let server = Server::start(|_| (201, String::new(), String::new()));
    let path = PathBuf::from("photo.bin");
    let part = |name: &str, content| FormPart { name: name.to_owned(), content };
    let form = Body::Multipart(vec![
        part("title", FormContent::Text("<{{b}}>".to_owned())),
        part("photo", FormContent::File { path: path.clone(), media_type: "image/png".to_owned() }),
    ]);
    let post =
        |name: &str, body, credentials| Step { method: "POST".to_owned(), body, credentials, ..step(name, "/up") };
    let basic = Credentials::Basic { user: "ada".to_owned(), password_variable: "PASSWORD".to_owned() };
    let steps = vec![post("form", form, Some(basic)), post("file", Body::File(path), None)];
    assert_eq!(sent(&load(vec![flow(steps)]), &server, folder.path(), &[("PASSWORD", "o:pen")], 1), "");
    let asked = server.asked();
    // printf 'ada:o:pen' | base64
    assert_eq!(header(&asked[0], "authorization"), "Basic YWRhOm86cGVu");
    let media_type = header(&asked[0], "content-type");
    let boundary = media_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let end = format!("\r\n--{boundary}--\r\n");
    assert!(asked[0].body.ends_with(&[&bytes, end.as_bytes()].concat()));
    assert!(String::from_utf8_lossy(&asked[0].body).contains("name=\"title\"\r\n\r\n<{b}>\r\n"));
    assert_eq!(asked[1].body, bytes);
    assert_eq!(header(&asked[1], "authorization"), "<none>");
}

#[test]
fn flows_are_started_by_their_weights() {
    let server = Server::start(|_| (200, String::new(), String::new()));
    let often = Flow { weight: 3, name: name("often"), ..flow(vec![step("often", "/often")]) };
    let work =
        ready(&load(vec![often, flow(vec![step("rare", "/rare")])]), vec![server.address()], Path::new("."), &[])
            .unwrap();
    let recorded = starts(&work, 100).unwrap();
    let (often, rare) = (record(&recorded, "often").ended, record(&recorded, "rare").ended);
    assert_eq!(often + rare, 100);
    assert!((60..=90).contains(&often), "{often} of 100 where 75 are meant");
}

#[test]
fn all_problems_are_said_at_once_before_anything_is_sent() {
    let credentials = Some(Credentials::Bearer { token_variable: "TOKEN".to_owned() });
    let secret = Some(Credentials::Basic { user: "a".to_owned(), password_variable: "PASSWORD".to_owned() });
    let wrong = Step {
        method: "G ET".to_owned(),
        headers: vec![("Host".to_owned(), "x".to_owned()), ("x-a".to_owned(), "{later}".to_owned())],
        body: Body::File(PathBuf::from("no-body.bin")),
        credentials,
        checks: vec![Check::Json("a".to_owned(), serde_json::json!(1))],
        extract: extract(&[("later", Extract::Regex("x".to_owned()))]),
        ..step("wrong", "no-slash")
    };
    let data = Some(DataFile { path: PathBuf::from("no-data.csv") });
    let flows = vec![
        flow(vec![wrong, Step { credentials: secret, ..step("secret", "/{later}") }]),
        Flow { data, ..flow(vec![step("data", "/{any}")]) },
    ];
    let error = ready(&load(flows), Vec::new(), Path::new("tests"), &[("PASSWORD", "hush\nhush")]).err().unwrap();
    assert!(!format!("{error:?} {error}").contains("hush"));
    insta::assert_snapshot!(error.problems.join("\n"));
}

#[test]
fn a_host_that_nobody_knows_is_said_before_anything_is_sent() {
    let unknown = address(false, "no-such-host.invalid", 80);
    let error = ready(&load(vec![flow(vec![step("get", "/")])]), vec![unknown], Path::new("."), &[]).err().unwrap();
    let words = error.to_string();
    assert!(words.starts_with("prepare the load (http://no-such-host.invalid: no such host: "), "{words}");
}

#[test]
fn errors_are_counted_by_kind() {
    let server = Server::start(|_| (500, String::new(), String::new()));
    let work = ready(&load(vec![flow(vec![step("get", "/")])]), vec![server.address()], Path::new("."), &[]).unwrap();
    let recorded = starts(&work, 3).unwrap();
    assert_eq!(errors(&recorded), BTreeMap::from([(ErrorKind::Status, 3)]));
    assert_eq!(record(&recorded, "get").statuses, BTreeMap::from([(500, 3)]));
}

#[test]
fn a_request_that_is_printed_shows_no_secret() {
    let headers = vec![("authorization".to_owned(), "Bearer hush".to_owned())];
    let request = Request { method: "POST".to_owned(), path: "/".to_owned(), headers, body: b"hush".to_vec() };
    assert_eq!(format!("{request:?}"), "POST / [\"authorization\"] 4 bytes");
}
