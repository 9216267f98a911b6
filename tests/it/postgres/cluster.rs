//! A PostgreSQL of the tests' own: on a free port of loopback, as an unprivileged user, gone with the last test that uses it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::{NoTls, SimpleQueryMessage};

/// The password of every role; must never be seen.
pub(crate) const PASSWORD: &str = "hunter2-of-the-shop";
/// Whoever may run a server where the tests run as root: `nobody`.
const NOBODY: u32 = 65534;
/// How to get what is missing.
const INSTALL: &str = "apt-get install postgresql postgresql-15-hypopg";
const READY_WITHIN: Duration = Duration::from_mins(1);

/// A running cluster. Stopped and removed when dropped.
pub(crate) struct Cluster {
    folder: TempDir,
    server: Child,
    pub(crate) port: u16,
}

/// What a server is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It counts statements.
    Counting,
    /// It counts nothing.
    Bare,
    /// It counts statements, and lets the role `far_looker` in by TLS alone. Its certificate, for 127.0.0.1, is its own authority.
    Secured,
}

impl Cluster {
    /// The one that all tests of this process share, while one of them holds it.
    pub(crate) fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let cluster = Arc::new(Self::start(Kind::Counting));
            *shared = Arc::downgrade(&cluster);
            cluster
        })
    }

    /// Starts one.
    pub(crate) fn start(kind: Kind) -> Self {
        let folder = tempfile::Builder::new().prefix("tollgate-postgres-").tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("password"), PASSWORD).expect("it is writable");
        if is_root() {
            for path in [folder.path().to_owned(), folder.path().join("password")] {
                std::os::unix::fs::chown(path, Some(NOBODY), Some(NOBODY)).expect("root may do that");
            }
        }
        let data = folder.path().join("data").display().to_string();
        let mut init = program("initdb");
        init.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--username=postgres", "--auth=scram-sha-256"]);
        init.arg("--pwfile").arg(folder.path().join("password")).args(["-D", &data]).current_dir(folder.path());
        let output = init.output().unwrap_or_else(|error| panic!("cannot run initdb ({error}): {INSTALL}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).expect("a port").port();
        let mut server = program("postgres");
        server.args(["-D", &data, "-p", &port.to_string()]).current_dir(folder.path());
        let preload = if kind == Kind::Bare { "" } else { "pg_stat_statements" };
        if kind == Kind::Secured {
            secure(folder.path());
            let [certificate, key] =
                ["server.pem", "server.key"].map(|file| folder.path().join(file).display().to_string());
            let files = [format!("ssl_cert_file={certificate}"), format!("ssl_key_file={key}"), "ssl=on".to_owned()];
            server.args(files.iter().flat_map(|setting| ["-c", setting]));
        }
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "max_connections=50",
            "autovacuum=off",
            &format!("shared_preload_libraries={preload}"),
        ] {
            server.args(["-c", setting]);
        }
        let log = std::fs::File::create(folder.path().join("log")).expect("it is writable");
        server.stdout(Stdio::null()).stderr(log);
        let cluster = Self { server: server.spawn().expect("initdb runs, so it does"), folder, port };
        let began = Instant::now();
        while cluster.run("postgres", "select 1").is_err() {
            let log = || std::fs::read_to_string(cluster.folder.path().join("log")).unwrap_or_default();
            assert!(began.elapsed() < READY_WITHIN, "PostgreSQL does not start: {}", log());
            std::thread::sleep(Duration::from_millis(30));
        }
        cluster
    }

    /// The certificate that it shows.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// The address of a database for a role.
    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements as the superuser; the first column of all rows.
    #[track_caller]
    pub(crate) fn admin(&self, database: &str, sql: &str) -> Vec<String> {
        self.run(database, sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    fn run(&self, database: &str, sql: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.url("postgres", database), NoTls).await?;
            drop(tokio::spawn(connection));
            let first = |message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            };
            Ok(client.simple_query(sql).await?.into_iter().filter_map(first).collect())
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Ends all connections and rolls back; what it leaves is removed with the folder.
        let stop = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        let began = Instant::now();
        while stop.is_ok() && began.elapsed() < Duration::from_secs(10) {
            if !matches!(self.server.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

/// Makes a certificate, and lets `far_looker` in by TLS alone.
fn secure(folder: &Path) {
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=tests";
    let of = "-addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
    let mut openssl = Command::new("openssl");
    openssl.args(new.split(' ').chain(of.split(' '))).args(["-keyout", "server.key", "-out", "server.pem"]);
    let made = openssl.current_dir(folder).output().expect("openssl is there: apt-get install openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    if is_root() {
        std::os::unix::fs::chown(folder.join("server.key"), Some(NOBODY), Some(NOBODY)).expect("root may do that");
    }
    let rules = folder.join("data/pg_hba.conf");
    let others = std::fs::read_to_string(&rules).expect("initdb has written it");
    let far = "hostssl all far_looker 127.0.0.1/32 scram-sha-256\nhost all far_looker 127.0.0.1/32 reject\n";
    std::fs::write(rules, format!("{far}{others}")).expect("it is ours");
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// A program of PostgreSQL: of the newest version that is installed, else of `PATH`.
fn program(name: &str) -> Command {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.filter(|version| version.path().join("bin").join(name).exists());
    let newest = found.max_by_key(|version| version.file_name().to_string_lossy().parse::<u32>().unwrap_or(0));
    let path = newest.map_or_else(|| PathBuf::from(name), |version| version.path().join("bin").join(name));
    if !is_root() {
        return Command::new(path);
    }
    // It refuses to run as root.
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={NOBODY}"), &format!("--regid={NOBODY}"), "--clear-groups"]).arg(path);
    command
}
