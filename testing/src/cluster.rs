//! A cluster on a Unix socket in a directory of its own, without any durability. The shared one is
//! started by the first test process that asks and stopped by a watchdog when none is left.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Where Debian, and most others, put the server's programs.
const BINARIES: [&str; 5] = [
    "/usr/lib/postgresql/17/bin",
    "/usr/lib/postgresql/16/bin",
    "/usr/lib/postgresql/15/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
];

/// The user that runs the server when the tests run as root, which it refuses to do.
const SERVER_USER: &str = "postgres";

/// How often it is looked whether a replica is there yet; each look is a process.
const MOST_LOOKS: u32 = 5_000;

/// Stops the server when no process has held the users' lock for three looks in a row.
const WATCHDOG: &str = r#"
idle=0
while [ -d "$1/cluster" ]; do
    sleep 2
    if flock --nonblock --exclusive "$1/users.lock" true; then idle=$((idle + 1)); else idle=0; fi
    [ $idle -ge 3 ] || continue
    flock --exclusive "$1/start.lock" sh -c '
        flock --nonblock --exclusive "$1/users.lock" true || exit 0
        pid=$(head -n 1 "$1/cluster/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"
        sleep 0.2
        rm -rf "$1/cluster"' stop "$1"
    idle=0
done
"#;

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    /// Locks, and the server's directory `cluster`.
    base: PathBuf,
    binaries: PathBuf,
    /// Whether it ends with this value.
    private: bool,
    /// Whether its files stay when it ends.
    kept: bool,
    /// What its server is started with beside what every one is, as on its command line.
    settings: String,
    /// Held by every process that uses the shared cluster.
    _users: Option<File>,
}

impl Cluster {
    /// The cluster that all test processes of this workspace share.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(Self::join)
    }

    /// A cluster for a test that stops and starts it.
    pub fn private() -> Self {
        let base = std::env::temp_dir().join(format!("scriptorium-pg-{}", std::process::id()));
        let cluster = Self::at(base, true, None);
        cluster.init();
        cluster.start();
        cluster
    }

    /// A cluster for a measurement, in a directory that others may enter: with settings that come
    /// after those of the tests, which trade everything for speed, so that they can take back what
    /// would falsify a figure. What is `kept` is there for [`Cluster::resumed`].
    pub fn tuned(base: PathBuf, settings: &str, kept: bool) -> Self {
        let mut cluster = Self::at(base, true, None);
        (cluster.settings, cluster.kept) = (settings.to_owned(), kept);
        cluster.init();
        cluster.start();
        cluster
    }

    /// A cluster that was kept.
    pub fn resumed(base: PathBuf, settings: &str) -> Self {
        let mut cluster = Self::at(base, true, None);
        (cluster.settings, cluster.kept) = (settings.to_owned(), true);
        cluster.start();
        cluster
    }

    /// A streaming replica of this cluster, which may be read, with settings of its own.
    pub fn replica(&self, settings: &str) -> Self {
        let base = PathBuf::from(format!("{}-replica", self.base.display()));
        let mut replica = Self::at(base, true, None);
        settings.clone_into(&mut replica.settings);
        replica.make_dirs();
        let data = replica.data();
        self.run("pg_basebackup", |command| {
            command.args(["--username", SERVER_USER, "--host"]);
            command.arg(self.base.join("cluster"));
            command.arg("--pgdata").arg(&data);
            command.args(["--write-recovery-conf", "--wal-method", "stream"]);
            command.args(["--checkpoint", "fast", "--no-sync"]);
        });
        replica.start();
        replica
    }

    /// Waits until a replica has all that this cluster has written by now.
    pub fn wait_for(&self, replica: &Self) {
        // What nobody has committed yet is on its way as well then.
        self.psql("postgres", "checkpoint");
        let wanted = self.psql("postgres", "select pg_current_wal_flush_lsn()");
        let reached = format!("select pg_last_wal_replay_lsn() >= '{wanted}'");
        for _ in 0..MOST_LOOKS {
            if replica.psql("postgres", &reached) == "t" {
                return;
            }
        }
        panic!("the replica does not get to {wanted}");
    }

    /// Stops the server when everything is written, and starts it with other settings.
    pub fn restart(&mut self, settings: &str) {
        self.stop("fast");
        self.settings = settings.to_owned();
        self.start();
    }

    /// The URL of a database for a login, who needs no password here.
    pub fn url(&self, login: &str, database: &str) -> String {
        let host = self.base.join("cluster");
        let host = host.display().to_string().replace('/', "%2F");
        format!("postgres://{login}@localhost/{database}?host={host}")
    }

    /// The URL of a database for the superuser.
    pub fn superuser(&self, database: &str) -> String {
        self.url(SERVER_USER, database)
    }

    /// Starts the server, and waits until it answers.
    pub fn start(&self) {
        let data = self.data();
        let log = self.base.join("cluster/server.log");
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c max_connections=300 \
             -c shared_buffers=64MB -c fsync=off -c full_page_writes=off \
             -c autovacuum_naptime=10 -c synchronous_commit={} {}",
            self.base.join("cluster").display(),
            // A server that a test stops at once still owes what it acknowledged.
            if self.private { "on" } else { "off" },
            self.settings,
        );
        self.run("pg_ctl", |command| {
            command.arg("start").arg("--wait").arg("--silent");
            // A large one may have much to read first.
            command.args(["--timeout", "600"]);
            command.arg("--pgdata").arg(&data).arg("--log").arg(&log);
            command.arg("--options").arg(&settings);
        });
    }

    /// Stops the server as a power cut would: nothing is finished, everybody is cut off.
    pub fn stop_at_once(&self) {
        self.stop("immediate");
    }

    /// Stops every process of the server where it is: nobody is answered, and nobody is cut off.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// A program that comes with the server, such as `pg_dump`.
    pub fn tool(&self, name: &str) -> Command {
        Command::new(self.binaries.join(name))
    }

    /// Runs SQL as the superuser; what it answers, unaligned.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        match self.try_psql(database, &[sql]) {
            Ok(answer) => answer,
            Err(error) => panic!("psql: {sql}\n{error}"),
        }
    }

    /// Runs statements as the superuser, each committed alone; what they answer, unaligned, or why one was
    /// refused.
    pub(crate) fn try_psql(&self, database: &str, sql: &[&str]) -> Result<String, String> {
        let done = Command::new(self.binaries.join("psql"))
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--username", SERVER_USER])
            .arg("--host")
            .arg(self.base.join("cluster"))
            .args(["--dbname", database])
            .args(sql.iter().flat_map(|sql| ["--command", sql]))
            .output()
            .unwrap_or_else(|error| panic!("psql: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if done.status.success() {
            Ok(text(&done.stdout))
        } else {
            Err(text(&done.stderr))
        }
    }

    /// Runs work that only one process may do at a time.
    pub(crate) async fn alone<T>(&self, work: impl AsyncFnOnce() -> T) -> T {
        let lock = lock_file(&self.base.join("template.lock"));
        lock.lock()
            .unwrap_or_else(|error| panic!("template.lock: {error}"));
        work().await
    }

    /// Starts the shared cluster unless it runs, and counts this process among its users.
    fn join() -> Self {
        let mut hash = DefaultHasher::new();
        env!("CARGO_MANIFEST_DIR").hash(&mut hash);
        let name = format!("scriptorium-pg-{:x}", hash.finish());
        let base = std::env::temp_dir().join(name);
        make_dir(&base);
        let starting = lock_file(&base.join("start.lock"));
        starting
            .lock()
            .unwrap_or_else(|error| panic!("start.lock: {error}"));
        let users = lock_file(&base.join("users.lock"));
        users
            .lock_shared()
            .unwrap_or_else(|error| panic!("users.lock: {error}"));
        let cluster = Self::at(base, false, Some(users));
        if !cluster.lives() {
            cluster.init();
            cluster.start();
            cluster.watch();
        }
        cluster
    }

    fn at(base: PathBuf, private: bool, users: Option<File>) -> Self {
        let binaries = BINARIES
            .iter()
            .map(PathBuf::from)
            .find(|path| path.join("initdb").exists() && path.join("psql").exists())
            .unwrap_or_else(|| {
                panic!("no PostgreSQL server here: `.ci/need package postgresql initdb`")
            });
        Self {
            base,
            binaries,
            private,
            kept: false,
            settings: String::new(),
            _users: users,
        }
    }

    fn stop(&self, mode: &str) {
        let data = self.data();
        self.run("pg_ctl", |command| {
            command.args(["stop", "--mode", mode, "--silent", "--wait"]);
            command.args(["--timeout", "600"]);
            command.arg("--pgdata").arg(&data);
        });
    }

    fn signal(&self, signal: &str) {
        let file = self.data().join("postmaster.pid");
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let first = text.lines().next().unwrap_or_default();
        let children = format!("/proc/{first}/task/{first}/children");
        let children =
            fs::read_to_string(&children).unwrap_or_else(|error| panic!("{children}: {error}"));
        // One that has ended meanwhile needs no signal.
        let _ = Command::new("kill")
            .args([signal, first])
            .args(children.split_whitespace())
            .stderr(Stdio::null())
            .status();
    }

    fn data(&self) -> PathBuf {
        self.base.join("cluster/data")
    }

    /// Whether the server's process is there. Asking the server instead would take a busy one for a
    /// dead one.
    fn lives(&self) -> bool {
        let file = fs::read_to_string(self.data().join("postmaster.pid"));
        let process = file
            .ok()
            .and_then(|text| text.lines().next().map(str::to_owned));
        let name = process.map(|id| fs::read_to_string(format!("/proc/{id}/comm")));
        matches!(name, Some(Ok(name)) if name.trim() == "postgres")
    }

    fn init(&self) {
        self.make_dirs();
        let data = self.data();
        self.run("initdb", |command| {
            command.args([
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
                "--locale",
                "C.UTF-8",
            ]);
            command.args(["--no-sync", "--username", SERVER_USER]);
            command.arg("--pgdata").arg(&data);
        });
    }

    fn make_dirs(&self) {
        let dir = self.base.join("cluster");
        // What a killed server left behind.
        let _ = fs::remove_dir_all(&dir);
        make_dir(&self.base);
        make_dir(&dir);
        if is_root() {
            let owner = format!("{SERVER_USER}:");
            run(Command::new("chown").arg(owner).arg(&dir));
        }
    }

    fn watch(&self) {
        // It forks: the watchdog outlives this process, and is nobody's child.
        let mut watchdog = Command::new("setsid");
        watchdog.args(["--fork", "sh", "-c", WATCHDOG, "watchdog"]);
        run(watchdog.arg(&self.base).current_dir("/"));
    }

    /// Runs a program of the server as a user who may.
    fn run(&self, program: &str, arguments: impl FnOnce(&mut Command)) {
        let program = self.binaries.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", SERVER_USER, "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        arguments(&mut command);
        run(command.current_dir("/"));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.private {
            if self.lives() {
                // A test that failed may have left it frozen.
                self.thaw();
                self.stop(if self.kept { "fast" } else { "immediate" });
            }
            if !self.kept {
                let _ = fs::remove_dir_all(&self.base);
            }
        }
    }
}

fn run(command: &mut Command) {
    // Not piped: the server would keep the pipe open.
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let done = status.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(done.success(), "{command:?}: {done}");
}

fn make_dir(path: &Path) {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn lock_file(path: &Path) -> File {
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path);
    opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
