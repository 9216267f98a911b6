//! The probe of PostgreSQL on the real thing: what requests ask of it, how that is carried out, and what stands in its way.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod cluster;

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use tollgate::config::{Adapter, Config};
use tollgate::measure::bench::Parsed;
use tollgate::measure::suite::{Build, Only, PartError, Place, prepare};
use tollgate::model::exhibit::Statement;
use tollgate::model::{Determinism, Exhibit, Role};

use crate::checks::project::Project;
use crate::harness::TestRepo;
use crate::processes::surroundings;
use cluster::{Cluster, Kind, PASSWORD};

/// The shop's own database, with a role that asks for the shop and one that only looks.
struct Shop {
    cluster: Arc<Cluster>,
    database: &'static str,
}

impl Shop {
    /// A shop with twenty thousand orders.
    fn new(database: &'static str) -> Self {
        Self::at(Cluster::shared(), database)
    }

    /// The same on a server of one's own.
    fn at(cluster: Arc<Cluster>, database: &'static str) -> Self {
        let shop = Self { cluster, database };
        shop.cluster.admin("postgres", &format!("create database {database}"));
        for (role, rights) in [("shop", "pg_read_all_data"), ("probe", "pg_read_all_data, pg_monitor")] {
            let role = format!("{role}_{database}");
            shop.cluster.admin("postgres", &format!("create role {role} login password '{PASSWORD}'"));
            shop.cluster.admin("postgres", &format!("grant {rights} to {role}"));
        }
        shop.admin("create extension pg_stat_statements; create extension hypopg");
        shop.admin(&format!("grant execute on function pg_stat_statements_reset to shop_{database}"));
        shop.admin("create table customers (id int primary key, name text)");
        shop.admin("insert into customers select n, 'c' || n from generate_series(1, 500) n");
        shop.admin("create table orders (id int primary key, customer_id int)");
        shop.admin("insert into orders select n, 1 + n % 500 from generate_series(1, 20000) n");
        shop.admin("analyze");
        shop
    }

    fn admin(&self, sql: &str) -> Vec<String> {
        self.cluster.admin(self.database, sql)
    }

    fn url(&self, role: &str) -> String {
        self.cluster.url(&format!("{role}_{}", self.database), self.database)
    }

    /// The config of a shop that lists in this way, with these paths as one flow.
    fn config(&self, list: &str, paths: &[&str]) -> String {
        let (probe, role) = (self.url("probe"), format!("role = 'shop_{}'", self.database));
        self.config_of(list, paths, &format!("url = '{probe}'\n{role}"))
    }

    fn config_of(&self, list: &str, paths: &[&str], postgres: &str) -> String {
        let steps: Vec<String> = paths.iter().map(|path| format!("{{ name = '{path}', path = '{path}' }}")).collect();
        format!(
            "[service.shop]\nstart = ['{}', 'port={{port}}', 'list={list}']\nenvironment = {{ DATABASE_URL = '{}' }}\n\
             [service.shop.postgres]\n{postgres}\n\
             [scenario.visit]\nservice = 'shop'\nrate = '30/s'\nwarm-up = '100 ms'\nduration = '500 ms'\n\
             [[scenario.visit.flow]]\nname = 'visit'\nstep = [{}]\n",
            program(),
            self.url("shop"),
            steps.join(", ")
        )
    }
}

/// The shop's program, an example of the package.
fn program() -> String {
    let path = Path::new(env!("CARGO_BIN_EXE_tollgate")).with_file_name("examples").join("shop");
    assert!(path.exists(), "{} is not built: run `cargo build --example shop`", path.display());
    path.display().to_string()
}

/// One round of a config's only scenario.
fn round(config: &str) -> Result<Parsed, PartError> {
    let config = Config::parse(config, "tollgate.toml").unwrap_or_else(|error| panic!("{error}"));
    let suite = config.suites.iter().find(|suite| matches!(suite.adapter, Adapter::Scenario(_))).unwrap();
    let folder = TempDir::new().unwrap();
    let [root, target, scratch] = ["root", "target", "scratch"].map(|name| {
        std::fs::create_dir(folder.path().join(name)).unwrap();
        folder.path().join(name)
    });
    let place = Place { root, target, scratch };
    let part = prepare(suite, Build::Needed, &place, &surroundings()).unwrap().remove(0);
    part.run(Only::All, 1, &place, &surroundings())
}

/// The values of a metric of a benchmark.
fn values<'p>(parsed: &'p Parsed, benchmark: &str, metric: &str) -> &'p [f64] {
    let found = parsed.readings.iter().find(|reading| {
        (reading.metric.id.benchmark.benchmark.as_str(), reading.metric.id.metric.as_str()) == (benchmark, metric)
    });
    found.map(|reading| reading.sample.values()).unwrap_or_default()
}

fn statements(parsed: &Parsed) -> Vec<&Statement> {
    parsed.exhibits.iter().map(|Exhibit::Statement(statement)| statement).collect()
}

#[test]
fn a_statement_for_each_row_is_counted_exactly() {
    let shop = Shop::new("rows");
    let one = round(&shop.config("one", &["/orders", "/home"])).unwrap();
    assert_eq!((values(&one, "/orders", "queries"), values(&one, "/home", "queries")), (&[1.0; 5][..], &[0.0; 5][..]));
    let many = round(&shop.config("many", &["/orders", "/home"])).unwrap();
    assert_eq!(
        (values(&many, "/orders", "queries"), values(&many, "/home", "queries")),
        (&[51.0; 5][..], &[0.0; 5][..])
    );
    assert_eq!((many.unparsed.as_slice(), many.notes.as_slice()), (&[][..], &[][..]));
    let queries = many.readings.iter().find(|reading| reading.metric.id.metric.as_str() == "queries").unwrap();
    assert_eq!((queries.metric.role, queries.metric.determinism), (Role::Gated, Determinism::Exact));
    let found = statements(&many);
    let each = found.iter().find(|statement| statement.text == "select name from customers where id = $1").unwrap();
    assert_eq!((each.calls, each.rows, each.benchmark.benchmark.as_str()), (50.0, 1.0, "/orders"));
    assert!(each.database.starts_with("PostgreSQL 1") && each.seconds > 0.0, "{each:?}");
    assert!(each.plan.as_ref().unwrap().contains("customers_pkey on customers"), "{each:?}");
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(values(&many, "/orders", "slowest-query")[0] > 0.0);
    assert_eq!(values(&many, "all requests", "database-connections"), [1.0]);
    assert!(values(&many, "all requests", "database-connections-used")[0] >= 0.02);
    assert_eq!(values(&many, "all requests", "lock-waits"), [0.0]);
}

#[test]
fn a_table_that_is_read_as_a_whole_is_shown_with_the_index_that_helps() {
    let shop = Shop::new("index");
    let config = shop.config("one", &["/search"]);
    let parsed = round(&config).unwrap();
    let found = statements(&parsed);
    let [search] = found.as_slice() else { panic!("{found:?}") };
    let plan = search.plan.as_ref().unwrap();
    assert!(plan.starts_with("Seq Scan on orders, filter on customer_id (cost "), "{plan}");
    let [scan] = search.scans.as_slice() else { panic!("{search:?}") };
    assert_eq!((scan.table.as_str(), scan.columns[0].as_str(), scan.rows), ("orders", "customer_id", 20_000.0));
    let advice = search.index.clone().unwrap();
    assert_eq!(
        (advice.create.as_str(), advice.would_be_used),
        ("CREATE INDEX ON public.orders (customer_id)", Some(true))
    );
    // The walks and the load each read all of it.
    let scanned = values(&parsed, "/search", "rows-scanned")[0];
    assert!((15_000.0..40_000.0).contains(&scanned), "{scanned}");
    shop.admin(&advice.create);
    let parsed = round(&config).unwrap();
    let found = statements(&parsed);
    assert!(found[0].plan.as_ref().unwrap().contains("using orders_customer_id_idx"), "{found:?}");
    assert_eq!((found[0].scans.len(), &found[0].index), (0, &None));
    assert_eq!(values(&parsed, "/search", "rows-scanned"), [0.0]);
}

#[test]
fn without_a_role_the_probes_own_statements_are_left_out() {
    let shop = Shop::new("own");
    let parsed =
        round(&shop.config_of("many", &["/orders"], &format!("url = '{}'\nwalks = 3", shop.url("probe")))).unwrap();
    assert_eq!(values(&parsed, "/orders", "queries"), [51.0; 3]);
}

#[test]
fn what_fails_when_it_is_walked_has_no_counts() {
    let shop = Shop::new("fails");
    let parsed = round(&shop.config("one", &["/orders", "/fail", "/home"])).unwrap();
    assert_eq!(values(&parsed, "/orders", "queries"), [1.0; 5]);
    assert_eq!((values(&parsed, "/fail", "queries"), values(&parsed, "/home", "queries")), (&[][..], &[][..]));
    assert!(
        parsed.notes.iter().any(|note| note.starts_with("/fail: failed when it was sent alone")),
        "{:?}",
        parsed.notes
    );
}

#[test]
fn counters_that_are_reset_in_between_are_no_counts() {
    let shop = Shop::new("reset");
    let parsed = round(&shop.config("one", &["/orders", "/reset"])).unwrap();
    assert_eq!(values(&parsed, "/orders", "queries"), [0.0; 0]);
    assert!(parsed.unparsed[0].contains("pg_stat_statements was reset"), "{:?}", parsed.unparsed);
    assert_eq!(parsed.exhibits, []);
}

/// Why a probe with this address and these further lines cannot read, and what is advised. The password is in neither.
fn refused(shop: &Shop, postgres: &str) -> (String, String) {
    let Err(PartError::Probe(error)) = round(&shop.config_of("one", &["/home"], postgres)) else {
        panic!("{postgres}")
    };
    for text in [&error.message, &error.hint] {
        assert!(!text.contains(PASSWORD) && !text.contains("wrong-secret"), "{text}");
    }
    (error.message, error.hint)
}

#[test]
fn what_is_missing_says_what_to_run() {
    let shop = Shop::new("missing");
    let url = |role: &str| format!("url = '{}'", shop.url(role));
    let (message, hint) = refused(&shop, &url("shop"));
    assert_eq!(message, "the role shop_missing may not see what others do in PostgreSQL");
    assert_eq!(hint, "run `GRANT pg_monitor TO shop_missing;` as a superuser");
    let (message, _) = refused(&shop, &format!("{}\nrole = 'nobody'", url("probe")));
    assert_eq!(message, "PostgreSQL has no role `nobody`");
    shop.admin("alter role probe_missing set pg_stat_statements.track = 'none'");
    assert!(refused(&shop, &url("probe")).0.contains("`pg_stat_statements.track` is `none`"));
    shop.admin("drop extension pg_stat_statements");
    let (message, hint) = refused(&shop, &url("probe"));
    assert_eq!(message, "the extension pg_stat_statements is not there in the database missing");
    assert_eq!(hint, "run `CREATE EXTENSION pg_stat_statements;` in it as a superuser");
    let bare = Cluster::start(Kind::Bare);
    bare.admin("postgres", "create extension pg_stat_statements");
    let (message, hint) = refused(&shop, &format!("url = '{}'", bare.url("postgres", "postgres")));
    assert_eq!(message, "pg_stat_statements is not loaded by the server");
    assert!(hint.contains("shared_preload_libraries = 'pg_stat_statements'"), "{hint}");
}

#[test]
fn no_password_is_in_any_error() {
    let shop = Shop::new("secret");
    let right = shop.url("probe");
    let port = shop.cluster.port.to_string();
    let wrong = [
        right.replace(PASSWORD, "wrong-secret"),
        right.replace("127.0.0.1", "127.0.0.1.invalid"),
        right.replace(&port, "1"),
        right.replace("/secret", "/elsewhere"),
        right.replace("probe_", "nobody_"),
        format!("{right}?sslmode=require"),
        format!("{right}?sslmode=wrong-secret"),
        format!("{right}?wrong-secret=1"),
        right.replace('@', "%zz@"),
        "postgres://wrong-secret".to_owned(),
    ];
    for url in wrong {
        let (message, hint) = refused(&shop, &format!("url = '{url}'"));
        assert!(
            message.contains("PostgreSQL") && !message.contains("://") && !hint.contains(&port),
            "{message} {hint}"
        );
    }
}

#[test]
fn tls_is_used_where_it_is_offered_and_checked_where_it_is_required() {
    let shop = Shop::at(Arc::new(Cluster::start(Kind::Secured)), "far");
    shop.admin(&format!(
        "create role far_looker login password '{PASSWORD}'; grant pg_monitor, pg_read_all_data to far_looker"
    ));
    let url = shop.cluster.url("far_looker", "far");
    let counted = round(&shop.config_of("one", &["/orders"], &format!("url = '{url}'\nrole = 'shop_far'"))).unwrap();
    assert_eq!(values(&counted, "/orders", "queries"), [1.0; 5], "without TLS the server lets nobody of this name in");
    let (message, _) = refused(&shop, &format!("url = '{url}?sslmode=disable'"));
    assert!(message.contains("pg_hba.conf rejects connection"), "{message}");
    let (message, _) = refused(&shop, &format!("url = '{url}?sslmode=require'"));
    assert!(message.contains("certificate") || message.contains("TLS"), "nobody trusts it: {message}");
    // Whom the system trusts is told by the environment, and this process has it already.
    let repo = TestRepo::new();
    let probe = format!("url = '{url}?sslmode=require'\nrole = 'shop_far'");
    repo.write("tollgate.toml", shop.config_of("one", &["/orders"], &probe).replace("'500 ms'", "'150 ms'"));
    repo.commit("A shop");
    repo.branch("change");
    let project = Project { repo };
    project.commit("README", "Nothing that matters");
    let certificate = shop.cluster.certificate().display().to_string();
    let checked = project.check_with(&["--max-rounds", "10"], &[("SSL_CERT_FILE", &certificate)]);
    let rows = checked.judgement["rows"].as_array().cloned().unwrap_or_default();
    assert!(rows.iter().any(|row| row["id"]["metric"] == "queries"), "{}{}", checked.stdout, checked.stderr);
}

#[test]
fn a_statement_more_a_request_is_a_regression_and_nothing_new_is_none() {
    let shop = Shop::new("gate");
    let serve = "[service.shop]\nstart = ['sh', 'serve.sh', '{port}']\n";
    let config = shop.config("one", &["/orders"]);
    let (_, rest) = config.split_once("environment").unwrap();
    let rest =
        rest.replace("'500 ms'", "'150 ms'").replace(&format!("'{}'", shop.url("probe")), "{ env = 'PROBE_URL' }");
    let rules = "[[rule]]\nbenchmark = 'visit/*'\nmetric = 'latency-*'\nseverity = 'ignored'\n";
    let repo = TestRepo::new();
    repo.write("tollgate.toml", format!("{serve}environment{rest}{rules}"));
    repo.write("serve.sh", format!("exec '{}' port=$1 $(cat words)\n", program()));
    repo.write("words", "list=one");
    repo.commit("A shop");
    repo.branch("change");
    let project = Project { repo };
    let check = |words: &str| {
        project.commit("words", words);
        project.check_with(&["--max-rounds", "10"], &[("PROBE_URL", &shop.url("probe"))])
    };
    let checked = check("list=many");
    checked.ends(10, &["`visit//orders`", "`queries`", "51"]);
    assert!(!checked.stdout.contains(PASSWORD));
    check("list=one  ").ends(0, &[]);
}
