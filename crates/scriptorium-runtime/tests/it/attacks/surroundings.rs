//! What of the process may not grow while strangers' scripts run: descriptors, threads, resident
//! memory; and its panics, of which there may be none.

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

static PANICS: AtomicUsize = AtomicUsize::new(0);

/// One reading of the process.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub(super) descriptors: i64,
    pub(super) threads: i64,
    /// Bytes in memory.
    pub(super) resident: i64,
}

impl Reading {
    pub(super) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let field = |name: &str| -> i64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        Self {
            descriptors: std::fs::read_dir("/proc/self/fd").unwrap().count() as i64,
            threads: field("Threads:"),
            resident: field("VmRSS:") * 1024,
        }
    }
}

/// From now on every panic counts but that of the service that is there to panic.
pub(super) fn count_panics() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let text = info.payload().downcast_ref::<&str>();
            if text.is_some_and(|text| text.contains("the secret path")) {
                return;
            }
            PANICS.fetch_add(1, Ordering::Relaxed);
            before(info);
        }));
    });
}

pub(super) fn panics() -> usize {
    PANICS.load(Ordering::Relaxed)
}
