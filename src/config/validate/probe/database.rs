//! Databases of a service. No message repeats an address: it may hold a password.

use std::time::Duration;

use crate::config::at::At;
use crate::config::human;
use crate::config::probe::{Database, DatabaseKind, DatabaseUrl};
use crate::config::validate::Reader;
use crate::config::wire;

const TIMEOUT: Duration = Duration::from_secs(2);
const WALKS: u32 = 5;
/// Fewer do not show whether a count is the same each time.
const WALKS_MIN: u32 = 3;
const WALKS_MAX: u32 = 100;
/// The longest address, in bytes.
const URL_BYTES_MAX: usize = 4096;
/// The longest name of a role, in bytes.
const ROLE_BYTES_MAX: usize = 256;

impl Reader<'_, '_> {
    /// A database; `None` where it is wrong.
    pub(super) fn database(&mut self, kind: DatabaseKind, database: &wire::Database) -> Option<Database> {
        let url = self.database_url(kind, &database.url);
        let role = database.role.as_ref().map(|role| self.role(role));
        let timeout = self.human(database.timeout.as_ref(), human::duration).unwrap_or(TIMEOUT);
        let walks = database.walks.as_ref().map_or(Some(WALKS), |walks| self.walks(walks));
        let role = match role {
            Some(role) => Some(role?),
            None => None,
        };
        let slow_log = database.slow_log.as_ref().map_or(Some(false), |slow_log| self.slow_log(kind, slow_log));
        Some(Database { kind, url: url?, role, timeout, walks: walks?, slow_log: slow_log? })
    }

    fn database_url(&mut self, kind: DatabaseKind, At { value, span }: &At<wire::DatabaseUrl>) -> Option<DatabaseUrl> {
        match value {
            wire::DatabaseUrl::Variable(variable) => {
                let name = At { value: variable.env.clone(), span: span.clone() };
                self.variable(&name).map(DatabaseUrl::Variable)
            }
            wire::DatabaseUrl::Written(text) => {
                let plain =
                    text.len() <= URL_BYTES_MAX && !text.contains(|c: char| c.is_control() || c.is_whitespace());
                if plain && kind.schemes().iter().any(|scheme| text.starts_with(scheme)) {
                    return Some(DatabaseUrl::Written(text.clone()));
                }
                let help =
                    format!("write `{}user@host:port/database`, or `{{ env = \"DATABASE_URL\" }}`", kind.schemes()[0]);
                self.problems.add(span, "this is not the address of such a database", Some(help));
                None
            }
        }
    }

    fn role(&mut self, role: &At<String>) -> Option<String> {
        if !role.value.is_empty() && role.value.len() <= ROLE_BYTES_MAX && !role.value.contains(char::is_control) {
            return Some(role.value.clone());
        }
        self.problems.add(&role.span, "this is not the name of a role", None);
        None
    }

    fn slow_log(&mut self, kind: DatabaseKind, slow_log: &At<bool>) -> Option<bool> {
        if kind == DatabaseKind::Mysql {
            return Some(slow_log.value);
        }
        self.problems.add(&slow_log.span, "`slow-log` is for MySQL and MariaDB", None);
        None
    }

    fn walks(&mut self, walks: &At<u32>) -> Option<u32> {
        if walks.value == 0 || (WALKS_MIN..=WALKS_MAX).contains(&walks.value) {
            return Some(walks.value);
        }
        let help =
            format!("{WALKS_MIN} to {WALKS_MAX}, so that it can be seen whether counts are exact, or 0 for no walks");
        self.problems.add(&walks.span, format!("{} walks are not possible", walks.value), Some(help));
        None
    }
}
