//! A service from its start to its end: that it is awaited, watched and stopped, and that nothing of it stays behind whatever it does.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tollgate::config::probe::Probes;
use tollgate::config::scenario::Origin;
use tollgate::config::service::{Readiness, Service};
use tollgate::measure::load::record::Amount;
use tollgate::measure::service::{Running, ServiceError};
use tollgate::measure::suite::Place;

use crate::harness::served;
use crate::processes::{gone, surroundings};

/// Longer than anything here takes, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A service that is a shell script and says `listening` when it is ready.
pub(super) fn script(text: &str) -> Service {
    Service {
        name: super::name("web"),
        build: Vec::new(),
        start: ["sh", "-c", text].map(str::to_owned).to_vec(),
        directory: PathBuf::from("."),
        environment: BTreeMap::new(),
        ready: Readiness::Log("listening".to_owned()),
        ready_within: PATIENCE,
        health: None,
        stop_within: Duration::from_secs(5),
        instances: 1,
        cpus: BTreeSet::new(),
        log_bytes_max: 1 << 20,
        probes: Probes::default(),
    }
}

/// A folder for one arm.
pub(crate) struct Arm {
    folder: TempDir,
    pub(crate) place: Place,
}

/// A new one.
pub(crate) fn arm() -> Arm {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let place = Place { root: at("root"), target: at("target"), scratch: at("scratch") };
    for folder in [&place.root, &place.target, &place.scratch] {
        std::fs::create_dir_all(folder).unwrap();
    }
    Arm { folder, place }
}

impl Arm {
    pub(super) fn start(&self, service: &Service) -> Result<Running, ServiceError> {
        Running::start(service, &self.place, &surroundings())
    }

    /// What the service wrote to a file in its folder, once it is there.
    pub(crate) fn wrote(&self, name: &str) -> String {
        let path = self.folder.path().join("root").join(name);
        wait_for(|| std::fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n')))
    }
}

/// Waits until there is something.
#[track_caller]
pub(super) fn wait_for<T>(look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "nothing came");
        std::thread::yield_now();
    }
}

/// The trouble that ends the run of a service.
#[track_caller]
fn trouble(running: &Running) -> ServiceError {
    let over = running.over();
    wait_for(|| over.is_set().then_some(()));
    running.trouble().expect("nobody wanted to stop")
}

/// Requires that processes end.
#[track_caller]
pub(crate) fn all_gone(pids: &str) {
    for pid in pids.split_whitespace() {
        assert!(gone(pid), "{pid} is still there");
    }
}

#[test]
fn a_service_is_awaited_asked_to_end_and_may_clean_up() {
    let arm = arm();
    let tidy =
        script("trap 'echo cleaned > done; exit 0' TERM; echo $$ > pid; echo listening; while :; do sleep 0.05; done");
    let running = arm.start(&tidy).unwrap();
    let [address] = running.addresses().try_into().unwrap();
    assert!(matches!(&address.origin, Origin::Tcp { tls: false, host, port: 1.. } if host == "127.0.0.1"));
    assert_eq!((running.trouble(), running.over().is_set()), (None, false));
    assert_eq!(running.stop(), Ok(()));
    assert_eq!(arm.wrote("done"), "cleaned\n");
    all_gone(&arm.wrote("pid"));
}

#[test]
fn what_stands_in_braces_is_each_instances_own() {
    let arm = arm();
    let mut two = script(
        "echo \"$0 $1 $WHERE $CARGO_TARGET_DIR\" > start-$0; ls \"$WHERE\" | wc -l > files-$0; touch \"$WHERE/x\"; echo listening; exec sleep 1000",
    );
    two.start.extend(["{instance}".to_owned(), "{port}".to_owned()]);
    two.environment = BTreeMap::from([("WHERE".to_owned(), "{scratch}".to_owned())]);
    two.instances = 2;
    let mut ports = BTreeSet::new();
    for _round in 0..2 {
        let running = arm.start(&two).unwrap();
        for (number, address) in running.addresses().iter().enumerate() {
            let Origin::Tcp { port, .. } = address.origin else { unreachable!("a port") };
            let at = |folder: &Path| folder.display().to_string();
            let scratch = at(&arm.place.scratch.join(format!("instance-{number:02}")));
            let said = format!("{number} {port} {scratch} {}\n", at(&arm.place.target));
            assert_eq!(arm.wrote(&format!("start-{number}")), said);
            assert_eq!(arm.wrote(&format!("files-{number}")).trim(), "0", "emptied for each start");
            ports.insert(port);
        }
        running.stop().unwrap();
    }
    assert!(ports.len() >= 2, "{ports:?}");
}

#[test]
fn a_service_that_ends_before_it_is_ready_is_reported_at_once() {
    let began = Instant::now();
    let error = arm().start(&script("echo reading the config; echo no such table >&2; exit 3")).err().unwrap();
    assert!(began.elapsed() < PATIENCE / 2);
    assert_eq!(error.to_string(), "start service `web` (exit status 3 before it was ready)");
    assert_eq!(error.tail(), "reading the config\nno such table");
    assert!(error.hint().unwrap().contains("foreground"));
}

#[test]
fn a_service_that_is_never_ready_is_ended_at_its_deadline() {
    let arm = arm();
    let mut never = script("echo $$ > pid; echo starting; exec sleep 1000");
    never.ready_within = Duration::from_millis(1500);
    let error = arm.start(&never).err().unwrap();
    assert_eq!(
        error.to_string(),
        "start service `web` (not ready within 2 s: no line of its output holds `listening`)"
    );
    assert_eq!(error.tail(), "starting");
    all_gone(&arm.wrote("pid"));
    for (ready, last) in [
        (Readiness::Tcp, "no connection to 127.0.0.1:"),
        (Readiness::Http { path: "/ready".to_owned(), status: 200 }, "no connection to 127.0.0.1:"),
    ] {
        let error =
            arm.start(&Service { ready, ready_within: Duration::from_millis(100), ..never.clone() }).err().unwrap();
        assert!(error.to_string().contains(last), "{error}");
    }
}

#[test]
fn a_program_that_is_not_there_or_not_executable_is_named() {
    let arm = arm();
    let start = |program: &str| {
        let start = vec![program.to_owned()];
        arm.start(&Service { start, ..script("") }).err().unwrap()
    };
    let missing = start("no-such-server");
    assert_eq!(missing.to_string(), "start service `web` (`no-such-server` not found)");
    assert!(missing.hint().unwrap().contains("install `no-such-server`"));
    std::fs::write(arm.place.root.join("data"), "x").unwrap();
    assert_eq!(start("./data").to_string(), "start service `web` (`./data` is not executable)");
    let elsewhere = Service { directory: PathBuf::from("gone"), ..script("") };
    assert!(matches!(arm.start(&elsewhere).err().unwrap(), ServiceError::Start { .. }));
}

#[test]
fn a_service_that_is_killed_under_load_is_seen_with_its_last_words() {
    let arm = arm();
    let running = arm.start(&script("echo $$ > pid; echo listening; echo last words >&2; exec sleep 1000")).unwrap();
    let pid = arm.wrote("pid");
    let killed = std::process::Command::new("kill").args(["-9", pid.trim()]).status().unwrap();
    assert!(killed.success());
    let error = trouble(&running);
    assert_eq!(error.to_string(), "keep service `web` running (ended by signal 9 under load)");
    assert_eq!(error.tail(), "listening\nlast words");
    assert_eq!(running.stop(), Ok(()), "nothing is left");
}

#[test]
fn an_instance_among_several_is_named() {
    let arm = arm();
    let mut two = script("echo listening; [ $0 = 1 ] && exit 4; exec sleep 1000");
    two.start.push("{instance}".to_owned());
    two.instances = 2;
    let error = match arm.start(&two) {
        Ok(running) => trouble(&running),
        Err(error) => error,
    };
    assert!(
        error.to_string().contains("service `web` (instance 1)") && error.to_string().contains("exit status 4"),
        "{error}"
    );
}

#[test]
fn a_service_that_writes_gigabytes_is_stopped_and_not_kept() {
    let arm = arm();
    let running = arm.start(&script("echo $$ > pid; echo listening; exec yes \"$(printf 'no\\033[2J')\"")).unwrap();
    let error = trouble(&running);
    assert_eq!(error.to_string(), "keep service `web` within its log (more than 1048576 bytes of output)");
    assert!(error.tail().ends_with("no\u{fffd}[2J") && error.tail().len() < 10_000, "{}", error.tail());
    running.stop().unwrap();
    all_gone(&arm.wrote("pid"));
}

#[test]
fn what_a_service_starts_ends_with_it() {
    let arm = arm();
    // A child, a grandchild without a parent, one that ignores the request.
    let busy = "sleep 1000 & echo $! >> pids; (sleep 1000 & echo $! >> pids); sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' & echo $! >> pids; \
                echo $$ >> pids; echo listening; wait";
    let running = arm.start(&Service { stop_within: Duration::from_millis(200), ..script(busy) }).unwrap();
    running.stop().unwrap();
    let pids = arm.wrote("pids");
    assert_eq!(pids.lines().count(), 4);
    all_gone(&pids);
}

#[test]
#[cfg(target_os = "linux")]
fn a_daemon_with_a_session_of_its_own_ends_too() {
    let arm = arm();
    let daemons = "setsid sleep 1000 & (setsid sh -c 'echo $$ >> pids; exec sleep 1000' &); echo $$ >> pids; \
                   while [ $(wc -l < pids) -lt 2 ]; do sleep 0.02; done; echo listening; exec sleep 1000";
    for deaf in ["", "trap '' TERM; "] {
        let service = Service { stop_within: Duration::from_millis(200), ..script(&format!("{deaf}{daemons}")) };
        arm.start(&service).unwrap().stop().unwrap();
        all_gone(&arm.wrote("pids"));
        drop(arm.start(&service).unwrap());
        all_gone(&arm.wrote("pids"));
    }
}

#[test]
fn a_service_that_ignores_the_request_to_end_is_made_to_end() {
    let arm = arm();
    let deaf = Service {
        stop_within: Duration::from_millis(200),
        ..script("trap '' TERM; echo $$ > pid; echo listening; while :; do sleep 1000; done")
    };
    let began = Instant::now();
    arm.start(&deaf).unwrap().stop().unwrap();
    assert!(began.elapsed() < PATIENCE / 2);
    all_gone(&arm.wrote("pid"));
}

#[test]
fn the_users_wish_to_stop_ends_the_wait_and_the_service() {
    let arm = arm();
    let surroundings = surroundings();
    let (stop, place) = (surroundings.stop.clone(), arm.place.clone());
    let (sender, result) = channel();
    let worker = std::thread::spawn(move || {
        let slow = script("echo $$ > pid; exec sleep 1000");
        sender.send(Running::start(&slow, &place, &surroundings).map(drop)).unwrap();
    });
    let pid = arm.wrote("pid");
    stop.set();
    assert_eq!(result.recv_timeout(PATIENCE), Ok(Err(ServiceError::Stopped)));
    worker.join().unwrap();
    all_gone(&pid);
}

#[test]
fn what_drives_load_is_told_that_the_user_wants_to_stop() {
    let arm = arm();
    let surroundings = surroundings();
    let running = Running::start(&script("echo listening; exec sleep 1000"), &arm.place, &surroundings).unwrap();
    let over = running.over();
    assert!(!over.is_set());
    surroundings.stop.set();
    assert!(over.is_set());
    assert_eq!(running.stop(), Ok(()));
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_service_uses_is_seen_with_its_children_and_without_its_keeper() {
    let arm = arm();
    let busy = "(i=0; while [ $i -lt 3000000 ]; do i=$((i+1)); done; echo done > done; exec sleep 1000) & echo listening; wait";
    let running = arm.start(&script(busy)).unwrap();
    arm.wrote("done");
    running.counts_from_now();
    let enough = running.usage().points.len() + 2;
    wait_for(|| (running.usage().points.len() >= enough).then_some(()));
    running.load_ended();
    let usage = running.usage();
    let (first, last) = (usage.points.first().unwrap(), usage.points.last().unwrap());
    assert!(first.seconds < 0.0 && last.seconds > 0.0, "{first:?} {last:?}");
    assert_eq!((last.threads, last.descriptors >= 6), (2, true), "{last:?}");
    assert!((10_000..50_000_000).contains(&last.anonymous_bytes), "{last:?}");
    assert!(last.resident_bytes > last.anonymous_bytes, "{last:?}");
    assert!(usage.proportional_bytes.is_some_and(|bytes| bytes < last.resident_bytes), "{usage:?}");
    // The child was busy before what counts began, and sleeps since.
    assert!(usage.amounts[&Amount::Cpu] < 0.1, "{usage:?}");
    running.stop().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_service_runs_on_the_cores_that_it_is_given() {
    let arm = arm();
    let allowed = "grep Cpus_allowed_list /proc/self/status > cpus; echo listening; exec sleep 1000";
    let mut pinned = script(allowed);
    pinned.cpus = BTreeSet::from([0]);
    arm.start(&pinned).unwrap().stop().unwrap();
    assert_eq!(arm.wrote("cpus").split_whitespace().last(), Some("0"));
    pinned.cpus = BTreeSet::from([1000]);
    let error = arm.start(&pinned).err().unwrap();
    assert!(error.to_string().starts_with("start service `web` (it cannot run on core 1000: "), "{error}");
}

/// A real service that listens on its port.
pub(crate) fn serving(words: &[&str]) -> Service {
    let start = [served(), "port={port}".to_owned()];
    let words = words.iter().map(|&word| word.to_owned());
    Service { start: start.into_iter().chain(words).collect(), ready: Readiness::Tcp, ..script("") }
}

fn http(path: &str) -> Readiness {
    Readiness::Http { path: path.to_owned(), status: 200 }
}

#[test]
fn a_real_service_is_awaited_by_its_port_or_by_an_answer() {
    let arm = arm();
    for ready in [Readiness::Tcp, http("/"), Readiness::Log("listening on".to_owned())] {
        let running = arm.start(&Service { ready, ..serving(&["ready-after-ms=300", "fork=1"]) }).unwrap();
        assert_eq!(running.trouble(), None);
        assert_eq!(running.stop(), Ok(()));
    }
    let unwell = Service { ready: http("/status/503"), ready_within: Duration::from_millis(500), ..serving(&[]) };
    let error = arm.start(&unwell).err().unwrap().to_string();
    assert_eq!(error, "start service `web` (not ready within 1 s: `GET /status/503` answered 503, not 200)");
}

#[test]
fn a_real_service_that_gives_up_says_why() {
    let error = arm().start(&serving(&["exit-at-once=1"])).err().unwrap();
    assert_eq!(error.to_string(), "start service `web` (exit status 7 before it was ready)");
    assert_eq!(error.tail(), "served: cannot open its database");
}

#[test]
fn a_service_is_asked_for_its_health_while_it_runs() {
    let arm = arm();
    let sick = Service { health: Some("/status/500".to_owned()), ..serving(&[]) };
    let well = Service { health: Some("/health".to_owned()), ..serving(&[]) };
    let [sick, well] = [sick, well].map(|service| arm.start(&service).unwrap());
    let error = trouble(&sick);
    assert_eq!(
        error.to_string(),
        "keep service `web` healthy (3 checks in a row failed: `GET /status/500` answered 500)"
    );
    assert_eq!((well.trouble(), well.over().is_set()), (None, false));
    sick.stop().unwrap();
    well.stop().unwrap();
}
