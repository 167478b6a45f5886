//! Decides when a script should run, and never runs one: triggers find the script and record a
//! pending execution; the runtime does the rest. They hold no engine and open no socket.
//!
//! [`routes`] says which endpoint answers a request, [`schedule`] turns planned instants into
//! executions, `dispatch` events. [`Triggers`] holds them together for one platform.

mod dispatch;
pub mod routes;
pub mod schedule;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use scriptorium_model::{Ambient, Invalid, TenantId, calendar};
use scriptorium_store::{Change, Store};
use tokio_util::sync::CancellationToken;

use crate::routes::Routes;

/// What can go wrong while deciding.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused or failed.
    #[error("the store failed")]
    Store(#[from] scriptorium_store::Error),
    /// A stored schedule is no longer understood.
    #[error("a stored schedule is not valid: {0}")]
    Schedule(#[from] Invalid),
}

/// The triggers of one platform. Cheap to clone.
#[derive(Clone)]
pub struct Triggers {
    store: Store,
    ambient: Ambient,
    routes: Arc<ArcSwap<Known>>,
}

/// Routing tables by tenant, as of one state of the endpoints.
#[derive(Default)]
struct Known {
    version: u64,
    tenants: HashMap<TenantId, Arc<Routes>>,
}

impl Triggers {
    /// Triggers over a store.
    pub fn new(store: Store, ambient: Ambient) -> Self {
        Self {
            store,
            ambient,
            routes: Arc::default(),
        }
    }

    /// The routing table of a tenant, as of now: a change of any endpoint makes the next call
    /// read it anew (R-LIFE-07).
    ///
    /// # Errors
    /// The store failed.
    pub async fn routes(&self, tenant: TenantId) -> Result<Arc<Routes>, Error> {
        // Read before the endpoints: a change in between makes the next call read again.
        let version = self.store.routes_version();
        let known = self.routes.load();
        if known.version == version
            && let Some(routes) = known.tenants.get(&tenant)
        {
            return Ok(Arc::clone(routes));
        }
        let endpoints = self.store.list_active_endpoints(tenant).await?;
        let endpoints = endpoints
            .into_iter()
            .map(|row| (row.script, row.method, row.path));
        let routes = Arc::new(Routes::new(endpoints));
        self.routes.rcu(|known| {
            let mut tenants = match known.version == version {
                true => known.tenants.clone(),
                false => HashMap::new(),
            };
            tenants.insert(tenant, Arc::clone(&routes));
            Known { version, tenants }
        });
        Ok(routes)
    }

    /// Fires schedules until `stop`, telling `wake` whenever an execution was recorded.
    pub async fn run(self, stop: CancellationToken, wake: impl Fn() + Send) {
        tracing::info!(
            time_zones = calendar::release(),
            "schedules are decided here"
        );
        let mut changes = self.store.changes(Change::Schedules);
        while !stop.is_cancelled() {
            changes.mark_unchanged();
            let pause = match self.fire(&wake).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "schedules were not looked at");
                    std::time::Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                // A closed channel means that the store is closing; the token follows.
                changed = changes.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Delivers events until `stop`, telling `wake` whenever an execution was recorded.
    pub async fn dispatch(self, stop: CancellationToken, wake: impl Fn() + Send) {
        dispatch::run(self.store, self.ambient, stop, wake).await;
    }

    async fn fire(&self, wake: &impl Fn()) -> Result<std::time::Duration, Error> {
        let pass = schedule::pass(&self.store, &self.ambient).await?;
        if pass.fired > 0 {
            wake();
        }
        schedule::pause(&self.store, &self.ambient).await
    }
}

impl fmt::Debug for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Triggers").finish_non_exhaustive()
    }
}
