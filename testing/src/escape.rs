//! Native code that tries the wall of the process it runs in: what would run there if a script came
//! out of its guest (security.md, T1.2). `escape.c` makes the attempts, on the first guest thread of
//! the process it is preloaded into; here are the world it finds and what has to come of each.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What no file outside may give away.
const CANARY: &str = "canary";

/// Such a system call does not exist, or not with such arguments.
const MISSING: &str = "ENOSYS";
/// Such a file may not be reached.
const DENIED: &str = "EACCES";
/// A file may not change sides.
const ACROSS: &str = "EXDEV";

/// Attempts, and what the wall answers: exactly this, so that an attempt which something else keeps
/// back shows that the wall does not.
const CLOSED: &[(&str, &[&str])] = &[
    (
        MISSING,
        &[
            // programs and processes
            "execve",
            "execveat",
            "execveat in memory",
            "clone",
            "clone into namespaces",
            "clone3",
            #[cfg(target_arch = "x86_64")]
            "fork",
            "kill",
            "tkill",
            "tgkill",
            "rt_sigqueueinfo",
            "rt_tgsigqueueinfo",
            "signal by a descriptor",
            "signal by a descriptor's choice",
            "pidfd_open",
            "pidfd_send_signal",
            "pidfd_getfd",
            "ptrace",
            "process_vm_readv",
            "process_vm_writev",
            "process_madvise",
            "kcmp",
            "setpriority",
            "sched_setaffinity",
            "limits of another",
            "limits set",
            "setrlimit",
            "shmget",
            "semget",
            "msgget",
            "mq_open",
            // the kernel and the machine
            "mount",
            "umount2",
            "pivot_root",
            "chroot",
            "open_tree",
            "move_mount",
            "fsopen",
            "mount_setattr",
            "unshare",
            "setns",
            "io_uring_setup",
            "io_uring_enter",
            "io_uring_register",
            "bpf",
            "perf_event_open",
            "userfaultfd",
            "memfd_secret",
            "keyctl",
            "add_key",
            "request_key",
            "init_module",
            "finit_module",
            "delete_module",
            "kexec_load",
            "reboot",
            "swapon",
            "acct",
            "quotactl_fd",
            "sethostname",
            "clock_settime",
            "adjtimex",
            "syslog",
            "fanotify_init",
            "inotify_init1",
            "setuid",
            "setgid",
            "setresuid",
            "setgroups",
            "capset",
            "personality",
            "seccomp",
            "prctl",
            #[cfg(target_arch = "x86_64")]
            "iopl",
            #[cfg(target_arch = "x86_64")]
            "modify_ldt",
            "typing into a terminal",
            "packets of a device",
            "packets of the internet",
            "packets of the internet, six",
            "the host of a virtual machine",
            "cryptography of the kernel",
            "the firewall",
            "events of the kernel",
            // files, by calls that landlock does not look at
            "point elsewhere",
            "device",
            "pipe with a name",
            "change the mode",
            "change the mode by a folder",
            "change the mode, newest",
            "change the owner",
            "change the times",
            "write an attribute",
            "read an attribute",
            "open by a handle",
            "name a handle",
        ],
    ),
    (
        DENIED,
        &[
            "read",
            "read by dots",
            "read by the process's root",
            "read by a link",
            "write",
            "append",
            "cut",
            "make",
            "make in the system's folder",
            "make a nameless one",
            "make a folder",
            "remove",
            "remove a folder",
            "list",
            "list the root",
            "move in",
            "move out",
            "link out",
            "socket with a name",
            "passwords",
            "users",
            "environment of another",
            "memory of another",
            "write own memory",
            "be spared when memory is short",
            "settings of the kernel",
            "a terminal",
        ],
    ),
    (ACROSS, &["link in"]),
];

/// What a server does all the time, and the one thing that is known to be seen.
const OPEN: &[&str] = &[
    "thread",
    "name of a thread",
    "signal to oneself",
    "ask for limits",
    "compiled code",
    "database",
    "temporary file",
    "replace a file",
    "own folder",
    "own status",
    "libraries",
    "throw away",
    "random",
    "connections",
    "datagrams",
    "sockets of the machine",
    "pair of sockets",
    "addresses of the machine",
    "whether a file is there",
    "end",
];

/// What a kernel may have been built without, or a machine keep from its user anyway: there the
/// attempt proves nothing.
const NOT_EVERYWHERE: &[&str] = &[
    "memory of another",
    "settings of the kernel",
    "passwords",
    "process_madvise",
    "kcmp",
    "mq_open",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "memfd_secret",
    "keyctl",
    "add_key",
    "request_key",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "swapon",
    "acct",
    "quotactl_fd",
    "fanotify_init",
    "iopl",
    "modify_ldt",
    "name a handle",
    "open by a handle",
    "change the mode, newest",
];

/// The code, compiled, and the world it is let loose in.
#[derive(Debug)]
pub struct Escape {
    library: PathBuf,
    data: PathBuf,
    outside: PathBuf,
}

impl Escape {
    /// Makes `data`, which the wall is to leave to the process, and beside it what it is not.
    pub fn new(data: &Path) -> Self {
        let world = data.parent().unwrap_or(Path::new("/"));
        let outside = world.join("outside");
        made("the data directory", fs::create_dir_all(data));
        made("outside", fs::create_dir_all(outside.join("empty")));
        for name in ["secret", "cut", "removed", "moved"] {
            made(name, fs::write(outside.join(name), CANARY));
        }
        for name in ["own", "kept"] {
            made(name, fs::write(data.join(name), ""));
        }
        made("link", symlink(outside.join("secret"), data.join("link")));
        Self {
            library: compiled(world),
            data: data.to_owned(),
            outside,
        }
    }

    /// The environment of a process that the code is to run in.
    pub fn variables(&self) -> [(&'static str, OsString); 3] {
        [
            ("LD_PRELOAD", self.library.clone().into()),
            ("ESCAPE_DATA", self.data.clone().into()),
            ("ESCAPE_OUTSIDE", self.outside.clone().into()),
        ]
    }
}

fn compiled(folder: &Path) -> PathBuf {
    let library = folder.join("escape.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/escape.c");
    let compiler = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([&library, Path::new(source)])
        .output();
    let compiler = made("escape.so", compiler);
    let said = String::from_utf8_lossy(&compiler.stderr);
    assert!(compiler.status.success(), "{said}");
    library
}

fn made<T>(what: &str, result: io::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}

/// One more than everybody has: its answer is a death, so it is asked for alone.
pub const OTHER_ARCHITECTURE: (&str, &str) = ("ESCAPE_OTHER_ARCHITECTURE", "1");

/// What came of the attempts, from the process's standard error.
pub fn verdicts(log: &str) -> BTreeMap<&str, &str> {
    log.lines()
        .filter_map(|line| line.strip_prefix("escape ")?.split_once(": "))
        .collect()
}

/// The code got where it may, and nowhere else.
#[track_caller]
pub fn assert_held(log: &str) {
    let (seen, mut wrong) = (verdicts(log), Vec::new());
    let expected: BTreeMap<&str, &str> = expected().collect();
    for (name, wanted) in &expected {
        let got = seen.get(name).copied().unwrap_or("not tried");
        if got != *wanted {
            wrong.push(format!("{name}: {got} instead of {wanted}"));
        }
    }
    let unknown = seen.keys().filter(|name| !expected.contains_key(**name));
    wrong.extend(unknown.map(|name| format!("{name}: has no verdict")));
    assert!(wrong.is_empty(), "\n{}\n{log}", wrong.join("\n"));
}

/// Without a wall no attempt is answered as the wall would: each verdict is the wall's doing.
#[track_caller]
pub fn assert_in_the_open(log: &str) {
    let seen = verdicts(log);
    let unproven: Vec<&str> = expected()
        .filter(|(name, wanted)| *wanted != "ok" && seen.get(name) == Some(wanted))
        .map(|(name, _)| name)
        .filter(|name| !NOT_EVERYWHERE.contains(name))
        .collect();
    assert!(unproven.is_empty(), "{unproven:?} prove nothing\n{log}");
    assert_eq!(seen.len(), expected().count(), "{log}");
}

fn expected() -> impl Iterator<Item = (&'static str, &'static str)> {
    let closed = CLOSED
        .iter()
        .flat_map(|(answer, names)| names.iter().map(move |name| (*name, *answer)));
    closed.chain(OPEN.iter().map(|name| (*name, "ok")))
}
