//! The client against a server on loopback: what is sent again, what is not, and where the token goes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use wiremock::matchers::{any, header, header_exists, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

/// A server and a client that does not wait.
struct Pair {
    runtime: Runtime,
    server: MockServer,
    github: GitHub,
}

impl Pair {
    fn new(base: &str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let server = runtime.block_on(MockServer::start());
        let at = Server { api_url: format!("{}{base}", server.uri()), repository: "ada/engine".to_owned() };
        let patience = Patience { answer: Duration::from_millis(500), pause: Pause::Skip, ..Patience::default() };
        let github = GitHub::connect_with(&at, &Token::new("ghs_secret").unwrap(), patience).unwrap();
        Self { runtime, server, github }
    }

    fn on(&self, mock: Mock) {
        self.runtime.block_on(mock.mount(&self.server));
    }

    fn requests(&self) -> Vec<wiremock::Request> {
        self.runtime.block_on(self.server.received_requests()).unwrap()
    }
}

fn answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

#[test]
fn it_says_who_it_is_and_what_it_understands() {
    let pair = Pair::new("/api/v3");
    let mock = Mock::given(method("GET")).and(path("/api/v3/repos/ada/engine/issues/7"));
    let mock =
        mock.and(header("authorization", "Bearer ghs_secret")).and(header("accept", "application/vnd.github+json"));
    pair.on(mock.and(header("x-github-api-version", "2022-11-28")).respond_with(answer(200, &json!({"id": 1}))));
    let got: Value = pair.github.get(&pair.github.route("issues/7")).unwrap();
    assert_eq!(got, json!({"id": 1}));
    let requests = pair.requests();
    let agents: Vec<_> =
        requests[0].headers.get_all("user-agent").iter().map(|agent| agent.to_str().unwrap()).collect();
    assert_eq!(agents.last().unwrap(), &concat!("tollgate/", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_new_thing_is_looked_for_before_it_is_asked_for_again() {
    let pair = Pair::new("");
    pair.on(Mock::given(method("POST")).respond_with(answer(502, &json!({"message": "Bad Gateway"}))));
    let looked = Cell::new(0);
    let made = pair.github.post("/x", &json!({}), &|_| {
        looked.set(looked.get() + 1);
        Ok((looked.get() == 2).then_some(41))
    });
    assert_eq!((made.unwrap(), looked.get(), pair.requests().len()), (41, 2, 2));
}

#[test]
fn a_new_thing_that_is_refused_is_asked_for_once() {
    let pair = Pair::new("");
    pair.on(Mock::given(method("POST"))
        .respond_with(answer(403, &json!({"message": "Resource not accessible by integration"}))));
    let error = pair.github.post::<_, Value>("/x", &json!({}), &|_| panic!("nothing to look for")).unwrap_err();
    assert_eq!(error.to_string(), "POST /x: 403 Resource not accessible by integration");
    assert!(error.lacks_permission());
    assert_eq!(pair.requests().len(), 1);
}

#[test]
fn the_last_try_may_have_landed_as_well() {
    let pair = Pair::new("");
    pair.on(Mock::given(method("POST")).respond_with(answer(502, &json!({}))));
    let looked = Cell::new(0);
    let made = pair.github.post("/x", &json!({}), &|_| {
        looked.set(looked.get() + 1);
        Ok((looked.get() == 4).then_some(41))
    });
    assert_eq!((made.unwrap(), pair.requests().len()), (41, 4));
}

#[test]
fn what_comes_to_the_same_is_sent_again_until_the_time_is_over() {
    let pair = Pair::new("");
    pair.on(Mock::given(any()).respond_with(answer(500, &json!({"message": "oh"}))));
    let error = pair.github.patch::<_, Value>("/x", &json!({})).unwrap_err();
    assert_eq!((error.status(), pair.requests().len()), (Some(500), 6));
    // 31 of 60 seconds are spent: the second request gets less.
    let error = pair.github.get::<Value>("/y").unwrap_err();
    assert_eq!((error.status(), pair.requests().len()), (Some(500), 6 + 5));
}

#[test]
fn an_answer_that_takes_too_long_is_silence() {
    let pair = Pair::new("");
    let slow = answer(200, &json!({})).set_delay(Duration::from_secs(5));
    pair.on(Mock::given(any()).respond_with(slow).up_to_n_times(1));
    pair.on(Mock::given(any()).respond_with(answer(200, &json!(7))));
    assert_eq!(pair.github.get::<u32>("/x").unwrap(), 7);
}

#[test]
fn all_pages_are_read_and_none_of_another_server() {
    let pair = Pair::new("/api/v3");
    let link = |target: &str| format!("<{target}>; rel=\"next\"");
    let first =
        answer(200, &json!([1, 2])).insert_header("link", link(&format!("{}/api/v3/list?page=2", pair.server.uri())));
    pair.on(Mock::given(path("/api/v3/list")).and(query_param("per_page", "100")).respond_with(first));
    pair.on(Mock::given(path("/api/v3/list")).and(query_param("page", "2")).respond_with(answer(200, &json!([3]))));
    assert_eq!(pair.github.get_all::<u32>("/list").unwrap(), [1, 2, 3]);
    let elsewhere = answer(200, &json!({"items": [1]})).insert_header("link", link("http://127.0.0.1:1/list?page=2"));
    pair.on(Mock::given(path("/api/v3/evil")).respond_with(elsewhere));
    let error = pair.github.get_all_in::<u32>("/evil", "items").unwrap_err();
    assert!(error.to_string().contains("another server"), "{error}");
}

#[test]
fn a_list_without_end_is_refused() {
    let pair = Pair::new("");
    let again = answer(200, &json!([1])).insert_header("link", "</x?page=2>; rel=\"next\"");
    pair.on(Mock::given(any()).respond_with(again));
    assert!(pair.github.get_all::<u32>("/x").unwrap_err().to_string().contains("more than 100 pages"));
}

#[test]
fn a_download_follows_to_another_server_without_the_token_and_has_a_limit() {
    let (pair, store) = (Pair::new("/api/v3"), Pair::new(""));
    let to = format!("{}/blob?signature=1", store.server.uri().replace("127.0.0.1", "localhost"));
    pair.on(Mock::given(path("/api/v3/zip")).respond_with(ResponseTemplate::new(302).insert_header("location", to)));
    store.on(Mock::given(header_exists("authorization")).respond_with(ResponseTemplate::new(400)).with_priority(1));
    store.on(Mock::given(path("/blob")).respond_with(ResponseTemplate::new(200).set_body_bytes(vec![7; 1000])));
    assert_eq!(pair.github.download("/zip", 1000).unwrap(), vec![7; 1000]);
    let error = pair.github.download("/zip", 999).unwrap_err();
    assert!(error.to_string().contains("more than 999 bytes"), "{error}");
    assert_eq!(store.requests().len(), 2, "what is too large now will be too large again");
}

#[test]
fn no_error_holds_the_token() {
    let pair = Pair::new("");
    pair.on(Mock::given(any())
        .respond_with(answer(422, &json!({"message": "you sent ghs_secret", "errors": [{"field": "ghs_secret"}]}))));
    let error = pair.github.get::<Value>("/x").unwrap_err();
    let shown = format!("{error} {error:?} {:?} {:?}", pair.github, Token::new("ghs_secret"));
    assert!(shown.contains("you sent ***") && !shown.contains("ghs_secret"), "{shown}");
    assert!(Token::new("a\nb").is_none() && Token::new(" ").is_none());
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let at = Server { api_url: "http://127.0.0.1:1".to_owned(), repository: "ada/engine".to_owned() };
    let patience = Patience { pause: Pause::Skip, ..Patience::default() };
    let github = GitHub::connect_with(&at, &Token::new("t0ken").unwrap(), patience).unwrap();
    let error = github.get::<Value>("/x").unwrap_err().to_string();
    assert!(error.starts_with("GET /x: no answer (") && error.contains("onnect"), "{error}");
}
