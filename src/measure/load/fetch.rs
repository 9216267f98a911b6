//! One `GET` at a time, for what reads beside the load: bounded in time and bytes, on a connection of its own. Refuses to know what is read.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::config::scenario::{Address, Connections, Protocol, Tls};

use super::connect::Connector;
use super::exchange::{Keep, Reply, Request};

/// The least time that a request is given.
const TIME_MIN: Duration = Duration::from_millis(1);

/// Asks the addresses of a service. Waits for the reply, in the thread that asks.
pub(in crate::measure) struct Fetcher {
    runtime: Runtime,
    connector: Connector,
}

/// How much of a reply is read, and for how long.
#[derive(Clone, Copy, Debug)]
pub(in crate::measure) struct Bounds {
    /// The largest body, in bytes.
    pub(in crate::measure) bytes_max: u64,
    /// The longest from the connection to the last byte.
    pub(in crate::measure) within: Duration,
}

impl Fetcher {
    /// What asks these addresses, which are plain HTTP. A problem is in words.
    pub(in crate::measure) fn new(addresses: &[Address]) -> Result<Self, String> {
        let connections = Connections { count: 1, streams: 1, protocol: Protocol::Http1Close, tls: Tls::default() };
        let connector = Connector::new(addresses, &connections, None).map_err(|problems| problems.join("; "))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        Ok(Self { runtime, connector })
    }

    /// The reply of an address, by its place among them, to `GET path`; why there is none, in words.
    pub(in crate::measure) fn get(
        &self,
        at: usize,
        path: &str,
        accept: &str,
        Bounds { bytes_max, within }: Bounds,
    ) -> Result<Reply, String> {
        let headers = [("accept", accept), ("user-agent", "tollgate")];
        let request = Request {
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body: Vec::new(),
        };
        let exchange = async {
            let mut connection = self.connector.open(at).await?;
            connection.exchange(&request, Keep { headers: true, body: true }, bytes_max).await
        };
        // The limit is made where the timer is.
        let exchanged = self.runtime.block_on(async { tokio::time::timeout(within.max(TIME_MIN), exchange).await });
        match exchanged {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no whole reply within {} s", within.as_secs_f64())),
        }
    }
}
