//! The connection of a probe to PostgreSQL: read-only, bounded in time, driven by the thread that asks. What is said of its troubles holds no secret.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Client, Config, NoTls, Row, SimpleQueryMessage, SimpleQueryRow};

use crate::measure::probe::ProbeError;

use super::tls::tls;

/// What the probe calls itself.
const APPLICATION: &str = "tollgate";
/// How much longer than the database a reply may take.
const SLACK: Duration = Duration::from_millis(500);

/// A connection.
pub(super) struct Link {
    runtime: Runtime,
    client: Client,
    timeout: Duration,
    /// Never shown.
    password: String,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    /// What the database calls it.
    pub(super) code: Option<SqlState>,
    /// In words, without a secret.
    pub(super) words: String,
}

/// A text of any type that is sent as text: JSON.
pub(super) struct Text(pub(super) String);

impl<'a> FromSql<'a> for Text {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(String::from_utf8_lossy(raw).into_owned()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

impl Link {
    /// Connects. The error says what cannot be reached, but not by which password.
    pub(super) fn open(url: &str, timeout: Duration) -> Result<Self, ProbeError> {
        let written = ProbeError {
            message: "the address of the PostgreSQL database cannot be read".to_owned(),
            hint: "write it as in `postgres://user:password@host:5432/database?sslmode=require`, with `%40` for an `@` in the password".to_owned(),
        };
        // Its own words may repeat a part of the address.
        let Ok(mut config) = url.parse::<Config>() else { return Err(written) };
        if config.get_hosts().is_empty() {
            return Err(written);
        }
        let password = config.get_password().map(|password| String::from_utf8_lossy(password).into_owned());
        let password = password.unwrap_or_default();
        let own = format!(
            "-c default_transaction_read_only=on -c statement_timeout={} -c standard_conforming_strings=on -c plan_cache_mode=force_generic_plan",
            timeout.as_millis()
        );
        let options = config.get_options().map_or(own.clone(), |theirs| format!("{theirs} {own}"));
        config.application_name(APPLICATION).options(options).connect_timeout(timeout);
        let failed = |words: String| ProbeError {
            message: format!("PostgreSQL cannot be asked: {}", hidden(&words, &password)),
            hint: "check address, user and password, and whether the database is up; the address is never shown"
                .to_owned(),
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| failed(error.to_string()))?;
        let client = runtime.block_on(connect(config, timeout)).map_err(&failed)?;
        Ok(Self { runtime, client, timeout, password })
    }

    /// Asks something of our own: one statement or several.
    pub(super) fn rows(&self, sql: &str) -> Result<Vec<SimpleQueryRow>, Trouble> {
        let asked = self
            .runtime
            .block_on(async { tokio::time::timeout(self.timeout + SLACK, self.client.simple_query(sql)).await });
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        };
        Ok(self.answered(asked)?.into_iter().filter_map(row).collect())
    }

    /// Asks something with foreign text in it: what would be two statements is refused by the database.
    pub(super) fn one(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Trouble> {
        let asked = self
            .runtime
            .block_on(async { tokio::time::timeout(self.timeout + SLACK, self.client.query(sql, parameters)).await });
        self.answered(asked)
    }

    fn answered<T>(
        &self,
        asked: Result<Result<T, tokio_postgres::Error>, tokio::time::error::Elapsed>,
    ) -> Result<T, Trouble> {
        match asked {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let words = hidden(&said(&error), &self.password);
                Err(Trouble { code: error.code().cloned(), words })
            }
            Err(_) => Err(Trouble { code: None, words: "no answer in time".to_owned() }),
        }
    }
}

/// Connects as the address asks: with TLS, or where that is left open also without.
async fn connect(mut config: Config, timeout: Duration) -> Result<Client, String> {
    if config.get_ssl_mode() != SslMode::Disable {
        match within(timeout, config.connect(tls(config.get_ssl_mode())?)).await {
            Ok((client, connection)) => {
                drop(tokio::spawn(connection));
                return Ok(client);
            }
            // Where TLS is only preferred, one that both sides cannot agree on is left out.
            Err(error) if config.get_ssl_mode() == SslMode::Prefer && error.contains("TLS") => {}
            Err(error) => return Err(error),
        }
        config.ssl_mode(SslMode::Disable);
    }
    let (client, connection) = within(timeout, config.connect(NoTls)).await?;
    drop(tokio::spawn(connection));
    Ok(client)
}

async fn within<T>(
    timeout: Duration,
    connecting: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, String> {
    match tokio::time::timeout(timeout, connecting).await {
        Ok(connected) => connected.map_err(|error| said(&error)),
        Err(_) => Err("no answer in time".to_owned()),
    }
}

/// An error in words: what the database says, else what broke.
fn said(error: &tokio_postgres::Error) -> String {
    let Some(database) = error.as_db_error() else { return error.to_string() };
    database.message().to_owned()
}

/// Words without a password, should something repeat it.
fn hidden(words: &str, password: &str) -> String {
    if password.is_empty() { words.to_owned() } else { words.replace(password, "…") }
}
