//! A MariaDB of a test's own: in a folder that goes with it, on a free port, under a user without rights, stopped also where the test fails.
#![cfg(target_os = "linux")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// `nobody`: a server refuses to run as root.
const NOBODY: u32 = 65534;
/// Longer than it takes to start, on a machine that is busy.
const PATIENCE: Duration = Duration::from_mins(2);
/// Small, and without waiting for a disk.
const SMALL: [&str; 4] = [
    "--innodb-flush-method=nosync",
    "--innodb-log-file-size=4M",
    "--innodb-buffer-pool-size=16M",
    "--innodb-flush-log-at-trx-commit=0",
];
/// The password of all users, which nothing may show. As an address has it: `hu/sh@4711`.
pub(crate) const PASSWORD: &str = "hu%2Fsh%404711";
/// What of it nothing may hold.
pub(crate) const SECRETS: [&str; 2] = ["sh@4711", "sh%404711"];

/// A running server. It ends when dropped, and with the process of the test.
#[derive(Debug)]
pub(crate) struct MariaDb {
    folder: TempDir,
    port: u16,
    server: Child,
}

impl MariaDb {
    /// Starts one with these options beside what makes it small.
    #[track_caller]
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("tollgate-mariadb-").tempdir().expect("a temporary folder");
        if folder.path().metadata().expect("it is there").uid() == 0 {
            chown(folder.path(), Some(NOBODY), Some(NOBODY)).expect("root may give a folder away");
        }
        let mut install = program("mariadb-install-db", folder.path());
        install.args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]);
        let output = install.args(SMALL).output().expect("`setpriv` is installed");
        assert!(output.status.success(), "mariadb-install-db: {}", String::from_utf8_lossy(&output.stderr));
        let (port, server) = run(folder.path(), options);
        Self { folder, port, server }
    }

    /// One with the tables `items` and `big` in the database `shop`, and users: `shop`, the service; `watch`, who may read what the server counts and the tables;
    /// `slow`, who may use the slow log as well; `poor`, who may nothing.
    #[track_caller]
    pub(crate) fn shop(options: &[&str]) -> Self {
        let server = Self::start(options);
        server.sql(
            "CREATE DATABASE shop; USE shop; \
             CREATE TABLE items (id INT PRIMARY KEY, name VARCHAR(50)); INSERT INTO items SELECT seq, CONCAT('n', seq) FROM seq_1_to_100; \
             CREATE TABLE big (id INT PRIMARY KEY, kind INT, note VARCHAR(50)); \
             INSERT INTO big SELECT seq, seq % 5000, CONCAT('n', seq) FROM seq_1_to_20000; ANALYZE TABLE items, big;",
        );
        for user in ["shop", "watch", "slow", "poor"] {
            server.sql(&format!("CREATE USER {user}@'%' IDENTIFIED BY 'hu/sh@4711'"));
        }
        server.sql("GRANT SELECT ON shop.* TO shop@'%'; GRANT SELECT ON shop.* TO watch@'%'; GRANT SELECT ON shop.* TO slow@'%'");
        server
            .sql("GRANT SELECT ON performance_schema.* TO watch@'%'; GRANT SELECT ON performance_schema.* TO slow@'%'");
        server.sql("GRANT SUPER ON *.* TO slow@'%'; GRANT SELECT ON mysql.slow_log TO slow@'%'");
        server
    }

    /// The address of the database `shop` for one of its users.
    pub(crate) fn url(&self, user: &str) -> String {
        format!("mysql://{user}:{PASSWORD}@127.0.0.1:{}/shop", self.port)
    }

    /// What statements of its administrator give, a line a row.
    #[track_caller]
    pub(crate) fn sql(&self, statements: &str) -> String {
        let output = client(self.folder.path(), statements).output().expect("`mariadb` is installed");
        assert!(output.status.success(), "{statements}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _gone = self.server.kill();
        let _reaped = self.server.wait();
    }
}

/// Starts the server on a free port and waits until it answers. Another program may take the port in between: then on the next.
#[track_caller]
fn run(folder: &Path, options: &[&str]) -> (u16, Child) {
    let log = folder.join("log");
    for _ in 0..5 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("it has an address").port();
        drop(listener);
        let mut command = program("mariadbd", folder);
        command
            .arg(format!("--socket={}", folder.join("socket").display()))
            .arg(format!("--log-error={}", log.display()));
        command.args(["--bind-address=127.0.0.1", "--skip-name-resolve"]).arg(format!("--port={port}"));
        let mut server = command
            .args(SMALL)
            .args(options)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("`setpriv` is installed");
        let began = Instant::now();
        while server.try_wait().expect("it is a child").is_none() {
            if client(folder, "SELECT 1").output().expect("`mariadb` is installed").status.success() {
                return (port, server);
            }
            if began.elapsed() > PATIENCE {
                let _gone = server.kill();
                let _reaped = server.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    panic!("MariaDB does not start: {}", std::fs::read_to_string(&log).unwrap_or_default());
}

/// A program of MariaDB on the data in this folder, under a user without rights; it ends with the thread that starts it.
#[track_caller]
fn program(name: &str, folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if folder.metadata().expect("it is there").uid() == NOBODY {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "KILL"]).arg(installed(name)).arg("--no-defaults");
    command.arg(format!("--datadir={}", folder.join("data").display())).stdin(Stdio::null()).current_dir(folder);
    // Servers that are set up at once would take each other's temporary tables.
    command.env("TMPDIR", folder);
    command
}

fn client(folder: &Path, statements: &str) -> Command {
    let mut command = Command::new(installed("mariadb"));
    command.args(["--no-defaults", "--user=root", "--skip-column-names", "--batch"]).arg("-e").arg(statements);
    command.arg(format!("--socket={}", folder.join("socket").display())).stdin(Stdio::null());
    command
}

/// Where a program is. Servers are not in everybody's PATH.
#[track_caller]
fn installed(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("`{name}` is not installed: run `apt-get install mariadb-server`"))
}
