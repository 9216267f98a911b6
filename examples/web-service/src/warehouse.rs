//! The warehouse: a server behind the shop, which is asked in lines over TCP. `WAREHOUSE` says where it is; without that the shop opens one of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::faults;
use crate::store::Error;

/// Over which connection a question goes.
#[derive(Clone, Copy, PartialEq)]
pub enum Connection {
    /// One that is kept, and used again.
    Kept,
    /// One of its own.
    Fresh,
}

/// The shop's side of it.
pub struct Warehouse {
    address: SocketAddr,
    /// Connections that nobody uses now.
    idle: Mutex<Vec<BufReader<TcpStream>>>,
    pub calls: AtomicU64,
    /// How long its answers took in all, in microseconds.
    pub took_us: AtomicU64,
}

impl Warehouse {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, idle: Mutex::default(), calls: AtomicU64::new(0), took_us: AtomicU64::new(0) }
    }

    /// How many days it takes until an item is delivered.
    pub async fn days(&self, item: i32) -> Result<u32, Error> {
        Ok(self.ask(&format!("days {item}\n"), Connection::Kept).await?.trim_end().parse()?)
    }

    /// Puts items aside for an order.
    pub async fn put_aside(&self, item: i32, count: i32) -> Result<(), Error> {
        let began = Instant::now();
        self.ask(&format!("{} {item} {count}\n", faults::put_aside()), faults::connection_of_an_order()).await?;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.took_us.fetch_add(took_us, Ordering::Relaxed);
        Ok(())
    }

    async fn ask(&self, question: &str, which: Connection) -> Result<String, Error> {
        let idle = match which {
            Connection::Kept => self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop(),
            Connection::Fresh => None,
        };
        let mut connection = match idle {
            Some(connection) => connection,
            None => connect(self.address).await?,
        };
        connection.write_all(question.as_bytes()).await?;
        let mut answer = String::new();
        if connection.read_line(&mut answer).await? == 0 {
            return Err("the warehouse hung up".into());
        }
        if which == Connection::Kept {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        Ok(answer)
    }
}

async fn connect(address: SocketAddr) -> Result<BufReader<TcpStream>, Error> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(BufReader::new(stream))
}

/// Where the warehouse is.
pub async fn open() -> Result<SocketAddr, Error> {
    if let Ok(address) = std::env::var("WAREHOUSE") {
        return Ok(address.parse()?);
    }
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(accept(listener));
    Ok(address)
}

/// The warehouse as a program of its own.
pub async fn serve(port: u16) -> Result<(), Error> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    accept(listener).await;
    Ok(())
}

async fn accept(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // A shop that goes away is no event.
        tokio::spawn(async move { answer(stream).await.ok() });
    }
}

async fn answer(stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut question = String::new();
    while stream.read_line(&mut question).await? > 0 {
        let words: Vec<&str> = question.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["days", item] => format!("{}\n", 1 + item.len()),
            ["put-aside", ..] => done(Duration::from_millis(15)).await,
            ["inspect-and-put-aside", ..] => done(Duration::from_millis(40)).await,
            _ => "what?\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
        question.clear();
    }
    Ok(())
}

async fn done(takes: Duration) -> String {
    tokio::time::sleep(takes).await;
    "done\n".to_owned()
}
