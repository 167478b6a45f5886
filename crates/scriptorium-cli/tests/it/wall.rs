//! The second wall around the real server. What it holds is tried in the crate of the wall; here
//! is that it stands, around every thread, and that the server says so.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use scriptorium_testing::escape::{self, Escape};

use crate::command::{binary, cache};

/// A server on an empty data directory; killed when the test ends early.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    fn start(variables: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), variables.iter().copied())
    }

    fn start_in<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        folder: tempfile::TempDir,
        variables: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut child = Command::new(binary())
            .env_clear()
            .env("SCRIPTORIUM_CACHE_DIR", cache())
            .envs(variables)
            .current_dir(folder.path())
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "new/data"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let listening = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap)
            .any(|line| line.starts_with("listening on "));
        assert!(listening, "the server starts");
        Self { child, folder }
    }

    /// The named line of every thread's status.
    fn threads(&self, name: &str) -> Vec<String> {
        let tasks = format!("/proc/{}/task", self.child.id());
        fs::read_dir(tasks)
            .unwrap()
            .map(|task| fs::read_to_string(task.unwrap().path().join("status")).unwrap())
            .map(|status| {
                let line = status.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap().trim().to_owned()
            })
            .collect()
    }

    /// What it says on standard error until such a line.
    fn log_until(&mut self, end: &str) -> String {
        let lines = BufReader::new(self.child.stderr.take().unwrap()).lines();
        let mut log = String::new();
        for line in lines.map(Result::unwrap) {
            log += &line;
            log += "\n";
            if line.starts_with(end) {
                return log;
            }
        }
        panic!("no line {end:?} in\n{log}");
    }

    /// What it said on standard error until it was killed.
    fn log(mut self) -> String {
        self.child.kill().unwrap();
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        self.child.wait().unwrap();
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ends what the test has not; one that has ended cannot be killed, and that is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// In `/proc`: a filter of system calls holds the thread.
const FILTERED: &str = "2";

#[test]
fn every_thread_of_the_server_is_inside() {
    let server = Server::start(&[("SCRIPTORIUM_WALL", "require")]);
    let filtered = server.threads("Seccomp:");
    assert!(filtered.len() > 3, "threads run: {filtered:?}");
    assert!(
        filtered.iter().all(|state| state == FILTERED),
        "{filtered:?}"
    );
    let privileges = server.threads("NoNewPrivs:");
    assert!(
        privileges.iter().all(|state| state == "1"),
        "{privileges:?}"
    );
    let data = server.folder.path().join("new/data");
    assert!(mode(&data).ends_with("700"), "{}", mode(&data));
    let log = server.log();
    assert!(
        log.contains("the second wall is up: files closed, system calls closed"),
        "{log}"
    );
}

/// As if a script had come out of its guest: native code on a guest thread of the real server, after
/// its start, with the files that its settings leave it (security.md, T1.2).
#[test]
fn native_code_on_a_guest_thread_gets_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let escape = Escape::new(&folder.path().join("new/data"));
    let required = ("SCRIPTORIUM_WALL", OsString::from("require"));
    let variables = escape.variables().into_iter().chain([required]);
    let mut server = Server::start_in(folder, variables);
    escape::assert_held(&server.log_until("escape end"));
}

#[test]
fn wall_that_is_off_is_off_and_told() {
    let server = Server::start(&[("SCRIPTORIUM_WALL", "off")]);
    assert!(server.threads("Seccomp:").iter().all(|state| state == "0"));
    let log = server.log();
    assert!(log.contains("the second wall is off"), "{log}");
}

/// The embedded runtime is a guest in its host's process, and so is `run`.
#[test]
fn other_commands_put_up_no_wall() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("loop.js");
    fs::write(&file, "export default () => { for (;;); }").unwrap();
    let mut child = Command::new(binary())
        .env_clear()
        .env("SCRIPTORIUM_CACHE_DIR", cache())
        .args(["run", "--timeout", "20s"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // By the first thread a wall would be up.
    let path = format!("/proc/{}/status", child.id());
    let status = loop {
        let status = fs::read_to_string(&path).unwrap();
        if !status.contains("Threads:\t1\n") {
            break status;
        }
        std::thread::yield_now();
    };
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(status.contains("Seccomp:\t0"), "{status}");
}

fn mode(path: &Path) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    format!("{:o}", fs::metadata(path).unwrap().permissions().mode())
}
