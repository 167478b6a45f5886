//! Looks after the engine's pool: lanes that nobody uses are dropped after a while, and at once when
//! memory is short.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::runtime::Shared;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(5);
/// After so long without use a lane is dropped (R-POOL-04).
const IDLE: Duration = Duration::from_secs(300);
/// Memory is short when no more than this part of it is free.
const SHORT: u64 = 10;

/// Looks for as long as there is a runtime that takes work.
pub(crate) async fn keep(runtime: Weak<Shared>) {
    let mut turns = interval(LOOK);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let Some(stop) = runtime.upgrade().map(|shared| shared.stop.clone()) else {
        return;
    };
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = turns.tick() => {}
        }
        let Some(shared) = runtime.upgrade() else {
            return;
        };
        shared.engine.shrink(IDLE, is_short(Path::new("/")));
        drop::<Arc<Shared>>(shared);
    }
}

/// Whether the machine, or the control group that the process is in, is nearly out of memory. What
/// cannot be read is not short.
fn is_short(root: &Path) -> bool {
    [machine(root), group(root)]
        .into_iter()
        .flatten()
        .any(|(free, whole)| free <= whole / SHORT)
}

/// Free and whole, from `/proc/meminfo`.
fn machine(root: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    Some((value(&text, "MemAvailable:")?, value(&text, "MemTotal:")?))
}

/// Free and whole, from the control group's files (cgroup v2); what the kernel keeps of files counts
/// as free, because it gives that back.
fn group(root: &Path) -> Option<(u64, u64)> {
    let text = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let dir = root.join("sys/fs/cgroup").join(path);
    let read = |name: &str| fs::read_to_string(dir.join(name)).ok();
    // Without a limit it says `max`.
    let whole: u64 = read("memory.max")?.trim().parse().ok()?;
    let used: u64 = read("memory.current")?.trim().parse().ok()?;
    let files = value(&read("memory.stat")?, "inactive_file").unwrap_or(0);
    Some((whole.saturating_sub(used.saturating_sub(files)), whole))
}

fn value(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Available of 1000 in the machine; limit, use and files of the group.
    fn check(available: u64, group: Option<(&str, u64, u64)>, short: bool) {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: String| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "proc/meminfo",
            format!("MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    {available} kB\n"),
        );
        write("proc/self/cgroup", "0::/system.slice/a.service\n".into());
        if let Some((max, current, files)) = group {
            let dir = "sys/fs/cgroup/system.slice/a.service";
            write(&format!("{dir}/memory.max"), format!("{max}\n"));
            write(&format!("{dir}/memory.current"), format!("{current}\n"));
            write(
                &format!("{dir}/memory.stat"),
                format!("anon 5\ninactive_file {files}\nactive_file 3\n"),
            );
        }
        assert_eq!(is_short(root.path()), short, "{available} {group:?}");
    }

    #[test]
    fn short_is_what_the_kernel_calls_nearly_used_up() {
        check(101, None, false);
        check(100, None, true);
        check(500, Some(("max", 999_999, 0)), false);
        check(500, Some(("1000", 899, 0)), false);
        check(500, Some(("1000", 900, 0)), true);
        check(500, Some(("1000", 980, 100)), false);
        check(500, Some(("1000", 990, 10)), true);
        check(50, Some(("1000", 10, 0)), true);
        // Nothing is known of the machine.
        assert!(!is_short(Path::new("/nowhere")));
    }
}
