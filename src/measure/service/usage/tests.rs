//! Real processes, as `/proc` shows them.
#![expect(clippy::disallowed_methods, reason = "starts processes and waits for them")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::*;
use crate::measure::load::record::SocketState;

/// A shell that runs a script as a child of its own, ended when dropped.
struct Script(Child);

impl Script {
    fn start(text: &str) -> Self {
        let mut child = Command::new("sh")
            // The outer shell is the root; the script is its child.
            .args(["-c", "sh -c \"$1\"; exit 0", "sh", text])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The shell says there that what it started was killed.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }

    fn root(&self) -> [u32; 1] {
        [self.0.id()]
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        for pid in descendants(self.0.id()) {
            let _gone = Command::new("kill").args(["-KILL", &pid.to_string()]).status();
        }
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Waits until there is something.
#[track_caller]
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "nothing came");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_tree_is_looked_at_without_its_root() {
    let script = Script::start("exec 7</dev/null 8</dev/null 9</dev/null; sleep 1000 & echo ready; wait");
    let used = Trees::default().used(&script.root(), &[]).unwrap();
    assert_eq!(used.threads, 2, "{used:?}");
    assert!(used.descriptors >= 6 + 6, "{used:?}");
    assert!(used.resident_bytes > used.anonymous_bytes && used.anonymous_bytes > 0, "{used:?}");
    let shared = proportional_bytes(&script.root()).unwrap();
    assert!(shared > 0 && shared < used.resident_bytes, "{shared} of {used:?}");
    assert_eq!(Trees::default().used(&[u32::MAX], &[]), None);
    assert_eq!(Meter::default().look(&[u32::MAX], &[]), None);
    assert_eq!(proportional_bytes(&[u32::MAX]), None);
}

#[test]
fn what_adds_up_is_that_of_all_that_ran_even_of_what_has_ended_since() {
    // Between the two looks a child works, writes to a disk and is gone.
    let work = "i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done";
    let script = Script::start(&format!("echo ready; read go; sh -c '{work}'; sleep 1000"));
    let mut meter = Meter::default();
    let before = meter.look(&script.root(), &[]).unwrap().amounts;
    let mut stdin = script.0.stdin.as_ref().unwrap();
    std::io::Write::write_all(&mut stdin, b"go\n").unwrap();
    wait_for(|| {
        let names = descendants(script.0.id()).into_iter();
        let mut names = names.map(|pid| std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default());
        names.any(|name| name == "sleep\n").then_some(())
    });
    let after = meter.look(&script.root(), &[]).unwrap().amounts;
    let added = |amount: Amount| after[&amount] - before[&amount];
    assert!(added(Amount::Cpu) > 0.05, "{before:?} {after:?}");
    assert!(added(Amount::MinorFaults) > 50.0, "{before:?} {after:?}");
    assert!(after.iter().all(|(amount, value)| value >= &before[amount]), "{before:?} {after:?}");
    assert!(after.contains_key(&Amount::RunQueue) && after.contains_key(&Amount::Waits), "{after:?}");
}

#[test]
fn cpu_time_is_finer_than_the_ticks_of_the_clock() {
    let script = Script::start("echo ready; while :; do sleep 0.01; done");
    let mut meter = Meter::default();
    let first = meter.look(&script.root(), &[]).unwrap().amounts[&Amount::Cpu];
    let later = wait_for(|| {
        let now = meter.look(&script.root(), &[])?.amounts[&Amount::Cpu];
        (now > first).then_some(now)
    });
    let ticks = (later - first) * rustix::param::clock_ticks_per_second() as f64;
    assert!((ticks - ticks.round()).abs() > 1e-6, "{first} {later}");
}

#[test]
fn a_tree_whose_child_dies_goes_on_and_one_that_is_gone_is_nothing() {
    let script = Script::start("sleep 1000 & echo ready; wait; exec sleep 1000");
    let (mut trees, mut meter) = (Trees::default(), Meter::default());
    let before = meter.look(&script.root(), &[]).unwrap();
    let all = wait_for(|| Some(descendants(script.0.id())).filter(|all| all.len() == 2));
    let sleeping = *all.last().unwrap();
    assert!(Command::new("kill").args(["-KILL", &sleeping.to_string()]).status().unwrap().success());
    wait_for(|| trees.used(&script.root(), &[]).filter(|used| used.threads == 1));
    let after = meter.look(&script.root(), &[]).unwrap();
    assert!(after.amounts.iter().all(|(amount, value)| value >= &before.amounts[amount]), "{before:?} {after:?}");
    let root = script.root();
    drop(script);
    // A killed process goes when the system comes to it.
    wait_for(|| trees.used(&root, &[]).is_none().then_some(()));
    wait_for(|| meter.look(&root, &[]).is_none().then_some(()));
}

#[test]
fn connections_that_wait_to_be_accepted_are_seen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let waiting: Vec<_> = (0..3).map(|_| std::net::TcpStream::connect(address).unwrap()).collect();
    let script = Script::start("echo ready; exec sleep 1000");
    let used = Trees::default().used(&script.root(), &[address.port()]).unwrap();
    assert_eq!(used.not_accepted, Some(3));
    drop(waiting);
}

#[test]
fn sockets_that_a_service_inherits_are_its_own_and_so_are_places_it_is_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stream = std::net::TcpStream::connect(address).unwrap();
    let (_taken, _) = listener.accept().unwrap();
    let stdin = Stdio::from(std::os::fd::OwnedFd::from(stream.try_clone().unwrap()));
    let child = Command::new("sh").args(["-c", "sleep 1000; :"]).stdin(stdin).spawn().unwrap();
    let script = Script(child);
    let mut meter = Meter::default();
    let first = wait_for(|| meter.look(&script.root(), &[]));
    assert_eq!((first.by_state.get(&SocketState::Established), first.connections), (Some(&1), Some((1, 0))));
    // Somebody opens and closes five connections to the place that it is connected to: they wait for their end.
    let from = first.look;
    for _ in 0..5 {
        drop(std::net::TcpStream::connect(address).unwrap());
        drop(listener.accept().unwrap());
    }
    let later = meter.look(&script.root(), &[]).unwrap();
    assert_eq!(meter.opened(from, later.look).0, 5);
    assert!(later.by_state[&SocketState::TimeWait] >= 5, "{:?}", later.by_state);
}
