//! A GitHub in memory, on loopback. Every request and every answer is held against GitHub's own description of its interface, and what goes
//! against it fails the test that caused it. Limits that the description lacks are added here; troubles come as a test scripts them.

mod description;
mod pulls;
mod shapes;
mod state;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use description::Description;

pub(crate) use state::{Answer, Call, State, Who};

/// The repository that is there.
pub(crate) const REPOSITORY: &str = "ada/engine";

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    /// The verb that it meets.
    pub(crate) verb: &'static str,
    /// How the route of it ends: `/comments`.
    pub(crate) route: &'static str,
    /// How many requests it meets.
    pub(crate) times: u32,
    /// What happens.
    pub(crate) what: What,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum What {
    /// A refusal with this status, message and headers; nothing is done.
    Refused(u16, &'static str, &'static [(&'static str, &'static str)]),
    /// It is done, and the answer is this status.
    DoneAndLost(u16),
    /// It is done, and the answer takes this long.
    Slow(Duration),
    /// It is done, and the connection is closed without an answer.
    DoneAndClosed,
}

/// A request that was answered.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) verb: String,
    pub(crate) path: String,
    pub(crate) status: u16,
}

/// What the server knows, shared with its thread.
struct Shared {
    state: State,
    troubles: Vec<Trouble>,
    seen: Vec<Seen>,
    wrong: Vec<String>,
    base: &'static str,
    address: String,
}

/// The server. When it is dropped every request and answer must have been as described.
pub(crate) struct Double {
    runtime: Runtime,
    server: MockServer,
    shared: Arc<Mutex<Shared>>,
}

/// What answers.
struct Answering(Arc<Mutex<Shared>>);

impl Double {
    /// GitHub as the whole world has it.
    pub(crate) fn start() -> Self {
        Self::start_at("")
    }

    /// A server of one's own has a path: `/api/v3`.
    pub(crate) fn start_at(base: &'static str) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let server = runtime.block_on(MockServer::start());
        let shared = Shared {
            state: State::new(),
            troubles: Vec::new(),
            seen: Vec::new(),
            wrong: Vec::new(),
            base,
            address: format!("{}{base}", server.uri()),
        };
        let shared = Arc::new(Mutex::new(shared));
        let closing = shared.clone();
        let closed = move |request: &Request| lock(&closing).closes(request);
        let gone = |_: &Request| std::io::Error::new(std::io::ErrorKind::ConnectionReset, "closed");
        runtime.block_on(Mock::given(closed).respond_with_err(gone).with_priority(1).mount(&server));
        runtime.block_on(Mock::given(any()).respond_with(Answering(shared.clone())).mount(&server));
        Self { runtime, server, shared }
    }

    /// The address of the interface, for `GITHUB_API_URL`.
    pub(crate) fn address(&self) -> String {
        lock(&self.shared).address.clone()
    }

    /// Looks at, or changes, what is there.
    pub(crate) fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut lock(&self.shared).state)
    }

    /// From now on something goes wrong.
    pub(crate) fn trouble(&self, verb: &'static str, route: &'static str, times: u32, what: What) {
        lock(&self.shared).troubles.push(Trouble { verb, route, times, what });
    }

    /// The requests so far, those that met a trouble among them.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        lock(&self.shared).seen.clone()
    }

    /// How many requests there were of a verb on routes that end so.
    pub(crate) fn count(&self, verb: &str, ending: &str) -> usize {
        self.seen().iter().filter(|seen| seen.verb == verb && seen.path.ends_with(ending)).count()
    }

    /// What went against the description so far; the test has seen it and it does not fail it any more.
    pub(crate) fn take_wrong(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared).wrong)
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        let wrong = self.take_wrong();
        self.runtime.block_on(self.server.reset());
        if !std::thread::panicking() {
            assert!(wrong.is_empty(), "against GitHub's own description:\n{}", wrong.join("\n"));
        }
    }
}

/// The shared state, also after a test has failed.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Respond for Answering {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let (answer, delay) = lock(&self.0).answer(request);
        let mut template = ResponseTemplate::new(answer.status).set_delay(delay);
        if let Some(body) = answer.body {
            template = template.set_body_json(body);
        }
        answer.headers.into_iter().fold(template, |template, (name, value)| template.insert_header(name, value))
    }
}

impl Shared {
    /// The path of a request as the description has it. Links to further pages name a repository by its number.
    fn path(&self, request: &Request) -> Result<String, String> {
        let path = request.url.path();
        let path = path.strip_prefix(self.base).ok_or_else(|| format!("{path} lies outside of {}", self.base))?;
        Ok(path.replacen("/repositories/1/", &format!("/repos/{REPOSITORY}/"), 1))
    }

    /// The trouble that a request meets, taken from the list.
    fn met(&mut self, verb: &str, path: &str, wanted: impl Fn(&What) -> bool) -> Option<What> {
        let fits = |trouble: &&mut Trouble| {
            trouble.times > 0 && trouble.verb == verb && path.ends_with(trouble.route) && wanted(&trouble.what)
        };
        let trouble = self.troubles.iter_mut().find(fits)?;
        trouble.times -= 1;
        Some(trouble.what.clone())
    }

    /// Whether the connection is to be closed; what was asked for is done then.
    fn closes(&mut self, request: &Request) -> bool {
        let Ok(path) = self.path(request) else { return false };
        let met = self.met(request.method.as_str(), &path, |what| matches!(what, What::DoneAndClosed));
        if met.is_some() {
            self.checked(request);
        }
        met.is_some()
    }

    /// The answer to a request, and how long it takes.
    fn answer(&mut self, request: &Request) -> (Answer, Duration) {
        let (verb, path) = (request.method.to_string(), self.path(request).unwrap_or_default());
        let met = self.met(&verb, &path, |what| !matches!(what, What::DoneAndClosed));
        let mut delay = Duration::ZERO;
        let answer = match met {
            Some(What::Refused(status, message, headers)) => {
                let mut answer = Answer::refused(status, message);
                answer.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
                self.seen.push(Seen { verb, path, status });
                answer
            }
            Some(What::DoneAndLost(status)) => {
                self.checked(request);
                Answer::refused(status, "Server Error")
            }
            Some(What::Slow(time)) => {
                delay = time;
                self.checked(request)
            }
            Some(What::DoneAndClosed) | None => self.checked(request),
        };
        (answer, delay)
    }

    /// Does what is asked for, and holds both sides against the description.
    fn checked(&mut self, request: &Request) -> Answer {
        let verb = request.method.to_string();
        let github = Description::github();
        let (path, found) = match self.path(request) {
            Ok(path) => {
                let found = github.find(&verb, &path);
                (path, found)
            }
            Err(why) => (why, None),
        };
        let Some((operation, places)) = found else {
            self.wrong.push(format!("{verb} {path}: there is no such route"));
            return Answer::refused(404, "Not Found");
        };
        let query: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
        let body: Option<Value> = match request.body.as_slice() {
            [] => None,
            bytes => Some(serde_json::from_slice(bytes).unwrap_or(Value::Null)),
        };
        let mut wrong = github.request(&operation, &query, body.as_ref());
        wrong.extend(headers(request));
        let body = body.unwrap_or_default();
        let call = Call {
            verb: &verb,
            route: operation.route,
            places: &places,
            query: &query,
            body: &body,
            address: &self.address,
        };
        let answer = if wrong.is_empty() { self.state.answer(&call) } else { Answer::refused(422, "Invalid request") };
        wrong.extend(
            github
                .answer(&operation, answer.status, answer.body.as_ref())
                .into_iter()
                .map(|it| format!("answer: {it}")),
        );
        self.wrong.extend(wrong.into_iter().map(|it| format!("{verb} {path}: {it}")));
        self.seen.push(Seen { verb, path, status: answer.status });
        answer
    }
}

/// What of a request to another double goes against the description.
pub(crate) fn against_description(request: &Request) -> Vec<String> {
    let github = Description::github();
    let Some((operation, _)) = github.find(request.method.as_str(), request.url.path()) else {
        return vec!["there is no such route".to_owned()];
    };
    let query: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
    let body = (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).unwrap_or(Value::Null));
    let mut wrong = github.request(&operation, &query, body.as_ref());
    wrong.extend(headers(request));
    wrong
}

/// What GitHub wants in the head of every request.
fn headers(request: &Request) -> Vec<String> {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = [
        ("authorization", "Bearer "),
        ("accept", "application/vnd.github"),
        ("x-github-api-version", "2022-11-28"),
        ("user-agent", ""),
    ];
    let missing = wanted.iter().filter(|(name, start)| header(name).is_empty() || !header(name).starts_with(start));
    missing.map(|(name, start)| format!("the header `{name}: {start}…` is not there")).collect()
}

/// The client against the server, where a test wants no binary between.
pub(crate) fn client(double: &Double) -> tollgate::publish::GitHub {
    use tollgate::publish::{GitHub, Patience, Pause, Server, Token};
    let server = Server { api_url: double.address(), repository: REPOSITORY.to_owned() };
    let patience = Patience { answer: Duration::from_secs(2), pause: Pause::Skip, ..Patience::default() };
    GitHub::connect_with(&server, &Token::new("ghs_test").expect("a token"), patience).expect("an address")
}

#[test]
fn it_complains_about_a_wrong_request() {
    let double = Double::start();
    let github = client(&double);
    let post = |route: &str, body: &Value| github.post::<_, Value>(&github.route(route), body, &|_| Ok(None)).map(drop);
    let annotation =
        json!({"path": "x", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"});
    let check = |output: Value| json!({"name": "x", "head_sha": "1", "output": output});
    let too_many = vec![annotation; 51];
    for (route, body, expected) in [
        ("issues/7/comments", json!({"text": "x"}), "\"body\" is a required property"),
        ("issues/7/comments", json!({"body": 7}), "is not of type"),
        ("issues/7/comments", json!({"body": "x", "colour": "red"}), "`colour`, which is not described"),
        ("issues/comments/7", json!({"body": "x"}), "there is no such route"),
        ("check-runs", check(json!({"title": "t", "summary": "s", "annotations": too_many})), "50 items"),
        ("check-runs", check(json!({"title": "t", "summary": "s".repeat(65_536)})), "65535 characters"),
        ("check-runs", check(json!({"title": "t"})), "\"summary\" is a required property"),
        ("statuses/abc", json!({"state": "fine"}), "is not one of"),
        ("wishes", json!({}), "there is no such route"),
    ] {
        assert!(post(route, &body).is_err(), "{route}");
        let wrong = double.take_wrong().join("\n");
        assert!(wrong.contains(expected), "{route}: {wrong}");
    }
    assert!(github.get::<Value>(&github.route("issues/7/comments?per_page=101&colour=red")).is_err());
    let wrong = double.take_wrong().join("\n");
    assert!(wrong.contains("more than 100") && wrong.contains("no parameter `colour`"), "{wrong}");
}

#[test]
fn it_complains_about_a_wrong_answer_of_its_own() {
    let double = Double::start();
    double.state(|state| state.spoil = Some(("GET", "/issues/{issue_number}/comments", json!([{"id": "seven"}]))));
    let _any = client(&double).get::<Value>("/repos/ada/engine/issues/7/comments");
    let wrong = double.take_wrong().join("\n");
    assert!(wrong.contains("answer: ") && wrong.contains("is not of type"), "{wrong}");
}

#[test]
#[should_panic(expected = "against GitHub's own description")]
fn what_goes_against_the_description_fails_the_test() {
    let double = Double::start();
    let _any = client(&double).get::<Value>("/repos/ada/engine/wishes");
}

#[test]
fn it_knows_the_limits_that_the_description_lacks() {
    let double = Double::start();
    let github = client(&double);
    let post = |length: usize| {
        let body = json!({"body": "é".repeat(length)});
        github.post::<_, Value>(&github.route("issues/7/comments"), &body, &|_| Ok(None))
    };
    assert!(post(65_536).is_ok());
    let error = post(65_537).unwrap_err();
    assert!(error.to_string().contains("too long (maximum is 65536 characters)"), "{error}");
}
