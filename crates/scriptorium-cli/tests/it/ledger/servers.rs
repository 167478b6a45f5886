//! The servers of a scenario, and what is done to them.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use scriptorium_testing::Cluster;
use tempfile::TempDir;

use super::Scenario;
use crate::command::{command, stderr};
use crate::crash::Process;

/// Debian's package `faketime` has it: what a process under it reads from a file is added to its clock.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";
/// What the clocks of servers are wrong by, one after the other, in seconds.
const CLOCKS: [&str; 6] = ["+3600", "-3600", "+5", "-5", "-10", "+0"];

/// What disturbs the servers while events are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nemesis {
    Nothing,
    /// SIGKILL of one server after the other, each started again at once.
    KillOne,
    /// SIGKILL of all of them together.
    KillAll,
    /// The database ends as in a power cut, and comes back.
    StopDatabase,
    /// The database cuts every connection, whatever it was about.
    CutConnections,
    /// A server stands still for longer than its leases, and goes on as if nothing had happened.
    Freeze,
    /// A server's clock goes wrong by an hour or by seconds, forward or back.
    Clock,
    /// Executions kill their server, whenever they have begun.
    Poison,
    /// No file may grow.
    FullDisk,
    /// Servers do not hear what others tell them.
    Deafen,
}

/// Who is asked, and where they are at present.
pub(super) struct Servers {
    database: Option<Cluster>,
    running: Mutex<Vec<Option<Process>>>,
    urls: RwLock<Vec<String>>,
    folders: Vec<TempDir>,
    variables: Vec<(String, String)>,
    struck: AtomicBool,
}

impl Servers {
    pub(super) fn start(scenario: &Scenario, sink: &str) -> Self {
        let database = scenario.postgres.then(Cluster::private);
        let mut variables = vec![
            ("SCRIPTORIUM_HTTP_ALLOW".to_owned(), sink.to_owned()),
            // An effect for each event.
            ("SCRIPTORIUM_STORAGE_ENTRIES".to_owned(), "10000000".into()),
        ];
        let settings = scenario.settings.iter();
        variables.extend(settings.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        if scenario.nemesis == Nemesis::Clock {
            for (name, text) in [
                ("LD_PRELOAD", FAKETIME),
                ("DONT_FAKE_MONOTONIC", "1"),
                ("FAKETIME_NO_CACHE", "1"),
            ] {
                variables.push((name.to_owned(), text.to_owned()));
            }
        }
        if let Some(database) = &database {
            database.psql("postgres", "create database ledger");
            let url = database.superuser("ledger");
            variables.push(("SCRIPTORIUM_DATABASE_URL".to_owned(), url));
        }
        let folders: Vec<TempDir> = (0..scenario.servers)
            .map(|_| tempfile::tempdir().unwrap())
            .collect();
        let servers = Self {
            running: Mutex::new(folders.iter().map(|_| None).collect()),
            urls: RwLock::new(vec![String::new(); folders.len()]),
            database,
            folders,
            variables,
            struck: AtomicBool::new(false),
        };
        (0..scenario.servers).for_each(|server| servers.set_clock(server, "+0"));
        if servers.database.is_some() {
            servers.migrate();
        }
        (0..scenario.servers).for_each(|server| servers.run(server));
        servers
    }

    /// Makes logins and tables, and gives every server the same keys.
    fn migrate(&self) {
        let first = self.folders[0].path();
        let mut migrate = command();
        migrate
            .current_dir(first)
            .args(["migrate", "up", "--create-roles"]);
        let variables = self.variables.iter();
        let done = migrate
            .envs(variables.map(|(name, text)| (name, text)))
            .output();
        let done = done.unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
        let keys = |folder: &Path| folder.join("data/keys");
        // The key of the audit trail is made by the first start.
        self.run(0);
        self.end(0, "-TERM");
        for folder in &self.folders[1..] {
            fs::create_dir_all(keys(folder.path())).unwrap();
            for file in fs::read_dir(keys(first)).unwrap() {
                let file = file.unwrap();
                fs::copy(file.path(), keys(folder.path()).join(file.file_name())).unwrap();
            }
        }
    }

    fn run(&self, server: usize) {
        let clock = self.clock(server).display().to_string();
        let mut variables: Vec<(&str, &str)> = (self.variables.iter())
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        variables.push(("FAKETIME_TIMESTAMP_FILE", &clock));
        let process = Process::start_with(self.folders[server].path(), &variables);
        self.urls.write().unwrap()[server].clone_from(&process.url);
        self.lock()[server] = Some(process);
    }

    fn end(&self, server: usize, signal: &str) {
        if let Some(mut process) = self.lock()[server].take() {
            send(&process, signal);
            process.child.wait().unwrap();
        }
    }

    pub(super) fn url(&self, server: usize) -> String {
        let urls = self.urls.read().unwrap();
        urls[server % urls.len()].clone()
    }

    /// The file that says by how much the clock of a server is wrong.
    fn clock(&self, server: usize) -> PathBuf {
        // Where the server may read.
        self.folders[server].path().join("data/clock")
    }

    fn set_clock(&self, server: usize, wrong: &str) {
        let file = self.clock(server);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        // In one step, as it is read all the time.
        let new = file.with_extension("new");
        fs::write(&new, wrong).unwrap();
        fs::rename(new, file).unwrap();
    }

    /// Ends what does not end by itself.
    pub(super) fn calm(&self) {
        (0..self.folders.len()).for_each(|server| self.set_clock(server, "+0"));
    }

    pub(super) fn id(&self, server: usize) -> u32 {
        self.lock()[server].as_ref().unwrap().child.id()
    }

    /// Whether a server says within some seconds that it is ready, or that it is not.
    fn becomes_ready(&self, server: usize, ready: bool) -> bool {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            if self.is_ready(server) == Some(ready) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        false
    }

    /// What it answers; `None` when it does not.
    fn is_ready(&self, server: usize) -> Option<bool> {
        let url = self.url(server);
        let mut stream = TcpStream::connect(url.strip_prefix("http://")?).ok()?;
        let asked = b"GET /readyz HTTP/1.1\r\nhost: ledger\r\nconnection: close\r\n\r\n";
        stream.write_all(asked).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        match answer.split(' ').nth(1)? {
            "200" => Some(true),
            "503" => Some(false),
            _ => None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Option<Process>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does its worst again and again until it is over, and at least once; gives when everything was there
    /// again each time.
    pub(super) fn strike_until(
        &self,
        over: &AtomicBool,
        nemesis: Nemesis,
        every: Duration,
    ) -> Vec<Instant> {
        let mut strikes = Vec::new();
        while strikes.is_empty() || !over.load(Ordering::Relaxed) {
            std::thread::sleep(every);
            strikes.push(self.strike(nemesis, strikes.len()));
        }
        strikes
    }

    /// Whether something has been done to them.
    pub(super) fn were_struck(&self) -> bool {
        self.struck.load(Ordering::Relaxed)
    }

    /// Does its worst once; gives when everything was there again.
    pub(super) fn strike(&self, nemesis: Nemesis, round: usize) -> Instant {
        let servers = self.folders.len();
        if nemesis != Nemesis::FullDisk {
            self.struck.store(true, Ordering::Relaxed);
        }
        match nemesis {
            Nemesis::Nothing => {}
            Nemesis::KillOne => {
                self.end(round % servers, "-KILL");
                self.run(round % servers);
            }
            Nemesis::KillAll => {
                (0..servers).for_each(|server| self.end(server, "-KILL"));
                (0..servers).for_each(|server| self.run(server));
            }
            Nemesis::StopDatabase => {
                let database = self.database.as_ref().unwrap();
                database.stop_at_once();
                std::thread::sleep(Duration::from_millis(500));
                database.start();
            }
            Nemesis::CutConnections => {
                let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                           where datname = 'ledger' and pid <> pg_backend_pid()";
                self.database.as_ref().unwrap().psql("ledger", cut);
            }
            Nemesis::Clock => {
                let wrong = CLOCKS[round % CLOCKS.len()];
                self.set_clock(round % servers, wrong);
            }
            Nemesis::Poison => {
                self.end(0, "-KILL");
                self.run(0);
            }
            Nemesis::FullDisk => {
                let id = self.id(0);
                limit_files(id, "4096");
                self.struck.store(true, Ordering::Relaxed);
                assert!(self.becomes_ready(0, false), "ready without a disk");
                std::thread::sleep(Duration::from_secs(1));
                limit_files(id, "unlimited");
                assert!(self.becomes_ready(0, true), "it does not recover by itself");
            }
            Nemesis::Deafen => {
                let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                           where datname = 'ledger' and query ilike 'listen%'";
                self.database.as_ref().unwrap().psql("ledger", cut);
            }
            Nemesis::Freeze => {
                let signal = |signal: &str| {
                    let running = self.lock();
                    send(running[round % servers].as_ref().unwrap(), signal);
                };
                signal("-STOP");
                std::thread::sleep(Duration::from_secs(20));
                signal("-CONT");
            }
        }
        Instant::now()
    }
}

/// Bounds the files of a process, as a full disk would.
fn limit_files(process: u32, bytes: &str) {
    let (process, limit) = (process.to_string(), format!("--fsize={bytes}:unlimited"));
    let limited = Command::new("prlimit")
        .args(["--pid", &process, &limit])
        .status();
    assert!(limited.unwrap().success());
}

fn send(process: &Process, signal: &str) {
    let id = process.child.id().to_string();
    let sent = Command::new("kill").args([signal, &id]).status().unwrap();
    assert!(sent.success());
}
