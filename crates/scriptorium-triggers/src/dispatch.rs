//! Has events delivered: at once when one is recorded, here or on another server, and by looking now
//! and then in case that was not heard. What an event becomes is decided in the store's one transaction.

use std::time::Duration;

use scriptorium_store::{Change, Store};
use tokio_util::sync::CancellationToken;

/// How soon it looks again after there was something.
const SHORTEST: Duration = Duration::from_secs(1);
/// How long it rests at most: each look that finds nothing doubles the pause.
const LONGEST: Duration = Duration::from_secs(8);

/// Delivers until `stop`, telling `wake` whenever an execution was recorded.
pub(crate) async fn run(store: Store, stop: CancellationToken, wake: impl Fn() + Send) {
    let mut events = store.changes(Change::Events);
    let mut pause = SHORTEST;
    while !stop.is_cancelled() {
        events.mark_unchanged();
        pause = match store.dispatch_events().await {
            Ok(done) => {
                if done.executions > 0 {
                    wake();
                }
                if done.more && !done.failed {
                    continue;
                }
                if done.failed || done.events > 0 {
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
            () = tokio::time::sleep(pause) => {}
            // A closed channel means that the store is closing; the token follows.
            changed = events.changed() => if changed.is_err() { return },
        }
    }
}
