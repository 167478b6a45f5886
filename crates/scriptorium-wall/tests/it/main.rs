//! What the wall holds and what it lets through, tried from inside. A wall cannot be taken down
//! again, so each trial is this binary once more, as a process of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may panic, that is how it fails; the process inside tells by its output"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use scriptorium_testing::escape::{self, Escape};
use scriptorium_wall::Wall;

/// Tells the process inside where its world is.
const WORLD: &str = "WALL_TEST_WORLD";

/// A directory with the server's data in it, and what is not the server's.
struct World(PathBuf);

impl World {
    fn of_this_process() -> Self {
        let folder = std::env::var_os(WORLD).expect("started by another test");
        Self(folder.into())
    }
    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
    fn config(&self) -> PathBuf {
        self.0.join("scriptorium.toml")
    }
}

/// What a process told that tried everything.
struct Tried {
    status: ExitStatus,
    /// What came of each trial of ours, by its name.
    trials: BTreeMap<String, String>,
    /// What native code told.
    log: String,
}

/// Tries everything behind the wall, or without one.
fn try_in_a_process(name: &str, variables: &[(&str, &str)]) -> Tried {
    let folder = tempfile::tempdir().unwrap();
    let world = World(folder.path().to_owned());
    let escape = Escape::new(&world.data());
    fs::write(world.config(), "canary").unwrap();
    fs::write(world.data().join("tool"), "#!/bin/sh\n").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            name,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(WORLD, &world.0)
        .envs(escape.variables())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let trials = String::from_utf8(output.stdout).unwrap();
    let trials = trials
        .lines()
        .filter_map(|line| line.strip_prefix("trial ")?.split_once(": "))
        .map(|(name, result)| (name.to_owned(), result.to_owned()));
    Tried {
        status: output.status,
        trials: trials.collect(),
        log: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
#[ignore = "runs in a process of its own, started by the other tests"]
fn behind_the_wall() {
    let world = World::of_this_process();
    let wall = Wall::new().read(world.config()).write(world.data());
    let standing = wall.put_up().unwrap();
    println!("\ntrial whole: {}", standing.is_whole());
    try_everything(&world);
}

#[test]
#[ignore = "runs in a process of its own, started by the other tests"]
fn in_the_open() {
    try_everything(&World::of_this_process());
}

fn try_everything(world: &World) {
    // The test's name stands on the line so far.
    println!();
    let data = world.data();
    told("exec", Command::new("/bin/true").status());
    told("exec own file", Command::new(data.join("tool")).status());
    told("write config", fs::write(world.config(), "x"));

    told("read config", read(&world.config()));
    told("use own files", use_files(&data));
    told("certificates", fs::read_dir("/etc/ssl/certs"));
    told(
        "names",
        std::net::ToSocketAddrs::to_socket_addrs(&("localhost", 80)),
    );
    told("sockets", speak());
    told("socket pair", UnixStream::pair());
    told(
        "thread",
        std::thread::Builder::new()
            .spawn(|| ())
            .map(|t| t.join().unwrap()),
    );
    // A thread started later is inside as well.
    let later = std::thread::spawn(|| Command::new("/bin/true").status());
    told("exec by a thread", later.join().unwrap());
    // By this name native code knows where a script would be.
    let guest = std::thread::Builder::new().name("guest-0".to_owned());
    guest.spawn(|| ()).unwrap().join().unwrap();
}

fn told<T>(name: &str, result: io::Result<T>) {
    match result {
        Ok(_) => println!("trial {name}: ok"),
        Err(error) => println!("trial {name}: {}", error.kind()),
    }
}

fn read(path: &Path) -> io::Result<()> {
    let mut byte = [0];
    File::open(path)?.read(&mut byte).map(drop)
}

fn use_files(data: &Path) -> io::Result<()> {
    fs::create_dir_all(data.join("tenants/a"))?;
    let (first, second) = (data.join("tenants/one"), data.join("tenants/a/two"));
    let mut file = File::create(&first)?;
    file.write_all(b"text")?;
    file.sync_all()?;
    file.set_len(2)?;
    fs::rename(&first, &second)?;
    fs::copy(&second, &first)?;
    fs::remove_file(&second)?;
    fs::read_dir(data)?.try_for_each(|entry| entry.map(drop))?;
    File::open(data)?.sync_all()
}

fn speak() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.write_all(b"x")?;
    server.read_exact(&mut [0])
}

/// What a server never does, and what it does all the time.
const CLOSED: [&str; 4] = ["exec", "exec own file", "exec by a thread", "write config"];
const OPEN: [&str; 7] = [
    "read config",
    "use own files",
    "certificates",
    "names",
    "sockets",
    "socket pair",
    "thread",
];

#[test]
fn what_a_server_never_does_is_closed_and_the_rest_works() {
    let tried = try_in_a_process("behind_the_wall", &[]);
    let seen = &tried.trials;
    assert!(tried.status.success(), "{}", tried.log);
    assert_eq!(seen["whole"], "true", "this kernel has both: {seen:?}");
    for name in CLOSED {
        assert_ne!(seen[name], "ok", "{name} got through");
    }
    for name in OPEN {
        assert_eq!(seen[name], "ok", "{name}");
    }
    escape::assert_held(&tried.log);
}

/// The trials themselves work: without the wall they get through.
#[test]
fn without_the_wall_the_same_trials_get_through() {
    let tried = try_in_a_process("in_the_open", &[]);
    assert!(tried.status.success(), "{}", tried.log);
    for name in CLOSED {
        // What is no program of this machine is none in the open either.
        if name != "exec own file" {
            assert_eq!(tried.trials[name], "ok", "{name} proves nothing");
        }
    }
    escape::assert_in_the_open(&tried.log);
}

/// Numbers of system calls mean something else there, so that a list of numbers must not be asked.
#[cfg(target_arch = "x86_64")]
#[test]
fn call_of_another_architecture_ends_the_process() {
    let tried = try_in_a_process("behind_the_wall", &[escape::OTHER_ARCHITECTURE]);
    // SIGSYS; of a kernel that has no such calls, SIGSEGV.
    let ended = tried.status.signal();
    assert!(matches!(ended, Some(31 | 11)), "{ended:?}\n{}", tried.log);
    assert!(escape::verdicts(&tried.log).is_empty(), "{}", tried.log);
}

#[test]
fn wall_without_its_directory_is_an_error() {
    let missing = PathBuf::from("/nowhere/at/all");
    match Wall::new().write(&missing).put_up() {
        Err(scriptorium_wall::Error::Path { path, .. }) => assert_eq!(path, missing),
        other => panic!("{other:?}"),
    }
}
