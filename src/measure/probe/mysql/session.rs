//! A connection to MySQL or MariaDB of a probe's own: it reads only, each query has an end, and no error holds an address or a password.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::time::Duration;

use mysql_async::prelude::{FromRow, FromValue, Queryable};
use mysql_async::{Conn, Error, IoError, Opts, OptsBuilder, Row, from_row_opt};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::super::ProbeError;

/// The server ends a query of ours after the time that the config says; so much later we end it ourselves.
const GRACE: Duration = Duration::from_secs(2);
/// The longest packet that is taken, in bytes.
const PACKET_BYTES_MAX: usize = 16 << 20;
/// What a server calls what it refuses: no right to a command, a table, a column, a database, or by a role.
const NO_RIGHT: [u16; 5] = [1044, 1142, 1143, 1227, 1370];
/// A server that takes no connection without TLS, where it says so.
const TLS_DEMANDED: u16 = 3159;
/// No transaction of the session changes a table.
const READ_ONLY: &str = "SET SESSION TRANSACTION READ ONLY";

/// Why a query or a connection failed. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The address cannot be read, or asks for what this probe cannot do.
    Address,
    /// The network said no.
    Network(ErrorKind),
    /// The server said no.
    Server {
        /// Its number for that.
        code: u16,
        /// Its words.
        words: String,
    },
    /// It took longer than allowed; the connection is closed then.
    Late,
    /// Something else that the driver says.
    Driver(String),
}

/// What a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    /// Whether it is MariaDB; else it is MySQL.
    pub(super) mariadb: bool,
    /// Its release: 10, 11.
    pub(super) release: (u32, u32),
    /// What it calls itself: `MariaDB 10.11.6`.
    pub(super) name: String,
}

/// A connection.
pub(super) struct Session {
    runtime: Runtime,
    /// `None` after a query that took too long: what its answer would be taken for is unknown.
    connection: Option<Conn>,
    timeout: Duration,
    /// The database that the address names.
    pub(super) database: String,
}

impl Session {
    /// Connects; the default database is none, so that what the probe asks is told from what the service asks.
    pub(super) fn open(url: &str, limit: Duration) -> Result<Self, Trouble> {
        let url = url.strip_prefix("mariadb://").map_or_else(|| url.to_owned(), |rest| format!("mysql://{rest}"));
        let options = Opts::from_url(&url).map_err(|_| Trouble::Address)?;
        if options.ssl_opts().is_some() {
            return Err(Trouble::Address);
        }
        let database = options.db_name().filter(|name| !name.is_empty()).ok_or(Trouble::Address)?.to_owned();
        let builder = OptsBuilder::from_opts(options.clone())
            .db_name(None::<String>)
            .prefer_socket(options.socket().is_some())
            .stmt_cache_size(0)
            .max_allowed_packet(Some(PACKET_BYTES_MAX))
            .wait_timeout(Some(600));
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| Trouble::Network(error.kind()))?;
        let connecting = async { timeout(limit + GRACE, Conn::new(builder)).await };
        let connection = runtime.block_on(connecting).map_err(|_| Trouble::Late)?.map_err(trouble)?;
        Ok(Self { runtime, connection: Some(connection), timeout: limit, database })
    }

    /// What the server is, after which the session can change nothing and no query takes longer than allowed.
    pub(super) fn prepare(&mut self) -> Result<Server, Trouble> {
        let server = self.server()?;
        let limit = if server.mariadb {
            format!("SET SESSION max_statement_time = {}", self.timeout.as_secs_f64())
        } else {
            format!("SET SESSION max_execution_time = {}", self.timeout.as_millis())
        };
        self.run(&limit)?;
        self.run(READ_ONLY)?;
        Ok(server)
    }

    fn server(&mut self) -> Result<Server, Trouble> {
        let version: String = self.one("SELECT VERSION()")?;
        let mariadb = version.contains("MariaDB");
        let plain = version.split('-').next().unwrap_or_default();
        let mut numbers = plain.split('.').map(|number| number.parse().unwrap_or(0));
        let release = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        let name = format!("{} {plain}", if mariadb { "MariaDB" } else { "MySQL" });
        Ok(Server { mariadb, release, name })
    }

    /// The rows of a query.
    pub(super) fn rows<R: FromRow + Send + 'static>(&mut self, query: &str) -> Result<Vec<R>, Trouble> {
        let Self { runtime, connection, timeout: limit, .. } = self;
        let Some(open) = connection else { return Err(Trouble::Late) };
        let asking = async { timeout(*limit + GRACE, open.query::<Row, _>(query)).await };
        let Ok(answer) = runtime.block_on(asking) else {
            *connection = None;
            return Err(Trouble::Late);
        };
        let rows = answer.map_err(trouble)?.into_iter().map(from_row_opt);
        rows.collect::<Result<_, _>>()
            .map_err(|_| Trouble::Driver("it answered with other columns than asked for".to_owned()))
    }

    /// The one value of a query.
    pub(super) fn one<T: FromValue + Send + 'static>(&mut self, query: &str) -> Result<T, Trouble> {
        let rows: Vec<(T,)> = self.rows(query)?;
        rows.into_iter().next().map(|row| row.0).ok_or_else(|| Trouble::Driver("it answered with nothing".to_owned()))
    }

    /// A query without rows.
    pub(super) fn run(&mut self, query: &str) -> Result<(), Trouble> {
        self.rows::<Row>(query).map(drop)
    }

    /// Who the server takes the probe for, as a right is given to it: `'watch'@'%'`.
    pub(super) fn user(&mut self) -> String {
        let user: String = self.one("SELECT CURRENT_USER()").unwrap_or_default();
        match user.rsplit_once('@') {
            Some((name, host)) => format!("'{}'@'{}'", name.replace('\'', "''"), host.replace('\'', "''")),
            None => "its user".to_owned(),
        }
    }
}

/// A text as a server reads it, whatever is in it.
pub(super) fn literal(text: &str) -> String {
    let mut digits = String::new();
    for byte in text.bytes() {
        let _infallible = write!(digits, "{byte:02x}");
    }
    format!("CONVERT(x'{digits}' USING utf8mb4)")
}

/// A name in backticks.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

fn trouble(error: Error) -> Trouble {
    match error {
        Error::Server(error) => Trouble::Server { code: error.code, words: error.message },
        Error::Io(IoError::Io(error)) => Trouble::Network(error.kind()),
        // Its words repeat what it was given.
        Error::Url(_) => Trouble::Address,
        Error::Driver(error) => Trouble::Driver(error.to_string()),
        Error::Other(_) => Trouble::Driver("it answered with what the driver does not know".to_owned()),
    }
}

impl Trouble {
    /// Whether a right is missing.
    pub(super) fn is_right(&self) -> bool {
        matches!(self, Self::Server { code, .. } if NO_RIGHT.contains(code))
    }

    /// In a few words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Address => "its address cannot be used".to_owned(),
            Self::Network(kind) => kind.to_string(),
            Self::Server { code, words } => format!("error {code}: {words}"),
            Self::Late => "it took longer than `timeout`".to_owned(),
            Self::Driver(words) => words.clone(),
        }
    }

    /// Why a probe cannot connect.
    pub(super) fn connecting(&self) -> ProbeError {
        let hint = match self {
            Self::Address => {
                "write `mysql://user:password@host:port/database` with %-escapes in the password, with the database, and without options of TLS: this probe speaks none"
            }
            Self::Server { code: TLS_DEMANDED, .. } => {
                "this probe speaks no TLS: give it an account and a network on which the server does not demand it"
            }
            Self::Server { code: 1045, .. } => {
                "check user and password; a server that demands TLS of this user says the same, and this probe speaks no TLS"
            }
            Self::Network(_) | Self::Late => {
                "check that the database runs and that host and port in its `url` are right"
            }
            Self::Server { .. } | Self::Driver(_) => "check the `url` of the database",
        };
        // The server's words say who was refused, which is a part of the address.
        let words = match self {
            Self::Server { code: 1045, .. } => "access denied".to_owned(),
            other => other.words(),
        };
        ProbeError { message: format!("the probe of MySQL cannot connect: {words}"), hint: hint.to_owned() }
    }
}
