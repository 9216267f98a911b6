//! Every protocol against nginx: TLS with whom we trust and who we are, HTTP/2, Unix sockets; what its log says is what we counted.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tollgate::config::scenario::{Address, Body, Check, Connections, Extract, Load, Origin, Protocol, Step, Tls};
use tollgate::measure::load::record::{ErrorKind, Recorded};

use super::sent::{address, errors, flow, load, ready, record, starts, step};

/// Ends with the test.
struct Nginx {
    folder: TempDir,
    secure: u16,
    plain: u16,
    old: u16,
    child: Child,
}

/// Where nginx listens, as its configuration has it.
const CONFIGURATION: &str = r#"
daemon off; master_process off; pid FOLDER/pid; error_log FOLDER/error.log; worker_processes 1;
events { worker_connections 512; }
http {
  log_format seen '$server_protocol $status $bytes_sent $request_length $ssl_client_s_dn';
  access_log FOLDER/access.log seen;
  client_body_temp_path FOLDER/t1; proxy_temp_path FOLDER/t2; fastcgi_temp_path FOLDER/t3; uwsgi_temp_path FOLDER/t4; scgi_temp_path FOLDER/t5;
  keepalive_requests 10; default_type text/plain;
  ssl_certificate FOLDER/server.pem; ssl_certificate_key FOLDER/server.key; ssl_client_certificate FOLDER/ca.pem; ssl_verify_client optional;
  server {
    listen 127.0.0.1:SECURE ssl http2; listen unix:FOLDER/socket;
    location / { return 200 "hello"; }
    location = /large { root FOLDER; }
    location = /slow { limit_rate 250k; alias FOLDER/large; }
    location = /login { add_header set-cookie "sid=s1; Path=/"; add_header x-id "4 2"; return 200 "in"; }
    location = /me { return 200 "$http_cookie $arg_id $content_length $http_x_a"; }
    location = /mine { if ($ssl_client_verify != SUCCESS) { return 403; } return 200 "$ssl_client_s_dn"; }
  }
  server { listen 127.0.0.1:OLD ssl; location / { return 200 "hello"; } }
  server {
    listen 127.0.0.1:PLAIN http2; http2_max_concurrent_streams 2;
    location / { return 200 "hello"; }
    location = /slow { limit_rate 250k; alias FOLDER/large; }
  }
}
"#;

fn openssl(folder: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
    let output = output.expect("openssl is there: apt-get install openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn certificates(folder: &Path) {
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    for ca in ["ca", "other"] {
        openssl(folder, &format!("{new} -subj /CN={ca} -keyout {ca}.key -out {ca}.pem"));
    }
    let signed = format!("{new} -CA ca.pem -CAkey ca.key -addext basicConstraints=critical,CA:FALSE");
    let names = "-addext subjectAltName=DNS:localhost,DNS:shop.test";
    openssl(folder, &format!("{signed} {names} -subj /CN=server -keyout server.key -out server.pem"));
    openssl(folder, &format!("{signed} -subj /CN=tester -keyout client.key -out client.pem"));
}

fn free_ports() -> [u16; 3] {
    let listeners = [0; 3].map(|port| TcpListener::bind(("127.0.0.1", port)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

impl Nginx {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let [secure, plain, old] = free_ports();
        let configuration = CONFIGURATION
            .replace("FOLDER", folder.path().to_str().unwrap())
            .replace("SECURE", &secure.to_string())
            .replace("PLAIN", &plain.to_string())
            .replace("OLD", &old.to_string());
        fs::write(folder.path().join("nginx.conf"), configuration).unwrap();
        fs::write(folder.path().join("large"), vec![b'x'; 300_000]).unwrap();
        let program = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let mut command = Command::new(program);
        command.arg("-e").arg(folder.path().join("error.log")).arg("-c").arg(folder.path().join("nginx.conf"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("nginx is there: apt-get install nginx-light");
        let nginx = Self { folder, secure, plain, old, child };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", plain)).is_err() || UnixStream::connect(nginx.socket()).is_err() {
            assert!(Instant::now() < until, "nginx did not start: {}", nginx.read("error.log"));
            std::thread::yield_now();
        }
        nginx
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    /// Lines of the log by what they say, and how often they say it; empties it.
    fn seen(&self) -> BTreeMap<String, u32> {
        let mut seen = BTreeMap::new();
        for line in self.read("access.log").lines() {
            let words: Vec<&str> = line.split(' ').collect();
            *seen.entry(format!("{} {}", words[0], words[1])).or_default() += 1;
        }
        fs::write(self.folder.path().join("access.log"), "").unwrap();
        seen
    }

    fn secure(&self) -> Address {
        address(true, "localhost", self.secure)
    }

    fn drive(&self, load: &Load, to: Address) -> Result<Recorded, String> {
        let work = ready(load, vec![to], self.folder.path(), &[]).map_err(|error| error.to_string())?;
        starts(&work, 30).map_err(|error| error.to_string().replace(&self.secure.to_string(), "PORT"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).unwrap();
    }
}

fn trusting() -> Tls {
    Tls { ca: Some(PathBuf::from("ca.pem")), ..Tls::default() }
}

fn get(path: &str, protocol: Protocol, tls: Tls) -> Load {
    let connections = Connections { count: 4, streams: 1, protocol, tls };
    Load { connections, ..load(vec![flow(vec![step("get", path)])]) }
}

#[test]
fn every_protocol_reaches_a_real_server_and_counts_as_it_does() {
    let nginx = Nginx::start();
    let plain = || address(false, "127.0.0.1", nginx.plain);
    let socket = || Address { origin: Origin::Unix(nginx.socket()), weight: 1 };
    for (to, protocol, tls, version) in [
        (nginx.secure(), Protocol::Http1, trusting(), "HTTP/1.1"),
        (nginx.secure(), Protocol::Http1Close, trusting(), "HTTP/1.1"),
        (nginx.secure(), Protocol::Http2, trusting(), "HTTP/2.0"),
        (plain(), Protocol::Http2, Tls::default(), "HTTP/2.0"),
        (socket(), Protocol::Http1, Tls::default(), "HTTP/1.1"),
    ] {
        let recorded = nginx.drive(&get("/", protocol, tls), to).unwrap();
        assert_eq!(errors(&recorded), BTreeMap::new(), "{version}");
        assert_eq!(record(&recorded, "get").ended, 30);
        assert_eq!(record(&recorded, "get").statuses, BTreeMap::from([(200, 30)]));
        assert_eq!(nginx.seen(), BTreeMap::from([(format!("{version} 200"), 30)]));
        let closes = protocol == Protocol::Http1Close;
        assert_eq!(recorded.reconnects > 0, !closes, "nginx ends a connection after ten requests");
    }
}

#[test]
fn bytes_are_those_that_the_server_counted() {
    let nginx = Nginx::start();
    let recorded = nginx.drive(&get("/large", Protocol::Http1, trusting()), nginx.secure()).unwrap();
    let log = nginx.read("access.log");
    let sum = |at: usize| log.lines().map(|line| line.split(' ').nth(at).unwrap().parse::<u64>().unwrap()).sum::<u64>();
    assert_eq!((record(&recorded, "get").bytes_in, record(&recorded, "get").bytes_out), (sum(2), sum(3)));
    let recorded = nginx.drive(&get("/large", Protocol::Http2, trusting()), nginx.secure()).unwrap();
    let body = 30 * 300_000;
    let bytes = record(&recorded, "get").bytes_in;
    assert!((body..body + body / 100).contains(&bytes), "{bytes} bytes of frames for {body} of bodies");
}

#[test]
fn a_client_certificate_says_who_we_are() {
    let nginx = Nginx::start();
    let client = Some((PathBuf::from("client.pem"), PathBuf::from("client.key")));
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let known = get("/mine", protocol, Tls { client: client.clone(), ..trusting() });
        assert_eq!(errors(&nginx.drive(&known, nginx.secure()).unwrap()), BTreeMap::new());
        assert!(
            nginx.read("access.log").lines().all(|line| line.ends_with(" CN=tester")),
            "{}",
            nginx.read("access.log")
        );
        assert_eq!(nginx.seen().values().sum::<u32>(), 30);
        let unknown = nginx.drive(&get("/mine", protocol, trusting()), nginx.secure()).unwrap();
        assert_eq!(errors(&unknown), BTreeMap::from([(ErrorKind::Status, 30)]));
        assert_eq!(nginx.seen().values().sum::<u32>(), 30);
    }
}

#[test]
fn a_server_that_is_not_who_it_says_gets_nothing() {
    let nginx = Nginx::start();
    let refused = |tls, host: &str| {
        nginx.drive(&get("/", Protocol::Http1, tls), address(true, host, nginx.secure)).map(|_| ()).unwrap_err()
    };
    let other = Tls { ca: Some(PathBuf::from("other.pem")), ..Tls::default() };
    let unknown = "connect to https://localhost:PORT: TLS: invalid peer certificate: UnknownIssuer";
    assert_eq!(refused(other, "localhost"), unknown);
    assert!(refused(trusting(), "127.0.0.1").contains("TLS: invalid peer certificate: certificate not valid for name"));
    assert_eq!(nginx.seen(), BTreeMap::new());
    // The name on the certificate may be another than the one that is dialled.
    let named = Tls { server_name: Some("shop.test".to_owned()), ..trusting() };
    let recorded = nginx.drive(&get("/", Protocol::Http1, named), address(true, "127.0.0.1", nginx.secure)).unwrap();
    assert_eq!(errors(&recorded), BTreeMap::new());
}

#[test]
fn files_of_tls_that_cannot_be_used_are_said_before_anything_is_sent() {
    let nginx = Nginx::start();
    let problem = |tls| nginx.drive(&get("/", Protocol::Http1, tls), nginx.secure()).map(|_| ()).unwrap_err();
    let file = |name: &str| PathBuf::from(name);
    let missing =
        Tls { ca: Some(file("no.pem")), client: Some((file("ca.key"), file("client.pem"))), server_name: None };
    let words = "prepare the load (`no.pem` cannot be read: No such file or directory (os error 2); `ca.key` holds no certificate in PEM)";
    assert_eq!(problem(missing), words);
    let mixed = Tls { client: Some((file("client.pem"), file("other.key"))), ..trusting() };
    assert!(problem(mixed).starts_with("prepare the load (the client certificate and its key cannot be used: "));
    let odd = Tls { server_name: Some("not a name".to_owned()), ..trusting() };
    assert!(problem(odd).ends_with(": `not a name` is no name that a certificate could hold)"));
}

#[test]
fn a_server_without_http2_is_named_as_such() {
    let nginx = Nginx::start();
    let old = address(true, "localhost", nginx.old);
    let error = nginx.drive(&get("/", Protocol::Http2, trusting()), old).map(|_| ()).unwrap_err();
    let words = format!(
        "connect to https://localhost:{}: the server does not offer the protocol that was asked for",
        nginx.old
    );
    assert_eq!(error, words);
    // Without TLS nobody can be asked; the first request shows it.
    let socket = Address { origin: Origin::Unix(nginx.socket()), weight: 1 };
    let recorded = nginx.drive(&get("/", Protocol::Http2, Tls::default()), socket).unwrap();
    assert_eq!(errors(&recorded), BTreeMap::from([(ErrorKind::Connect, 30)]));
}

#[test]
fn a_body_that_is_too_long_is_an_error() {
    let nginx = Nginx::start();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let load = Load { reply_bytes_max: 299_999, ..get("/large", protocol, trusting()) };
        let recorded = nginx.drive(&load, nginx.secure()).unwrap();
        assert_eq!(errors(&recorded), BTreeMap::from([(ErrorKind::Connect, 30)]));
    }
}

#[test]
fn a_flow_is_the_same_over_every_protocol() {
    let nginx = Nginx::start();
    fs::write(nginx.folder.path().join("upload"), vec![7; 500_000]).unwrap();
    for protocol in [Protocol::Http1, Protocol::Http1Close, Protocol::Http2] {
        let login = Step {
            extract: BTreeMap::from([("id".to_owned(), Extract::Header("x-id".to_owned()))]),
            ..step("log in", "/login")
        };
        let send = Step {
            method: "POST".to_owned(),
            headers: vec![("X-A".to_owned(), "<{id}>".to_owned())],
            body: Body::File(PathBuf::from("upload")),
            checks: vec![Check::Contains("sid=s1 4%202 500000 <4 2>".to_owned())],
            ..step("send", "/me?id={id}")
        };
        let connections = Connections { count: 4, streams: 1, protocol, tls: trusting() };
        let load = Load { connections, ..load(vec![flow(vec![login, send])]) };
        let work = ready(&load, vec![nginx.secure()], nginx.folder.path(), &[]).unwrap();
        let recorded = starts(&work, 10).unwrap();
        assert_eq!((work.failed(), errors(&recorded)), (Vec::new(), BTreeMap::new()), "{protocol:?}");
        assert_eq!(record(&recorded, "send").ended, 10);
        // nginx answers before it has read the body, which it throws away; over HTTP/2 no more of it is sent then.
        let whole = record(&recorded, "send").bytes_out > 10 * 500_000;
        assert!(whole || protocol == Protocol::Http2, "{protocol:?}");
    }
}

/// Five starts in a twentieth of a second on one connection of so many streams: what came back, and the longest response.
fn on_one_connection(nginx: &Nginx, to: Address, path: &str, streams: u32) -> (Recorded, f64) {
    let tls = if to == nginx.secure() { trusting() } else { Tls::default() };
    let connections = Connections { count: 1, streams, protocol: Protocol::Http2, tls };
    let load = Load { connections, ..load(vec![flow(vec![step("get", path)])]) };
    let work = ready(&load, vec![to], nginx.folder.path(), &[]).unwrap();
    let recorded = starts(&work, 5).unwrap();
    assert_eq!((errors(&recorded), record(&recorded, "get").ended), (BTreeMap::new(), 5), "{streams} streams");
    let longest = record(&recorded, "get").response.quantile(1.0).unwrap();
    (recorded, longest)
}

#[test]
fn streams_of_a_connection_wait_for_nobody_but_the_server() {
    let nginx = Nginx::start();
    let slow = |to, streams| {
        let (recorded, longest) = on_one_connection(&nginx, to, "/slow", streams);
        assert_eq!((recorded.connections_opened, recorded.stretches[0].in_flight_max), (1, streams.into()));
        longest
    };
    let (alone, shared) = (slow(nginx.secure(), 1), slow(nginx.secure(), 5));
    assert!(3.0 * shared < alone, "{shared} s with five at a time, {alone} s one after the other");
    // nginx takes two at a time here; the others wait for it, and that is part of their response.
    let limited = slow(address(false, "127.0.0.1", nginx.plain), 5);
    assert!(2.0 * shared < limited, "{shared} s with five at a time, {limited} s with two");
    assert_eq!(nginx.seen(), BTreeMap::from([("HTTP/2.0 200".to_owned(), 15)]));
}

#[test]
fn a_shared_connection_that_the_server_ends_is_made_again_once() {
    let nginx = Nginx::start();
    let connections = Connections { count: 2, streams: 4, protocol: Protocol::Http2, tls: trusting() };
    let recorded = nginx.drive(&Load { connections, ..get("/", Protocol::Http2, trusting()) }, nginx.secure()).unwrap();
    assert_eq!((errors(&recorded), record(&recorded, "get").ended), (BTreeMap::new(), 30));
    assert_eq!(recorded.connections_opened, 2);
    // Ten requests a connection: two more for thirty, and one at the most that was closed at the end.
    assert!((1..=3).contains(&recorded.reconnects), "{}", recorded.reconnects);
}
