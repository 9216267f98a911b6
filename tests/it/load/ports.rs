//! The port of a service that others want too, and a service whose Tollgate is killed.
#![cfg(unix)]

use tollgate::config::scenario::Origin;
use tollgate::config::service::Service;

use super::services::{all_gone, arm, script, wait_for};

#[test]
fn a_port_that_somebody_took_first_is_replaced_by_another() {
    let arm = arm();
    let late = script(
        "[ -f port ] && echo listening && exec sleep 1000; echo $0 > port; while [ ! -f go ]; do sleep 0.01; done; exit 4",
    );
    let late = Service { start: [late.start, vec!["{port}".to_owned()]].concat(), ..late };
    let (running, taken) = std::thread::scope(|scope| {
        let running = scope.spawn(|| arm.start(&late));
        let port: u16 = arm.wrote("port").trim().parse().unwrap();
        let stranger = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
        std::fs::write(arm.place.root.join("go"), "").unwrap();
        let running = running.join().unwrap().unwrap();
        (running, stranger)
    });
    let Origin::Tcp { port, .. } = running.addresses()[0].origin else { unreachable!("a port") };
    assert_ne!(port, taken.local_addr().unwrap().port());
    running.stop().unwrap();
}

#[test]
fn a_port_that_is_still_taken_in_the_end_is_said_with_who_has_it() {
    let arm = arm();
    let running = arm.start(&script("echo listening; exec sleep 1000")).unwrap();
    let Origin::Tcp { port, .. } = running.addresses()[0].origin else { unreachable!("a port") };
    let _stranger = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let error = running.stop().unwrap_err();
    assert!(error.to_string().starts_with(&format!("stop service `web` (port {port} is still taken")), "{error}");
    if cfg!(target_os = "linux") {
        assert!(error.to_string().contains(&format!("(pid {})", std::process::id())), "{error}");
    }
}

#[test]
fn a_service_ends_when_tollgate_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report");
    let daemons = "(setsid sleep 1000 & echo $! >> pids); sleep 1000 & echo $! >> pids; echo $$ >> pids; wait";
    let mut keeper = std::process::Command::new(env!("CARGO_BIN_EXE_tollgate"));
    keeper.args(["__child", "--service", "--report"]).arg(&report).args(["--", "sh", "-c", daemons]);
    keeper.current_dir(folder.path()).stdin(std::process::Stdio::piped());
    let mut keeper = std::os::unix::process::CommandExt::process_group(&mut keeper, 0).spawn().unwrap();
    let pids = folder.path().join("pids");
    let pids = wait_for(|| std::fs::read_to_string(&pids).ok().filter(|text| text.lines().count() == 3));
    // What holds the other end of its standard input is gone.
    drop(keeper.stdin.take());
    keeper.wait().unwrap();
    all_gone(&if cfg!(target_os = "linux") { pids } else { pids.lines().skip(1).collect::<Vec<_>>().join(" ") });
}
