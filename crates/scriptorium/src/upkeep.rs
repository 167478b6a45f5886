//! What a platform does in the background for as long as it runs, whether or not its triggers do:
//! it keeps the search index up.

use crate::platform::Platform;

impl Platform {
    /// Starts the upkeep; it ends with the platform.
    pub(crate) fn start_upkeep(&self) {
        let store = self.store().clone();
        let stop = self.0.stop.clone();
        self.0.tasks.spawn(store.keep_indexed(stop));
    }
}
