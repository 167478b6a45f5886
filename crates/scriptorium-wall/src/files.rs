//! The part of the wall that landlock holds: which files exist for the process.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus, Scope, path_beneath_rules,
};

use crate::{Error, Strength};

/// The rights of this version are the ones that were looked at; an older kernel holds fewer.
const KNOWN: ABI = ABI::V6;

/// What a server needs of the system besides its own files. All of it is readable for everybody,
/// and none of it is `/etc` or `/proc` as a whole.
const SYSTEM: [&str; 34] = [
    // certificates
    "/etc/ssl",
    "/etc/pki/tls",
    "/etc/pki/ca-trust",
    "/etc/ca-certificates",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/var/lib/ca-certificates",
    // names
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/protocols",
    // time zones
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/usr/lib/zoneinfo",
    // shared libraries, which name resolution loads late
    "/etc/ld.so.cache",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    // what the C library, the allocator and the thread pools ask about the machine
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/net/core/somaxconn",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
    "/dev/urandom",
];

/// Devices that a library may open for writing.
const SINKS: [&str; 1] = ["/dev/null"];

/// Closes every file that is not named.
pub(crate) fn close(reads: &[PathBuf], writes: &[PathBuf]) -> Result<Strength, Error> {
    let own = open(writes)?;
    restrict(reads, own).map_err(Error::Files)
}

fn open(writes: &[PathBuf]) -> Result<Vec<PathFd>, Error> {
    writes
        .iter()
        .map(|path| {
            PathFd::new(path).map_err(|source| Error::Path {
                path: path.clone(),
                source,
            })
        })
        .collect()
}

fn restrict(reads: &[PathBuf], own: Vec<PathFd>) -> Result<Strength, landlock::RulesetError> {
    let look = AccessFs::ReadFile | AccessFs::ReadDir;
    let change = changes();
    let own = own
        .into_iter()
        .map(|path| Ok::<_, landlock::RulesetError>(PathBeneath::new(path, change)));
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(KNOWN))?
        .scope(Scope::from_all(KNOWN))?
        .create()?
        .add_rules(path_beneath_rules(SYSTEM, look))?
        .add_rules(path_beneath_rules(reads, look))?
        .add_rules(path_beneath_rules(SINKS, look | AccessFs::WriteFile))?
        .add_rules(own)?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Strength::Full,
        RulesetStatus::PartiallyEnforced => Strength::Partial,
        RulesetStatus::NotEnforced => Strength::Nothing,
    })
}

/// All one does with files of one's own, but nothing that runs, points elsewhere or is a device.
fn changes() -> BitFlags<AccessFs> {
    let never = AccessFs::Execute
        | AccessFs::MakeSym
        | AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeFifo
        | AccessFs::MakeSock
        | AccessFs::IoctlDev;
    AccessFs::from_all(KNOWN) & !never
}
