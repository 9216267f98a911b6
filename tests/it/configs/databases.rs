//! Databases of a service: what their keys come to, and that no message shows a password.

use std::time::Duration;

use serde_json::json;
use tollgate::config::probe::{Database, DatabaseKind, DatabaseUrl};
use tollgate::config::scenario::Target;
use tollgate::config::{Adapter, schema};

use super::{as_json, check, refused};

/// A service with this table, and a scenario of it.
fn with(table: &str) -> String {
    format!("[service.shop]\nstart = ['shop']\n{table}\n[scenario.home]\nservice = 'shop'\nrate = '1/s'\n")
}

fn databases(table: &str) -> Vec<Database> {
    let text = with(table);
    let schema = jsonschema::validator_for(&schema::config()).unwrap();
    assert!(schema.is_valid(&as_json(&text)), "{:?}", json!(table));
    let config = check(&text);
    let Adapter::Scenario(scenario) = &config.suites[0].adapter else { panic!("a scenario") };
    let Target::Service(service) = &scenario.target else { panic!("a service") };
    service.probes.databases.clone()
}

#[test]
fn a_database_needs_its_address_alone() {
    let url = DatabaseUrl::Written("postgresql://shop@h/db".to_owned());
    let timeout = Duration::from_secs(2);
    let plain = Database { kind: DatabaseKind::Postgres, url, role: None, timeout, walks: 5, slow_log: false };
    assert_eq!(databases("[service.shop.postgres]\nurl = 'postgresql://shop@h/db'\n"), [plain]);
    let url = DatabaseUrl::Variable("DATABASE_URL".to_owned());
    let (role, timeout) = (Some("shop".to_owned()), Duration::from_millis(500));
    let full = Database { kind: DatabaseKind::Mysql, url, role, timeout, walks: 0, slow_log: true };
    let table = "[service.shop.mysql]\nurl = { env = 'DATABASE_URL' }\nrole = 'shop'\ntimeout = '500 ms'\nwalks = 0\nslow-log = true\n";
    assert_eq!(databases(table), [full]);
    assert_eq!(databases(""), []);
}

#[test]
fn what_is_wrong_with_a_database_is_said_without_its_password() {
    let said = |table: &str| {
        let said = refused(&with(table));
        assert!(!said.contains("hunter2"), "{said}");
        said
    };
    let table = "[service.shop.postgres]\nurl = 'mysql://shop:hunter2@h/db'\nrole = ''\ntimeout = '0 s'\nwalks = 2\n";
    let all = said(table);
    assert!(all.contains("this is not the address of such a database"), "{all}");
    assert!(all.contains("url = 'mysql://shop:*******@h/db'"), "{all}");
    assert!(all.contains("this is not the name of a role") && all.contains("`0 s` is out of range"), "{all}");
    assert!(all.contains("2 walks are not possible"), "{all}");
    assert!(
        said("postgres = { url = 'postgres://a@b', slow-log = true }").contains("`slow-log` is for MySQL and MariaDB")
    );
    let inline = said("postgres = { url = 'postgres://shop:hunter2@h/db', walk = 5 }");
    assert!(inline.contains("`walk` is not a key of"), "{inline}");
    assert!(said("postgres = { url = { env = 'postgres://a:hunter2@b' } }").contains("not the name of a variable"));
    let two = said("postgres = { url = 'postgres://a:hunter2@b' }\nmysql = { url = 'mysql://a:hunter2@b' }");
    assert!(two.contains("one database of a service is looked at, not two"), "{two}");
}
