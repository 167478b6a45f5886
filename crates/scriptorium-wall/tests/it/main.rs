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
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use scriptorium_wall::Wall;

/// Tells the process inside where its world is.
const WORLD: &str = "WALL_TEST_WORLD";

/// A directory with the server's data in it, and a neighbour's.
struct World(PathBuf);

impl World {
    fn data(&self) -> PathBuf {
        self.0.join("data")
    }
    fn config(&self) -> PathBuf {
        self.0.join("scriptorium.toml")
    }
    fn neighbour(&self) -> PathBuf {
        self.0.join("neighbour")
    }
}

/// Tries everything behind the wall, or without one; what came of each trial, by its name.
fn trials(wall: bool) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let world = World(folder.path().to_owned());
    fs::create_dir(world.data()).unwrap();
    fs::create_dir(world.neighbour()).unwrap();
    fs::write(world.config(), "canary").unwrap();
    fs::write(world.neighbour().join("secret"), "canary").unwrap();
    fs::write(world.data().join("tool"), "#!/bin/sh\n").unwrap();
    let name = if wall {
        "behind_the_wall"
    } else {
        "in_the_open"
    };
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            name,
            "--ignored",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(WORLD, &world.0)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the process inside survives");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| line.strip_prefix("trial ")?.split_once(": "))
        .map(|(name, result)| (name.to_owned(), result.to_owned()))
        .collect()
}

#[test]
#[ignore = "runs in a process of its own, started by the other tests"]
fn behind_the_wall() {
    let world = World(
        std::env::var_os(WORLD)
            .expect("started by another test")
            .into(),
    );
    let wall = Wall::new().read(world.config()).write(world.data());
    let standing = wall.put_up().unwrap();
    println!("\ntrial whole: {}", standing.is_whole());
    try_everything(&world);
}

#[test]
#[ignore = "runs in a process of its own, started by the other tests"]
fn in_the_open() {
    let world = World(
        std::env::var_os(WORLD)
            .expect("started by another test")
            .into(),
    );
    try_everything(&world);
}

fn try_everything(world: &World) {
    // The test's name stands on the line so far.
    println!();
    let (data, out) = (world.data(), world.neighbour());
    let secret = out.join("secret");
    told("exec", Command::new("/bin/true").status());
    told("exec own file", Command::new(data.join("tool")).status());
    told("read shadow", read(Path::new("/etc/shadow")));
    told("read passwd", read(Path::new("/etc/passwd")));
    told("read neighbour", read(&secret));
    told("read by dots", read(&data.join("../neighbour/secret")));
    told("read by proc root", {
        let root = Path::new("/proc/self/root");
        read(&root.join(secret.strip_prefix("/").unwrap()))
    });
    told("read own memory for writing", {
        File::options().write(true).open("/proc/self/mem")
    });
    told("read process 1", read(Path::new("/proc/1/environ")));
    told("list root", fs::read_dir("/"));
    told("list neighbour", fs::read_dir(&out));
    told("write neighbour", fs::write(out.join("new"), "x"));
    told(
        "cut neighbour",
        File::options().write(true).truncate(true).open(&secret),
    );
    told(
        "make link",
        std::os::unix::fs::symlink(&secret, data.join("link")),
    );
    told("bring secret in", fs::rename(&secret, data.join("secret")));
    told("hard link in", fs::hard_link(&secret, data.join("hard")));
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
const CLOSED: [&str; 18] = [
    "exec",
    "exec own file",
    "exec by a thread",
    "read shadow",
    "read passwd",
    "read neighbour",
    "read by dots",
    "read by proc root",
    "read own memory for writing",
    "read process 1",
    "list root",
    "list neighbour",
    "write neighbour",
    "cut neighbour",
    "make link",
    "bring secret in",
    "hard link in",
    "write config",
];
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
    let seen = trials(true);
    assert_eq!(seen["whole"], "true", "this kernel has both: {seen:?}");
    for name in CLOSED {
        assert_ne!(seen[name], "ok", "{name} got through");
    }
    for name in OPEN {
        assert_eq!(seen[name], "ok", "{name}");
    }
}

/// The trials themselves work: without the wall they get through.
#[test]
fn without_the_wall_the_same_trials_get_through() {
    let seen = trials(false);
    // A test machine may keep these from its user anyway.
    let guarded = ["read shadow", "read process 1", "exec own file"];
    // The secret is gone by then: it was brought in.
    let moved = ["hard link in"];
    for name in CLOSED {
        if !guarded.contains(&name) && !moved.contains(&name) {
            assert_eq!(seen[name], "ok", "{name} proves nothing");
        }
    }
}

#[test]
fn wall_without_its_directory_is_an_error() {
    let missing = PathBuf::from("/nowhere/at/all");
    match Wall::new().write(&missing).put_up() {
        Err(scriptorium_wall::Error::Path { path, .. }) => assert_eq!(path, missing),
        other => panic!("{other:?}"),
    }
}
