//! What a real service takes for its load, and what of that it gives back.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use tollgate::config::scenario::Origin;
use tollgate::measure::load::record::{Amount, Left, Usage};
use tollgate::measure::service::{Running, ServiceError};
use tollgate::measure::surroundings::Surroundings;

use super::services::{arm, serving, wait_for};
use crate::processes::surroundings;

/// A connection to the service.
fn connect(running: &Running) -> TcpStream {
    let [address] = running.addresses().try_into().unwrap();
    let Origin::Tcp { port, .. } = address.origin else { unreachable!("a port") };
    TcpStream::connect(("127.0.0.1", port)).unwrap()
}

/// So many requests on one connection, one after the other.
fn ask(stream: &mut TcpStream, times: u32) {
    for _ in 0..times {
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut reply = [0; 400];
        assert!(stream.read(&mut reply).unwrap() > 0);
    }
}

/// What a service that is told this used for 200 requests after one of a warm-up, with rest until everything is back or the time is over, and how long that took.
fn used(words: &[&str], rest: Duration, surroundings: &Surroundings) -> Result<(Usage, Duration), ServiceError> {
    let arm = arm();
    let running = Running::start(&serving(words), &arm.place, surroundings)?;
    let mut stream = connect(&running);
    ask(&mut stream, 1);
    running.counts_from_now();
    // What it opens before it is looked at is taken for its own.
    wait_for(|| running.usage().points.last().is_some_and(|point| point.seconds > 0.0).then_some(()));
    ask(&mut stream, 200);
    running.load_ended();
    drop(stream);
    let began = Instant::now();
    running.rest(rest);
    let took = began.elapsed();
    let usage = running.usage();
    let _wanted_to_stop = running.stop();
    Ok((usage, took))
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_service_that_gives_everything_back_does_not_have_to_rest_long() {
    // Half a dozen descriptors are opened at the first request and kept, as a pool does.
    let (usage, took) = used(&["keep-descriptors=6"], LONG, &surroundings()).unwrap();
    assert_eq!(usage.left, Some(Left { descriptors: 0, threads: 0, connections: Some(0) }));
    assert!(took < LONG / 2, "{took:?}");
    assert!(usage.counted_s.is_some_and(|seconds| seconds > 0.0), "{usage:?}");
    let cpu = usage.amounts[&Amount::Cpu];
    assert!(cpu > 0.0 && cpu < 10.0, "{usage:?}");
    assert!(usage.amounts[&Amount::Waits] > 0.0, "it waits for each request: {usage:?}");
    // Connections of others on this machine may leave it unsaid.
    assert!(usage.amounts.get(&Amount::Opened).is_none_or(|opened| *opened < 0.5), "{usage:?}");
}

#[test]
fn what_is_not_given_back_is_left_when_the_rest_is_over() {
    let (usage, took) = used(&["leak-descriptors-every=2"], Duration::from_secs(1), &surroundings()).unwrap();
    assert_eq!(usage.left, Some(Left { descriptors: 100, threads: 0, connections: Some(0) }));
    assert!(took >= Duration::from_secs(1), "{took:?}");
    let (usage, _) = used(&["leak-descriptors-every=2"], Duration::ZERO, &surroundings()).unwrap();
    assert_eq!(usage.left, None, "nobody looked");
}

#[test]
fn the_users_wish_to_stop_ends_the_rest() {
    let surroundings = surroundings();
    let stop = surroundings.stop.clone();
    let (usage, took) = std::thread::scope(|scope| {
        let used = scope.spawn(|| used(&["leak-descriptors-every=2"], LONG, &surroundings));
        std::thread::sleep(Duration::from_secs(1));
        stop.set();
        used.join().unwrap().unwrap()
    });
    assert!(took < LONG / 2, "{took:?}");
    assert!(usage.left.is_none_or(|left| left.descriptors > 0), "{usage:?}");
}

#[test]
fn a_service_that_keeps_no_connection_to_others_is_seen() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let call = format!("call={port}");
    // What it connects to holds each connection for a moment, as a database does that answers.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::sleep(Duration::from_millis(2));
            drop(stream);
        }
    });
    // It holds each for so long that one of the looks, one a second, sees where it goes.
    let (usage, _) = used(&[&call, "hold-us=20000"], Duration::ZERO, &surroundings()).unwrap();
    let opened = usage.amounts.get(&Amount::Opened).copied().unwrap();
    assert!((150.0..=201.0).contains(&opened), "{usage:?}");
}
