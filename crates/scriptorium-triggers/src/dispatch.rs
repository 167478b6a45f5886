//! Has events delivered: at once when one is recorded, here or on another server, and by looking now
//! and then in case that was not heard. What an event becomes is decided in the store's one transaction.

use std::time::Duration;

use scriptorium_model::{Ambient, Timestamp};
use scriptorium_store::{Change, Store};
use tokio_util::sync::CancellationToken;

/// How soon it looks again after there was something.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long it rests at most: each look that finds nothing doubles the pause.
const LONGEST: Duration = Duration::from_secs(8);

/// After events were delivered it rests for as long as that took, and for so long at most: what comes
/// meanwhile is delivered together, and others find the database free.
const GATHER: Duration = Duration::from_millis(50);

/// Delivers until `stop`, telling `wake` whenever an execution was recorded.
pub(crate) async fn run(
    store: Store,
    ambient: Ambient,
    stop: CancellationToken,
    wake: impl Fn() + Send,
) {
    let mut events = store.changes(Change::Events);
    let (mut pause, mut due) = (SHORTEST, None);
    while !stop.is_cancelled() {
        events.mark_unchanged();
        let (began, mut rest) = (ambient.now(), Duration::ZERO);
        pause = match store.dispatch_events().await {
            Ok(done) => {
                if done.executions > 0 {
                    wake();
                }
                if done.more && !done.failed {
                    continue;
                }
                due = done.due;
                if done.events > 0 {
                    let took = ambient.now().duration_since(began);
                    rest = took.unsigned_abs().min(GATHER);
                }
                if done.failed || done.busy || done.events > 0 {
                    SHORTEST
                } else {
                    (pause * 2).min(LONGEST)
                }
            }
            Err(error) => {
                tracing::error!(%error, "events were not delivered; trying again");
                SHORTEST
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(rest) => {}
        }
        let until_due = due.map_or(LONGEST, |due: Timestamp| until(due, ambient.now()));
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause.min(until_due)) => {}
            // A closed channel means that the store is closing; the token follows.
            changed = events.changed() => if changed.is_err() { return },
        }
    }
}

/// How long it is until then; a moment at least.
fn until(due: Timestamp, now: Timestamp) -> Duration {
    let left = Duration::try_from(due.duration_since(now)).unwrap_or_default();
    left.max(Duration::from_millis(1))
}
