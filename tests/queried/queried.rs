//! A service for tests that asks MariaDB or MySQL: how many statements a request takes, and by which protocol, is known. One connection, opened at the start.
//! Not a part of Tollgate.
//!
//! `queried port=8080 protocol=prepared lists=many`: see [`Script`] for all words; the address of the database is in `DATABASE_URL`. Paths: `/list` gives the
//! names of ten owners, `/search` rows of a table that no index helps with; everything else answers `ok`.
#![expect(clippy::disallowed_methods, reason = "serves, and reads its variables")]
#![expect(clippy::print_stdout, reason = "says what it lacks, as services do")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts};
use tokio::runtime::Runtime;

/// Ends by itself after this time, should nobody end it.
const LIFE: Duration = Duration::from_mins(10);

/// What it was told.
#[derive(Clone, Copy, Default)]
struct Script {
    /// The port on loopback.
    port: u16,
    /// `protocol=prepared`: statements go by the binary protocol; else as text.
    prepared: bool,
    /// `lists=many`: `/list` asks for each owner alone; else for all at once.
    many: bool,
}

/// The one connection and what drives it.
struct Database {
    runtime: Runtime,
    connection: Conn,
    script: Script,
}

fn main() -> ExitCode {
    let mut script = Script::default();
    for word in std::env::args().skip(1) {
        match word.split_once('=') {
            Some(("port", port)) => script.port = port.parse().unwrap_or(0),
            Some(("protocol", protocol)) => script.prepared = protocol == "prepared",
            Some(("lists", lists)) => script.many = lists == "many",
            _ => {
                println!("queried: what is {word}?");
                return ExitCode::from(2);
            }
        }
    }
    match serve(script) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("queried: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::exit, reason = "its time is over, whatever it does")]
fn serve(script: Script) -> Result<(), Box<dyn std::error::Error>> {
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        std::process::exit(3);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let options = Opts::from_url(&std::env::var("DATABASE_URL")?)?;
    let connection = runtime.block_on(Conn::new(options))?;
    let database = Arc::new(Mutex::new(Database { runtime, connection, script }));
    let listener = TcpListener::bind(("127.0.0.1", script.port))?;
    for stream in listener.incoming() {
        let (stream, database) = (stream?, Arc::clone(&database));
        std::thread::spawn(move || talk(&stream, &database));
    }
    Ok(())
}

/// Answers the requests of one connection until it ends.
fn talk(stream: &TcpStream, database: &Mutex<Database>) -> Option<()> {
    let _small = stream.set_nodelay(true);
    let mut lines = BufReader::new(stream).lines();
    loop {
        let first = lines.next()?.ok()?;
        while !lines.next()?.ok()?.is_empty() {}
        let path = first.split(' ').nth(1)?;
        let given = database.lock().ok()?.answer(path);
        let (status, body) = match given {
            Ok(body) => ("200 OK", body),
            Err(error) => ("500 Internal Server Error", error.to_string()),
        };
        let mut stream = stream;
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
    }
}

impl Database {
    fn answer(&mut self, path: &str) -> mysql_async::Result<String> {
        let names = match (path, self.script.many) {
            ("/list", true) => {
                let mut names = Vec::new();
                for owner in 1..=10 {
                    names.extend(self.names("SELECT name FROM items WHERE id = ?", &[owner])?);
                }
                names
            }
            ("/list", false) => {
                let owners: Vec<u32> = (1..=10).collect();
                self.names("SELECT name FROM items WHERE id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", &owners)?
            }
            ("/search", _) => self.names("SELECT note FROM big WHERE kind = ?", &[7])?,
            _ => vec!["ok".to_owned()],
        };
        Ok(names.join("\n"))
    }

    fn names(&mut self, statement: &str, values: &[u32]) -> mysql_async::Result<Vec<String>> {
        let Self { runtime, connection, script } = self;
        if script.prepared {
            return runtime.block_on(connection.exec(statement, values.to_vec()));
        }
        let text = values.iter().fold(statement.to_owned(), |text, value| text.replacen('?', &value.to_string(), 1));
        runtime.block_on(connection.query(text))
    }
}
