//! A shop for tests that asks PostgreSQL: how many statements a request takes is known. One connection, opened at the start. Not a part of Tollgate.
//!
//! `shop port=8080 list=many`: the address of the database is in `DATABASE_URL`. Paths: `/orders` lists fifty orders with the names of their customers, by one
//! statement or, with `list=many`, by one more for each order; `/search` finds the orders of a customer; `/reset` resets what is counted; `/fail` fails;
//! everything else answers `ok`.
#![expect(clippy::disallowed_methods, reason = "serves, and reads its variables")]
#![expect(clippy::print_stdout, reason = "says what it lacks, as services do")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, Error, NoTls};

/// Ends by itself after this time, should nobody end it.
const LIFE: Duration = Duration::from_mins(10);

const JOINED: &str =
    "select customers.name from orders join customers on customers.id = orders.customer_id where orders.id <= $1";
const ORDERS: &str = "select customer_id from orders where id <= $1";
const CUSTOMER: &str = "select name from customers where id = $1";
const SEARCH: &str = "select id from orders where customer_id = $1";
const RESET: &str =
    "select pg_stat_statements_reset(0, (select oid from pg_database where datname = current_database()), 0)";

/// The one connection and what drives it.
struct Shop {
    runtime: Runtime,
    client: Client,
    /// Whether each customer is asked for alone.
    many: bool,
}

fn main() -> ExitCode {
    let (mut port, mut many) = (0, false);
    for word in std::env::args().skip(1) {
        match word.split_once('=') {
            Some(("port", number)) => port = number.parse().unwrap_or(0),
            Some(("list", how)) => many = how == "many",
            _ => {
                println!("shop: what is {word}?");
                return ExitCode::from(2);
            }
        }
    }
    match serve(port, many) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("shop: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::exit, reason = "its time is over, whatever it does")]
fn serve(port: u16, many: bool) -> Result<(), Box<dyn std::error::Error>> {
    std::thread::spawn(|| {
        std::thread::sleep(LIFE);
        std::process::exit(3);
    });
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (client, connection) = runtime.block_on(tokio_postgres::connect(&std::env::var("DATABASE_URL")?, NoTls))?;
    drop(runtime.spawn(connection));
    let shop = Arc::new(Mutex::new(Shop { runtime, client, many }));
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    for stream in listener.incoming() {
        let (stream, shop) = (stream?, Arc::clone(&shop));
        std::thread::spawn(move || talk(&stream, &shop));
    }
    Ok(())
}

/// Answers the requests of one connection until it ends.
fn talk(stream: &TcpStream, shop: &Mutex<Shop>) -> Option<()> {
    let _small = stream.set_nodelay(true);
    let mut lines = BufReader::new(stream).lines();
    loop {
        let first = lines.next()?.ok()?;
        while !lines.next()?.ok()?.is_empty() {}
        let path = first.split(' ').nth(1)?;
        let answer = shop.lock().ok()?.answer(path);
        let (status, body) = match answer {
            Ok(rows) if path != "/fail" => ("200 OK", format!("ok {rows}")),
            Ok(_) => ("500 Internal Server Error", "out of stock".to_owned()),
            Err(error) => ("500 Internal Server Error", error.to_string()),
        };
        let mut stream = stream;
        write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).ok()?;
    }
}

impl Shop {
    /// How many rows the database gave.
    fn answer(&self, path: &str) -> Result<usize, Error> {
        self.runtime.block_on(async {
            let client = &self.client;
            Ok(match path {
                "/orders" if self.many => {
                    let orders = client.query(ORDERS, &[&50_i32]).await?;
                    let mut names = 0;
                    for order in &orders {
                        names += client.query(CUSTOMER, &[&order.get::<_, i32>(0)]).await?.len();
                    }
                    names
                }
                "/orders" => client.query(JOINED, &[&50_i32]).await?.len(),
                "/search" => client.query(SEARCH, &[&77_i32]).await?.len(),
                "/reset" => client.query(RESET, &[]).await?.len(),
                _ => 0,
            })
        })
    }
}
