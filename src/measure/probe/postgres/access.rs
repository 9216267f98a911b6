//! What a probe of PostgreSQL needs before it can read: version, extension, rights. Each thing that is missing says what to run.

use tokio_postgres::SimpleQueryRow;

use crate::config::probe::Database;
use crate::measure::probe::ProbeError;

use super::link::{Link, Trouble};

/// The oldest version that says which statements are nested in others, as `server_version_num`.
const VERSION_MIN: u32 = 140_000;
/// From this version on, counts of tables are there as soon as a connection has ended.
const SHARED_STATISTICS: u32 = 150_000;

/// What is known of the server.
#[derive(Clone, Debug)]
pub(super) struct Access {
    /// What it calls itself: `PostgreSQL 15.4`.
    pub(super) database: String,
    /// The schema of `pg_stat_statements`, quoted.
    pub(super) schema: String,
    /// The schema of `hypopg`, quoted, where it is installed.
    pub(super) hypopg: Option<String>,
    /// The most connections that it allows.
    pub(super) connections_max: f64,
    /// The number of the role whose statements are looked at; `None` for all.
    pub(super) role: Option<String>,
    /// Whether counts of tables are there at once.
    pub(super) is_prompt: bool,
}

/// Looks whether everything is there.
pub(super) fn check(link: &Link, database: &Database) -> Result<Access, ProbeError> {
    let facts = ask(
        link,
        "select current_setting('server_version_num'), split_part(current_setting('server_version'), ' ', 1), \
         current_setting('max_connections'), coalesce(current_setting('pg_stat_statements.track', true), ''), \
         pg_has_role(current_user, 'pg_read_all_stats', 'usage')::int, quote_ident(current_user), quote_ident(current_database())",
    )?;
    let [facts] = facts.as_slice() else { return Err(wrong("it does not say what it is")) };
    let fact = |at: usize| facts.get(at).unwrap_or_default();
    let version: u32 = fact(0).parse().unwrap_or(0);
    if version < VERSION_MIN {
        return Err(ProbeError {
            message: format!("PostgreSQL {} is too old to count statements by request", fact(1)),
            hint: "use PostgreSQL 14 or later, or leave `postgres` out of the service".to_owned(),
        });
    }
    let schema = extension(link, "pg_stat_statements")?.ok_or_else(|| ProbeError {
        message: format!("the extension pg_stat_statements is not there in the database {}", fact(6)),
        hint: "run `CREATE EXTENSION pg_stat_statements;` in it as a superuser".to_owned(),
    })?;
    loaded(link, &schema)?;
    if fact(3) == "none" {
        return Err(ProbeError {
            message: "pg_stat_statements counts nothing: `pg_stat_statements.track` is `none`".to_owned(),
            hint: "run `ALTER SYSTEM SET pg_stat_statements.track = 'top'; SELECT pg_reload_conf();`".to_owned(),
        });
    }
    if fact(4) != "1" {
        return Err(ProbeError {
            message: format!("the role {} may not see what others do in PostgreSQL", fact(5)),
            hint: format!("run `GRANT pg_monitor TO {};` as a superuser", fact(5)),
        });
    }
    Ok(Access {
        database: format!("PostgreSQL {}", fact(1)),
        schema,
        hypopg: extension(link, "hypopg")?,
        connections_max: fact(2).parse().unwrap_or(f64::INFINITY),
        role: database.role.as_ref().map(|role| number(link, role)).transpose()?,
        is_prompt: version >= SHARED_STATISTICS,
    })
}

/// The schema of an extension, quoted.
fn extension(link: &Link, name: &str) -> Result<Option<String>, ProbeError> {
    let found = ask(
        link,
        &format!(
            "select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = '{name}'"
        ),
    )?;
    Ok(found.first().and_then(|row| row.get(0)).map(str::to_owned))
}

/// Whether `pg_stat_statements` is loaded, and as new as the server.
fn loaded(link: &Link, schema: &str) -> Result<(), ProbeError> {
    let Err(trouble) = link.rows(&format!("select dealloc from {schema}.pg_stat_statements_info")) else {
        return Ok(());
    };
    Err(match trouble.code.as_ref().map(tokio_postgres::error::SqlState::code) {
        Some("55000") => ProbeError {
            message: "pg_stat_statements is not loaded by the server".to_owned(),
            hint: "set `shared_preload_libraries = 'pg_stat_statements'` in postgresql.conf and restart it".to_owned(),
        },
        Some("42P01" | "42703") => ProbeError {
            message: "the extension pg_stat_statements is older than the server".to_owned(),
            hint: "run `ALTER EXTENSION pg_stat_statements UPDATE;` as a superuser".to_owned(),
        },
        _ => wrong(&trouble.words),
    })
}

/// The number of a role.
fn number(link: &Link, role: &str) -> Result<String, ProbeError> {
    let rows = link
        .one("select oid::int8 from pg_roles where rolname = $1", &[&role])
        .map_err(|trouble| troubled(&trouble))?;
    let number = rows.first().and_then(|row| row.try_get::<_, i64>(0).ok());
    number.map(|number| number.to_string()).ok_or_else(|| ProbeError {
        message: format!("PostgreSQL has no role `{}`", role.escape_debug()),
        hint: "name the role of the service as `role`, or leave it out".to_owned(),
    })
}

fn ask(link: &Link, sql: &str) -> Result<Vec<SimpleQueryRow>, ProbeError> {
    link.rows(sql).map_err(|trouble| troubled(&trouble))
}

fn troubled(trouble: &Trouble) -> ProbeError {
    wrong(&trouble.words)
}

fn wrong(words: &str) -> ProbeError {
    ProbeError { message: format!("PostgreSQL cannot be asked: {words}"), hint: "see what its log says".to_owned() }
}
