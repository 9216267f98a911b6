//! What is counted is what nginx wrote into its log: requests, statuses, and bytes in both directions.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tollgate::config::scenario::{Level, Load, Protocol};

use super::{Given, address, driven, held, load, milliseconds, step};

/// nginx with a folder of its own; it ends with this.
struct Nginx {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

const CONFIG: &str = r#"
worker_processes 1;
daemon off;
error_log stderr crit;
events { worker_connections 512; }
http {
    log_format counts "$status $bytes_sent $request_length";
    access_log counts.log counts;
    keepalive_requests 40;
    client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
    server {
        listen 127.0.0.1:PORT;
        root files;
        location = /none { return 204; }
        location = /moved { return 302 /hello; }
        location = /dynamic { ssi on; ssi_types *; default_type text/plain; alias files/dynamic; }
    }
}
"#;

impl Nginx {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("files");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("hello"), "Hello, world!").unwrap();
        fs::write(files.join("large"), vec![b'x'; 300_000]).unwrap();
        // Filled in as it is sent: nobody knows its length before.
        fs::write(files.join("dynamic"), "it is <!--#echo var=\"date_gmt\" --> and more\n".repeat(500)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        fs::write(folder.path().join("nginx.conf"), CONFIG.replace("PORT", &port.to_string())).unwrap();
        let nginx = ["/usr/sbin/nginx", "/opt/homebrew/bin/nginx"].into_iter().find(|path| Path::new(path).exists());
        let nginx = nginx.expect("nginx is installed (apt-get install nginx-light)");
        let child = Command::new(nginx)
            .args(["-e", "stderr", "-g", "pid nginx.pid;", "-c", "nginx.conf", "-p"])
            .arg(folder.path())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let (nginx, begin) = (Self { child, port, folder }, Instant::now());
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "nginx does not listen");
            std::thread::sleep(milliseconds(20));
        }
        nginx
    }

    /// Ends it once it has written its log: status → requests, bytes sent, bytes received.
    fn log(mut self) -> BTreeMap<u16, (u64, u64, u64)> {
        let asked = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success() && self.child.wait().unwrap().success());
        let mut counts = BTreeMap::new();
        for line in fs::read_to_string(self.folder.path().join("counts.log")).unwrap().lines() {
            let numbers: Vec<u64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
            let counted: &mut (u64, u64, u64) = counts.entry(u16::try_from(numbers[0]).unwrap()).or_default();
            *counted = (counted.0 + 1, counted.1 + numbers[1], counted.2 + numbers[2]);
        }
        counts
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// What came of a drive, in the form of the log.
fn agrees(load: &Load, stages: Given) -> u64 {
    let nginx = Nginx::start();
    let recorded = driven(load, vec![address(nginx.port, 1)], stages).unwrap();
    let log = nginx.log();
    let steps: Vec<_> = recorded.stretches.iter().flat_map(|stretch| stretch.steps.values()).collect();
    let mut statuses = BTreeMap::new();
    for (status, count) in steps.iter().flat_map(|step| &step.statuses) {
        *statuses.entry(*status).or_default() += count;
    }
    let logged: BTreeMap<u16, u64> = log.iter().map(|(status, counts)| (*status, counts.0)).collect();
    assert_eq!(statuses, logged);
    let sums = log.values().fold((0, 0), |sums, counts| (sums.0 + counts.1, sums.1 + counts.2));
    let bytes = steps.iter().fold((0, 0), |sums, step| (sums.0 + step.bytes_in, sums.1 + step.bytes_out));
    assert_eq!(bytes, sums);
    assert_eq!(steps.iter().map(|step| step.ended).sum::<u64>(), log.values().map(|counts| counts.0).sum::<u64>());
    recorded.reconnects
}

#[test]
fn requests_statuses_and_bytes_are_those_of_the_servers_log() {
    let steps = [
        ("GET", "/hello"),
        ("HEAD", "/hello"),
        ("GET", "/large"),
        ("GET", "/none"),
        ("GET", "/moved"),
        ("GET", "/dynamic"),
        ("POST", "/hello"),
    ];
    let steps: Vec<_> = steps.into_iter().map(|(method, path)| step(method, path)).collect();
    let reconnects = agrees(&load(steps.clone(), 4), held(Level::Rate(100.0), milliseconds(600)));
    // 40 requests a connection.
    assert!(reconnects >= 4, "{reconnects}");
    assert!(agrees(&load(steps, 4), held(Level::Users(4.0), milliseconds(400))) > 0);
    let mut once = load(vec![step("GET", "/hello"), step("GET", "/absent")], 4);
    once.connections.protocol = Protocol::Http1Close;
    assert_eq!(agrees(&once, held(Level::Rate(200.0), milliseconds(400))), 0);
}
