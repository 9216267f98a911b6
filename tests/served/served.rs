//! A service for tests whose behaviour is known: how fast it is, when it stalls, what it can take, what it leaks, how it dies. A thread a connection, the
//! standard library alone. Not a part of Tollgate.
//!
//! `served port=8080 slots=8 work-ms=10`: see [`Script`] for all words. Paths: `/status/<code>`, `/sleep/<ms>`, `/bytes/<count>`, `/echo`, `/json`, `/cookie`,
//! `/redirect/<times>`, `/count`, `/metrics` where told; everything else answers `Hello, world!`.
#![expect(clippy::disallowed_methods, reason = "serves, waits and looks at the clock")]
#![expect(clippy::print_stdout, reason = "says that it is ready, as services do")]

mod script;
mod talk;

use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use script::{Script, State};

/// Ends by itself after this time, should nobody end it.
const LIFE: Duration = Duration::from_mins(10);

fn main() -> ExitCode {
    let script = match Script::parse(std::env::args().skip(1)) {
        Ok(script) => script,
        Err(word) => {
            println!("served: what is {word}?");
            return ExitCode::from(2);
        }
    };
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        std::process::exit(3);
    });
    if script.ignore_term && ctrlc::set_handler(|| ()).is_err() {
        return ExitCode::FAILURE;
    }
    if script.exit_at_once {
        println!("served: cannot open its database");
        return ExitCode::from(7);
    }
    if script.fork {
        // A process of its own group member that outlives a careless parent.
        let _child = std::process::Command::new("sleep").arg("600").spawn();
    }
    if script.never_ready {
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    std::thread::sleep(Duration::from_millis(script.ready_after_ms));
    let listener = match TcpListener::bind(("127.0.0.1", script.port)) {
        Ok(listener) => listener,
        Err(error) => {
            println!("served: port {}: {error}", script.port);
            return ExitCode::from(4);
        }
    };
    println!("served: listening on {}", listener.local_addr().map_or(0, |address| address.port()));
    flood(script.log_mib);
    let state = Arc::new(State::new(script));
    for stream in listener.incoming().flatten() {
        let state = Arc::clone(&state);
        // Without a thread the connection is closed: the client sees it.
        let _thread = std::thread::Builder::new().stack_size(128 << 10).spawn(move || serve(&stream, &state));
    }
    ExitCode::SUCCESS
}

fn flood(mib: u64) {
    let line = "a line of a log that says nothing, sixty-four characters long...\n".repeat(16);
    std::thread::spawn(move || {
        for _ in 0..mib * 1024 {
            print!("{line}");
        }
    });
}

fn serve(stream: &TcpStream, state: &State) {
    // Without it replies wait for acknowledgements.
    let _set = stream.set_nodelay(true);
    // A client that goes away is no event.
    let _gone = talk::talk(stream, state);
}
